"""`panjereh stop`: ends an earlier run from another terminal."""

from __future__ import annotations

import os
import signal
import time
from typing import Final

from api.home import Home
from api.settings import Settings
from api.teller import Teller
from layers.cluster import Cluster

PATIENCE_S: Final = 40.0


def stop(settings: Settings, teller: Teller) -> None:
    """No supervisor and no private cluster runs on this data directory any more."""
    home = Home(settings)
    pid = home.holder() if home.is_locked() else None
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_S
        while home.is_locked() and time.monotonic() < deadline:
            time.sleep(0.1)
    if not settings.database_url:
        Cluster(home.root).stop()
    teller.say("stopped" if pid is None else f"stopped the run of process {pid}")
