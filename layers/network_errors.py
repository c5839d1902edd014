"""Why a city's network cannot be asked; apart from the networks, because who answers for them needs no more."""

from __future__ import annotations

from geo.errors import PanjerehError
from geo.network import NetworkError


class NetworkNotStored(NetworkError):
    """The city has no published lines of this utility."""

    code = "network-not-stored"


class NetworkMoving(PanjerehError):
    """The network's layers are published faster than it can be put together; ask again."""

    code = "network-moving"
