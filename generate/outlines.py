"""TrueType copies of faces that have PostScript outlines, which reportlab cannot embed.

Debian's Noto CJK faces, the best free ones for print, are such. A copy holds the characters asked for
and nothing else; it is made once per machine (about 3 s for the 7,000 of GB 2312) and kept in the
user's cache folder.

A copy is split into parts: one of the characters of everyday text, and for rare ones a part per 256
code points, each made when a name first needs it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

_OUTLINE_ERROR = 1.0
"""How far a quadratic curve may be from the cubic one, in units of a 1000-unit em: 4 µm at 11 pt."""
_FORMAT = 2  # raise when the copies change, so that cached ones are made anew
_MADE = 3_786_912_000  # 2024-01-01 in seconds from 1904: the same copy always has the same bytes


def _double_byte(encoding: str, leads: range) -> frozenset[str]:
    """The characters of a double-byte encoding."""
    pairs = (bytes((lead, trail)) for lead in leads for trail in range(0xA1, 0xFF))
    return frozenset(c for pair in pairs if len(c := pair.decode(encoding, "ignore")) == 1)


_COMMON = (
    _double_byte("gb2312", range(0xA1, 0xF8)) | frozenset(map(chr, range(0x20, 0x7F))) | frozenset("—–·…²³㎡")
)


class PostScriptFace:
    """The face `number` of an OpenType file with PostScript outlines, and its TrueType copies."""

    def __init__(self, path: Path, number: int) -> None:
        self._path, self._number = path, number
        self._font = TTFont(path, fontNumber=number, lazy=True)
        self._cmap = self._font.getBestCmap() or {}

    def has(self, character: str) -> bool:
        return ord(character) in self._cmap

    def part_of(self, character: str) -> str:
        """The name of the part that has the character, if the face has it at all."""
        return "common" if character in _COMMON else f"{ord(character) >> 8:04x}"

    def copy(self, part: str) -> Path:
        """The TrueType file of a part, made now if need be."""
        path = _cache_folder() / f"{self._path.stem}-{part}-{self._fingerprint()}.ttf"
        if not path.exists():
            # reportlab tells fonts apart by their PostScript names, so that each part needs its own.
            name = f"{self._font['name'].getDebugName(6)}-{part}"
            _save(_converted(self._font, name, self._characters(part)), path)
        return path

    def _characters(self, part: str) -> list[str]:
        if part == "common":
            return sorted(filter(self.has, _COMMON))
        block = (chr(int(part, 16) << 8 | low) for low in range(256))
        return [c for c in block if self.has(c) and c not in _COMMON]

    def _fingerprint(self) -> str:
        stat = self._path.stat()
        what = (_FORMAT, str(self._path), self._number, stat.st_size, stat.st_mtime_ns)
        return hashlib.sha256(repr(what).encode()).hexdigest()[:12]


def has_postscript_outlines(path: Path, number: int) -> bool:
    """Raises OSError, TTLibError when `path` is no font."""
    with TTFont(path, fontNumber=number, lazy=True) as font:
        return "glyf" not in font


def _converted(source: Any, name: str, characters: Iterable[str]) -> FontBuilder:
    cmap = source.getBestCmap()
    glyphs = {ord(character): cmap[ord(character)] for character in characters}
    order = list(dict.fromkeys([".notdef", *glyphs.values()]))
    drawn = source.getGlyphSet()
    units = source["head"].unitsPerEm

    font = FontBuilder(units, isTTF=True)
    font.setupGlyphOrder(order)
    font.setupCharacterMap(glyphs)
    outlines = {glyph: _quadratic(drawn[glyph]) for glyph in order}
    font.setupGlyf(outlines)
    bearings = ((glyph, getattr(outlines[glyph], "xMin", 0)) for glyph in order)
    font.setupHorizontalMetrics({glyph: (round(drawn[glyph].width), left) for glyph, left in bearings})
    font.setupHorizontalHeader(ascent=source["hhea"].ascent, descent=source["hhea"].descent)
    font.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name})
    font.setupOS2(fsType=0, usWeightClass=source["OS/2"].usWeightClass)
    font.setupPost(keepGlyphNames=False)
    font.updateHead(created=_MADE, modified=_MADE)
    font.font.recalcTimestamp = False
    return font


def _quadratic(glyph: Any) -> Any:
    pen = TTGlyphPen(None)
    glyph.draw(Cu2QuPen(pen, _OUTLINE_ERROR, reverse_direction=True))
    return pen.glyph()


def _save(font: FontBuilder, path: Path) -> None:
    """Whole or not at all: several processes may make the same copy at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            font.save(file)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


@cache
def _cache_folder() -> Path:
    """The user's cache folder, or one that lasts as long as this process where it cannot be written."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "zoufang" / "fonts"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(_temporary().name)
    return folder if os.access(folder, os.W_OK) else Path(_temporary().name)


@cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="zoufang-fonts-")
