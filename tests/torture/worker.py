"""The delivery process as `panjereh work` runs it, with a lease short enough for a test that kills it."""

from __future__ import annotations

from dataclasses import replace

from api import worker
from api.settings import Settings
from integrations.delivery import DeliveryConfig

_configured = worker.delivery_config


def _hasty(settings: Settings) -> DeliveryConfig:
    # The lease still exceeds the HTTP timeout (1 s); everything else is only faster.
    return replace(_configured(settings), lease_s=3.0, idle_s=0.05, backoff_cap_s=2.0, sweep_every_s=1.0)


if __name__ == "__main__":
    worker.delivery_config = _hasty
    worker.main(Settings())
