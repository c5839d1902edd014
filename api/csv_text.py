"""Tables as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def as_csv(head: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV under `head`; what a spreadsheet would take for a formula is quoted as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_plain(row.get(name)) for name in head])
    return out.getvalue()


def _plain(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    is_number = value[:1] in "+-" and value[1:].replace(" ", "").replace(".", "").isdigit()
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number else value
