"""multipart/form-data taken in as it comes: the files straight to disk, the few texts beside them in memory.

Starlette's own form reader would keep every part in a temporary file first and know no limit for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO, Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from geo.errors import PanjerehError

FILE_PART: Final = "file"
MAX_PARTS: Final = 64
MAX_TEXT_BYTES: Final = 2_000


class UploadFormInvalid(PanjerehError):
    """The form of an upload cannot be read, or has parts that are none of an upload's."""

    code = "upload-form-invalid"


class Form:
    """One form while it comes in: `write` takes the bytes, `done` says that there are no more.

    Files are parts named `file`; texts are parts whose names are in `texts`. `name` makes a file's name fit to
    be used (it may refuse it). Anything else raises UploadFormInvalid.
    """

    def __init__(
        self, content_type: str, folder: Path, texts: Collection[str], name: Callable[[str], str]
    ) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not boundary:
            raise UploadFormInvalid(hint="form-boundary")
        self.files: list[Path] = []
        self.texts: dict[str, str] = {}
        self._folder, self._allowed, self._name = folder, texts, name
        self._header, self._value = b"", b""
        self._said: dict[bytes, bytes] = {}
        self._stream: BinaryIO | None = None
        self._text: tuple[str, bytearray] | None = None
        self._parts = 0
        self._is_whole = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._open,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; raises UploadFormInvalid."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise UploadFormInvalid(hint="form-syntax") from error

    def done(self) -> None:
        """There are no more bytes; raises UploadFormInvalid when the form's end has not come, or no file."""
        if not self._is_whole:
            raise UploadFormInvalid(hint="form-cut-short")
        if not self.files:
            raise UploadFormInvalid(hint="form-file-part", part=FILE_PART)

    def close(self) -> None:
        """Close what is open; harmless at any time."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise UploadFormInvalid(hint="form-parts", limit=MAX_PARTS)
        self._said = {}

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._said[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _open(self) -> None:
        _, options = parse_options_header(self._said.get(b"content-disposition", b""))
        part = _decoded(options.get(b"name", b""))
        if b"filename" not in options:
            if part not in self._allowed:
                raise UploadFormInvalid(hint="form-part-unknown", part=part[:100])
            self._text = (part, bytearray())
            return
        if part != FILE_PART:
            raise UploadFormInvalid(hint="form-part-unknown", part=part[:100])
        path = self._folder / self._name(_decoded(options[b"filename"]))
        if path in self.files:
            raise UploadFormInvalid(hint="form-name-twice", part=path.name)
        self.files.append(path)
        self._stream = path.open("wb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._stream is not None:
            self._stream.write(data[start:end])
        elif self._text is not None:
            self._text[1].extend(data[start:end])
            if len(self._text[1]) > MAX_TEXT_BYTES:
                raise UploadFormInvalid(hint="form-text-long", part=self._text[0])

    def _end(self) -> None:
        self.close()
        if self._text is not None:
            name, value = self._text
            self.texts[name] = _decoded(bytes(value)).strip()
            self._text = None

    def _finish(self) -> None:
        self._is_whole = True


def _decoded(said: bytes) -> str:
    try:
        return said.decode()
    except UnicodeDecodeError:
        return said.decode("latin-1")
