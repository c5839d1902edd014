"""Letters and digits as they are delivered: encodings told apart, Persian digits and letters made one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ZWNJ = "‌"
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_LETTERS = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ۀ": "ه", "ـ": None} | dict.fromkeys(range(0x64B, 0x653))
)
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# Single letters above ASCII among Latin ones are umlauts and accents; Persian words are runs of them.
_PERSIAN_RUNS = 0.7
_PERSIAN_LETTERS = 0.9
# A text is not sampled beyond this: enough for any statistics of letters.
_SAMPLE = 1 << 20


def fold_digits(text: str) -> str:
    """Return `text` with Persian and Arabic digits as ASCII ones."""
    return text.translate(_DIGITS)


def normal_letters(text: str) -> str:
    """Return Persian text in the letters of the standard: ی and ک, no stretching, no vowel marks.

    >>> normal_letters("علي سلامـــت")
    'علی سلامت'
    """
    if text.isascii():
        return text
    return re.sub(f"{_ZWNJ}+", _ZWNJ, text.translate(_LETTERS))


def number(text: str, *, decimal_comma: bool = False) -> float:
    """Return a number as people write it: Persian digits, «٫» and «٬», a decimal comma where said.

    Raises ValueError for anything else; a comma without `decimal_comma` is one, not a thousands mark.

    >>> number("۱٬۲۳۴٫۵"), number("12,5", decimal_comma=True)
    (1234.5, 12.5)
    """
    plain = fold_digits(text.strip()).replace("٬", "").replace("٫", ".").replace("−", "-")
    if decimal_comma:
        plain = plain.replace(".", "").replace(",", ".") if "," in plain else plain
    if not _NUMBER.fullmatch(plain):
        raise ValueError(text)
    return float(plain)


def is_utf8(raw: bytes, *, may_be_cut: bool = False) -> bool:
    """Whether bytes are UTF-8; `may_be_cut` forgives a last letter that a narrow column cut through."""
    return utf8(raw, may_be_cut=may_be_cut) is not None


def utf8(raw: bytes, *, may_be_cut: bool = False) -> str | None:
    """Return the text of UTF-8 bytes, or None; a last letter that was cut through is left out."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = may_be_cut and error.reason == "unexpected end of data"
        return raw[: error.start].decode("utf-8") if cut else None


def encoding_of(samples: Iterable[bytes], *, may_be_cut: bool = False) -> str | None:
    """Return "ascii", "utf-8", "cp1256" or "cp1252" by what the bytes are, or None when they do not tell.

    UTF-8 has a form that other text does not take by chance. Windows-1256 and Windows-1252 give letters to
    the same bytes, but Persian words are runs of them and umlauts stand alone among Latin letters.
    """
    telling = [sample for sample in samples if not sample.isascii()]
    if not telling:
        return "ascii"
    if all(is_utf8(sample, may_be_cut=may_be_cut) for sample in telling):
        return "utf-8"
    joined = b" ".join(telling)[:_SAMPLE]
    runs = [len(run) for run in _HIGH_RUN.findall(joined)]
    in_words = sum(length for length in runs if length > 1) / sum(runs)
    letters = [letter for letter in joined.decode("cp1256") if ord(letter) > 127]
    persian = sum("؀" <= letter <= "ۿ" or letter in "‌‍«»" for letter in letters) / len(letters)
    if in_words >= _PERSIAN_RUNS and persian >= _PERSIAN_LETTERS:
        return "cp1256"
    if in_words < 1 - _PERSIAN_RUNS and _is_latin(joined):
        return "cp1252"
    return None


def _is_latin(raw: bytes) -> bool:
    try:
        return all(letter.isprintable() or letter.isspace() for letter in raw.decode("cp1252"))
    except UnicodeDecodeError:
        return False


def marked_encoding(raw: bytes) -> str | None:
    """Return the encoding that a byte order mark states, or None."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    return next((name for mark, name in marks if raw.startswith(mark)), None)
