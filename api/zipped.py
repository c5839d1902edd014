"""gzip of answers: ISA-L at level 1, because a stronger level costs more than making the answer."""

from __future__ import annotations

import gzip

from isal import igzip

_LEVEL = 1


def zipped(content: bytes) -> bytes:
    """The bytes as a gzip file; the same bytes give the same file."""
    made: bytes = igzip.compress(content, compresslevel=_LEVEL, mtime=0)
    return made


def unzipped(content: bytes) -> bytes:
    """The bytes in a gzip file."""
    return gzip.decompress(content)
