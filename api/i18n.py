"""Words: message ids and values in, sentences out. The only importer of `fluent.runtime`.

Persian dates are Jalali and Persian digits are set here, because the CLDR data used by common Python
libraries keeps Gregorian dates and ASCII digits for `fa`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from fluent.runtime import FluentBundle
from fluent.syntax import FluentParser
from persiantools import digits
from persiantools.jdatetime import JalaliDate

from geo.errors import Param

Language = Literal["en", "fa"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fa")
_ROOT: Final = Path(__file__).resolve().parent.parent
_NO_ISOLATES: Final = {0x2068: None, 0x2069: None}
Value = Param


def locales_dir() -> Path:
    """The folder of the message files, beside the sources or inside the wheel."""
    beside = _ROOT / "locales"
    return beside if beside.is_dir() else _ROOT / "panjereh_data" / "locales"


def source(language: Language) -> str:
    """The message file of one language, as the browser gets it too."""
    return (locales_dir() / f"{language}.ftl").read_text(encoding="utf-8")


@lru_cache(maxsize=len(LANGUAGES))
def _bundle(language: Language) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=True)
    # Where in the file each part of a message stood is nobody's question here, and half of what a message weighs.
    bundle.add_resource(FluentParser(with_spans=False).parse(source(language)))
    return bundle


def knows(language: Language, message_id: str) -> bool:
    """True when the language has words for the id."""
    return bool(_bundle(language).has_message(message_id))


def plain(language: Language, message_id: str, params: Mapping[str, Value] | None = None) -> str:
    """The sentence without bidi isolation marks, for terminals and logs."""
    return bare(say(language, message_id, params))


def bare(sentence: str) -> str:
    """The sentence without bidi isolation marks."""
    return sentence.translate(_NO_ISOLATES)


def say(language: Language, message_id: str, params: Mapping[str, Value] | None = None) -> str:
    """The sentence for `message_id`; the id itself when there is none, so nothing is ever blank."""
    bundle = _bundle(language)
    if not bundle.has_message(message_id):
        return message_id
    pattern = bundle.get_message(message_id).value
    if pattern is None:
        return message_id
    shown = {name: _shown(language, value) for name, value in (params or {}).items()}
    text, _problems = bundle.format_pattern(pattern, shown)
    return str(text)


def _shown(language: Language, value: Value) -> str | int | float:
    if value is None:
        return "-"
    if isinstance(value, list):
        if not value:
            return "-"
        return ("، " if language == "fa" else ", ").join(str(item) for item in value)
    if language == "fa" and isinstance(value, int | float) and not isinstance(value, bool):
        return number(language, value)
    return value


def number(language: Language, value: float) -> str:
    """A number with grouping; Persian digits and separators for `fa`, at most three decimals."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")
    if language == "en":
        return text
    return str(digits.en_to_fa(text.replace(",", "٬").replace(".", "٫")))


def coordinate(language: Language, value: float, decimals: int) -> str:
    """A coordinate to a fixed number of decimals, ungrouped."""
    text = f"{value:.{decimals}f}"
    return text if language == "en" else str(digits.en_to_fa(text.replace(".", "٫")))


def day(language: Language, value: date) -> str:
    """A calendar day: ISO for `en`, Jalali in words and Persian digits for `fa`."""
    if language == "en":
        return value.isoformat()
    jalali = JalaliDate(value)  # type: ignore[no-untyped-call]
    return str(jalali.strftime("%A %d %B %Y", locale="fa"))


def instant(language: Language, value: datetime, zone: tzinfo) -> str:
    """An instant at the city's wall clock, to the minute."""
    local = value.astimezone(zone)
    clock = f"{local:%H:%M}"
    return f"{day(language, local.date())} {digits.en_to_fa(clock) if language == 'fa' else clock}"


def preferred(accept_language: str | None) -> Language:
    """The first of our languages an Accept-Language header asks for, by weight; English otherwise."""
    wanted: list[tuple[float, int, Language]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, weight = part.strip().partition(";q=")
        language = _ours(tag)
        if language is not None:
            wanted.append((-_weight(weight), position, language))
    return min(wanted)[2] if wanted else "en"


def _ours(tag: str) -> Language | None:
    primary = tag.strip().lower().split("-")[0]
    matches: Iterable[Language] = (language for language in LANGUAGES if language == primary)
    return next(iter(matches), None)


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
