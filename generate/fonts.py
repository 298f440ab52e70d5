"""Which face draws which character.

A role (title, hei, song, kai) is a stack of TrueType faces; each character is drawn by the first face
of the stack that has it. reportlab drops characters that a face lacks without a word, so that nothing
is ever handed to it before its glyph is known: what no face has raises `MissingGlyphsError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from layouts.typeset import MM_PER_PT

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))

Source = tuple[str, int]
"""A font file's name and the number of the face in it."""

_ZENHEI: Source = ("wqy-zenhei.ttc", 0)
_MICROHEI: Source = ("wqy-microhei.ttc", 0)
_UMING: Source = ("uming.ttc", 0)
_UKAI: Source = ("ukai.ttc", 0)
_WENKAI: Source = ("LXGWWenKai-Regular.ttf", 0)
_BABELSTONE: Source = ("BabelStoneHan.ttf", 0)

STACKS: Mapping[str, tuple[Source, ...]] = MappingProxyType(
    {
        "title": (_ZENHEI, _MICROHEI, _UMING, _BABELSTONE),
        "hei": (_ZENHEI, _MICROHEI, _UMING, _BABELSTONE),
        "song": (_UMING, _WENKAI, _ZENHEI, _BABELSTONE),
        "kai": (_WENKAI, _UKAI, _UMING, _ZENHEI, _BABELSTONE),
    }
)


class MissingGlyphsError(ValueError):
    """Characters that no installed face of a role can draw."""

    def __init__(self, characters: Iterable[str], text: str) -> None:
        self.characters = tuple(dict.fromkeys(characters))
        named = "、".join(f"{c}（U+{ord(c):04X}）" for c in self.characters)
        super().__init__(f"现有字体都没有这些字：{named}，出现在“{text}”中；请安装或指定含有这些字的字体")


class FontError(RuntimeError):
    """No face at all could be found for a role."""


@dataclass(frozen=True)
class Run:
    """Neighbouring characters of one face."""

    face: str  # reportlab's name of the font
    text: str


class FontBook:
    """The faces of every role, found on this machine or named by the office (`own`: role → file)."""

    def __init__(self, own: Mapping[str, Path] | None = None) -> None:
        chosen = own or {}
        self._stacks = {role: _stack(role, chosen.get(role)) for role in STACKS}

    def runs(self, text: str, role: str) -> tuple[Run, ...]:
        """`text` cut where the face changes. Raises MissingGlyphsError."""
        faces = [self._face(character, role) for character in text]
        missing = [c for c, face in zip(text, faces, strict=True) if face is None]
        if missing:
            raise MissingGlyphsError(missing, text)
        pairs = groupby(zip(faces, text, strict=True), key=lambda pair: pair[0])
        return tuple(Run(str(face), "".join(c for _, c in group)) for face, group in pairs)

    def width(self, text: str, role: str, size: float) -> float:
        """Length in mm of `text` set at `size` pt."""
        return MM_PER_PT * sum(
            pdfmetrics.stringWidth(run.text, run.face, size) for run in self.runs(text, role)
        )

    def _face(self, character: str, role: str) -> str | None:
        return next((f.fontName for f in self._stacks[role] if ord(character) in f.face.charToGlyph), None)


def _stack(role: str, own: Path | None) -> tuple[TTFont, ...]:
    found = [_load(path, number) for name, number in STACKS[role] if (path := _find(name))]
    faces = ([_load(own, 0)] if own else []) + found
    if not faces:
        wanted = "、".join(name for name, _ in STACKS[role])
        raise FontError(f"没有找到任何可用的中文字体（需要 {wanted} 之一），请安装 fonts-wqy-zenhei 等字体包")
    return tuple(faces)


@lru_cache
def _find(name: str) -> Path | None:
    return next((path for folder in _FOLDERS for path in sorted(folder.rglob(name))), None)


@lru_cache
def _load(path: Path, number: int) -> TTFont:
    """Registers the face with reportlab. Raises FontError when reportlab cannot embed it."""
    try:
        font = TTFont(f"{path.stem}-{number}", str(path), subfontIndex=number)
    except (TTFError, OSError) as error:
        raise FontError(f"字体 {path} 不能嵌入 PDF（{error}）；请改用 TrueType 轮廓的字体") from error
    pdfmetrics.registerFont(font)
    return font
