"""XML that came from outside: complete, without document types or entities, and its elements counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from layers.readers.faults import SourceDamaged, SourceTooLarge, SourceTruncated, SourceUnsafe
from layers.readers.source import MAX_TEXT_BYTES

_CHUNK = 1 << 20
_ENDED = frozenset({"no element found", "unclosed token", "unclosed CDATA section", "partial character"})
MAX_DEPTH = 200


@dataclass(slots=True)
class Seen:
    """What one pass over a document finds: `children` counts elements by (parent, own) local name."""

    root: str = ""
    root_attributes: dict[str, str] = field(default_factory=dict)
    elements: Counter[str] = field(default_factory=Counter)
    children: Counter[tuple[str, str]] = field(default_factory=Counter)
    attributes: dict[str, set[str]] = field(default_factory=dict)


def local(name: str) -> str:
    """Return an element's or attribute's name without its namespace prefix."""
    return name.rpartition(":")[2]


def survey(path: Path, wanted: frozenset[str] = frozenset()) -> Seen:
    """Return what a document holds, with the values of the `wanted` attributes.

    Raises SourceTruncated, SourceDamaged, SourceTooLarge or SourceUnsafe (document type, entities).
    """
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise SourceTooLarge(file=path.name, found=path.stat().st_size, limit=MAX_TEXT_BYTES, of="bytes")
    seen = Seen()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = _handlers(seen, wanted, path)

    def refuse_doctype(*_: object) -> None:
        raise SourceUnsafe(file=path.name, problem="document-type", line=parser.CurrentLineNumber)

    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        fault = SourceTruncated if said in _ENDED else SourceDamaged
        raise fault(file=path.name, problem=said, line=error.lineno, column=error.offset) from error
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        raise SourceDamaged(file=path.name, problem=str(error)) from error
    return seen


def _handlers(
    seen: Seen, wanted: frozenset[str], path: Path
) -> tuple[Callable[[str, dict[str, str]], None], Callable[[str], None]]:
    stack: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        own = local(name)
        if not stack:
            seen.root = own
            seen.root_attributes = {local(key): value for key, value in attributes.items()}
        elif len(stack) > MAX_DEPTH:
            raise SourceUnsafe(file=path.name, problem="too-deep", limit=MAX_DEPTH)
        else:
            seen.children[stack[-1], own] += 1
        seen.elements[own] += 1
        for key in wanted.intersection(attributes):
            seen.attributes.setdefault(key, set()).add(attributes[key])
        stack.append(own)

    def end(name: str) -> None:
        stack.pop()

    return start, end
