"""Which of several uploaded files is the delivery, and which are its parts: a Shapefile has up to a dozen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from geo.errors import PanjerehError

SHAPEFILE: Final = ".shp"
# What GIS programs write beside a .shp; the first five are read, the others are of no use to anybody else.
COMPANIONS: Final = frozenset(
    {".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".qmd", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".xml"}
)  # fmt: skip


class UploadPartsUnclear(PanjerehError):
    """Several files came that are not the parts of one delivery."""

    code = "upload-parts-unclear"


def gathered(files: Sequence[Path]) -> Path:
    """Return the one file that stands for all of them, after its parts are named after it.

    One file is itself. Several must be one .shp and parts of the same name (letters large or small). Raises
    UploadPartsUnclear with the names of those that do not belong together.
    """
    if len(files) == 1:
        return files[0]
    mains = [path for path in files if path.suffix.lower() == SHAPEFILE]
    if len(mains) != 1:
        names = sorted(path.name for path in mains or files)
        hint = "one-layer-per-upload" if mains else "shapefile-parts-only"
        raise UploadPartsUnclear(files=names, hint=hint)
    main = mains[0]
    parts = [path for path in files if path != main]
    strangers = sorted(path.name for path in parts if not _belongs(path, main))
    if strangers:
        raise UploadPartsUnclear(files=strangers, main=main.name, hint="shapefile-parts-only")
    for path in parts:
        beside = main.with_name(main.stem + path.name[len(main.stem) :].lower())
        if path != beside:
            path.rename(beside)
    return main


def _belongs(path: Path, main: Path) -> bool:
    """`pipes.shp.xml` and `PIPES.DBF` belong to `pipes.shp`."""
    stem, rest = path.name[: len(main.stem)], path.name[len(main.stem) :].lower()
    return stem.lower() == main.stem.lower() and (rest == ".shp.xml" or rest in COMPANIONS)
