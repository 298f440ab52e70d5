"""Which face draws which character.

A role is a stack of faces; each character is drawn by the first face of the stack that has it.
reportlab drops characters that a face lacks without a word, so nothing is handed to it before its
glyph is known: what no face has raises `MissingGlyphsError`.

    title  headings of forms, names on cards (小标宋)      hei    headings of sections
    song   questions and prefilled facts                   kai    instructions
    fang   running text of documents (仿宋; where none is installed, 宋体)
    serial numbers that are copied by hand and read by machine: 0 and O, 1 and I differ at a glance
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from fontTools.ttLib import TTLibError
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from forms.errors import ClerkError
from generate.outlines import PostScriptFace, has_postscript_outlines
from layouts.typeset import MM_PER_PT

_FOLDERS = tuple(
    Path(folder).expanduser()
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
)


_reportlabs_to_unicode = ttfonts.makeToUnicodeCMap


def _to_unicode(fontname: str, subset: list[int]) -> str:
    """How readers turn a font's codes into text. reportlab writes 𠮷 as <20BB7>, which is not UTF-16:
    a name with it could be neither searched for nor copied."""

    def utf16(match: re.Match[str]) -> str:
        return f"> <{chr(int(match[1], 16)).encode('utf-16-be').hex().upper()}>"

    return re.sub(r"> <([0-9A-F]{5,6})>", utf16, _reportlabs_to_unicode(fontname, subset))


ttfonts.makeToUnicodeCMap = _to_unicode


class MissingGlyphsError(ClerkError, ValueError):
    """`characters` that no face of a role can draw."""

    def __init__(self, characters: Iterable[str], text: str) -> None:
        self.characters = tuple(dict.fromkeys(characters))
        named = "、".join(f"{c}（U+{ord(c):04X}）" for c in self.characters)
        super().__init__(f"现有字体都没有这些字：{named}，出现在“{text}”中；请安装或指定含有这些字的字体")


class FontError(ClerkError, RuntimeError):
    """No face for a role, or a file that is not a usable font."""


Source = tuple[str, int]
"""A font file's name and the number of the face in it."""

# Number 2 of a Noto CJK collection is the simplified Chinese face.
_SERIF: Source = ("NotoSerifCJK-Regular.ttc", 2)
_SERIF_BOLD: Source = ("NotoSerifCJK-Bold.ttc", 2)
_SANS_BOLD: Source = ("NotoSansCJK-Bold.ttc", 2)
_MONO: Source = ("DejaVuSansMono-Bold.ttf", 0)
_WENKAI: Source = ("LXGWWenKai-Regular.ttf", 0)
_UKAI: Source = ("ukai.ttc", 0)
_UMING: Source = ("uming.ttc", 0)
_ZENHEI: Source = ("wqy-zenhei.ttc", 0)
_LAST: tuple[Source, ...] = (_WENKAI, _UMING, _ZENHEI, ("wqy-microhei.ttc", 0), ("BabelStoneHan.ttf", 0))

_STACKS: Mapping[str, tuple[Source, ...]] = MappingProxyType(
    {
        "title": (_SERIF_BOLD, _ZENHEI, *_LAST),
        "hei": (_SANS_BOLD, _ZENHEI, *_LAST),
        "song": (_SERIF, _UMING, *_LAST),
        "kai": (_WENKAI, _UKAI, _SERIF, *_LAST),
        "fang": (("simfang.ttf", 0), ("STFANGSO.TTF", 0), _SERIF, _UMING, *_LAST),
        "serial": (_MONO, _SANS_BOLD, _ZENHEI, *_LAST),
    }
)
ROLES = tuple(_STACKS)


@dataclass(frozen=True)
class Run:
    """Neighbouring characters of one face."""

    face: str  # reportlab's name of the font
    text: str


class FontBook:
    """The faces of every role, found on this machine, behind those that the office names.

    own  role → font file that is asked first, e.g. the office's licensed 小标宋 for `title`
    """

    def __init__(self, own: Mapping[str, Path] | None = None) -> None:
        own = own or {}
        unknown = sorted(set(own) - set(ROLES))
        if unknown:
            raise FontError(f"没有名为 {'、'.join(unknown)} 的字体用途，可用：{'、'.join(ROLES)}")
        self._stacks = {role: _stack(role, own.get(role)) for role in ROLES}
        self._chosen: dict[tuple[str, str], str | None] = {}

    def runs(self, text: str, role: str) -> tuple[Run, ...]:
        """`text` cut where the face changes. Raises MissingGlyphsError."""
        faces = [self._face_of(character, role) for character in text]
        missing = [c for c, face in zip(text, faces, strict=True) if face is None]
        if missing:
            raise MissingGlyphsError(missing, text)
        pairs = groupby(zip(faces, text, strict=True), key=lambda pair: pair[0])
        return tuple(Run(str(face), "".join(c for _, c in group)) for face, group in pairs)

    def width(self, text: str, role: str, size: float) -> float:
        """Length in mm of `text` set at `size` pt. Raises MissingGlyphsError."""
        return MM_PER_PT * sum(
            pdfmetrics.stringWidth(run.text, run.face, size) for run in self.runs(text, role)
        )

    def _face_of(self, character: str, role: str) -> str | None:
        key = (role, character)
        if key not in self._chosen:
            fonts = (_embeddable(path, number, character) for path, number in self._stacks[role])
            self._chosen[key] = next((font.fontName for font in fonts if font), None)
        return self._chosen[key]


def _stack(role: str, own: Path | None) -> tuple[tuple[Path, int], ...]:
    sources = dict.fromkeys(_STACKS[role])
    found = [(path, number) for file, number in sources if (path := _find(file))]
    if own is not None:
        found.insert(0, (own, 0))
    if not found:
        wanted = "、".join(file for file, _ in sources)
        raise FontError(f"没有找到可用的中文字体（{wanted} 之一），请安装 fonts-noto-cjk 等字体包")
    return tuple(found)


def _embeddable(path: Path, number: int, character: str) -> TTFont | None:
    """The font by which reportlab draws the character, or None when the face lacks it. Raises FontError."""
    try:
        postscript = _postscript(path, number)
        if postscript is None:
            font = _registered(path, number)
        elif postscript.has(character):
            font = _registered(postscript.copy(postscript.part_of(character)), 0)
        else:
            return None
    except (TTFError, TTLibError, OSError) as error:
        raise FontError(f"字体文件 {path} 不能使用：{error}") from error
    return font if ord(character) in font.face.charToGlyph else None


@cache
def _postscript(path: Path, number: int) -> PostScriptFace | None:
    return PostScriptFace(path, number) if has_postscript_outlines(path, number) else None


@cache
def _registered(path: Path, number: int) -> TTFont:
    font = TTFont(f"{path}#{number}", str(path), subfontIndex=number)
    pdfmetrics.registerFont(font)
    return font


@cache
def _find(file: str) -> Path | None:
    """Where a font file is: in the usual folders, or wherever fontconfig knows it."""
    for folder in _FOLDERS:
        for path in sorted(folder.rglob(file)):
            return path
    return _fontconfig().get(file)


@cache
def _fontconfig() -> Mapping[str, Path]:
    """File name → path of all fonts that fontconfig lists; nothing where it is not installed."""
    command = shutil.which("fc-list")
    if command is None:
        return {}
    listed = subprocess.run([command, "--format", "%{file}\n"], capture_output=True, text=True, check=False)
    return {Path(line).name: Path(line) for line in sorted(listed.stdout.splitlines(), reverse=True)}
