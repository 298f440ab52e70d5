"""How characters are written: the skeletons of handwriting-like fonts, so that any pen can follow them.

A font's outline says how thick its own pen was. Its skeleton is the path of the pen; drawn again with
another pen it looks written. A glyph is kept as a map of distances to that path: comparing it with the
pen's radius inks it, and it can be bent before that at little cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from forms.errors import ClerkError
from samples.picture import u8

Distances = NDArray[np.uint8]
"""Distance to the pen's path in units of 1 / `STEPS` px of the em, 255 far away."""

EM = 64
MARGIN = 12
SIDE = EM + 2 * MARGIN
BASELINE = MARGIN + round(0.86 * EM)
STEPS = 24
_INKED = 110  # grey level from which a pixel of the outline counts as written
_LEAST_INK = 14  # px of skeleton: fonts draw characters that they lack as a dot
_SMALL = "，。、；：·,.;:-—"
_CACHED = 6_000  # glyphs, 8 kB each

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


@dataclass(frozen=True)
class Face:
    """A font file. `brush` faces are written with a pen whose width varies: their outline is kept."""

    name: str
    file: str
    brush: bool = False


FACES: tuple[Face, ...] = (
    Face("wenkai", "LXGWWenKai-Light.ttf"),
    Face("gkai", "gkai00mp.ttf"),
    Face("ukai", "ukai.ttc"),
    Face("smiley", "SmileySans-Oblique.ttf"),
    Face("klee", "KleeOne-Regular.ttf"),
    Face("kiloji", "kiloji.ttf"),
    Face("seto", "setofont.ttf"),
    Face("yoz", "YOzRS_.ttf"),
    Face("yusei", "YuseiMagic-Regular.ttf"),
    Face("cwkai", "cwkai.ttf"),
    Face("gkai-brush", "gkai00mp.ttf", brush=True),
    Face("wenkai-brush", "LXGWWenKai-Regular.ttf", brush=True),
)
"""From the Debian packages fonts-lxgw-wenkai, -arphic-gkai00mp, -arphic-ukai, -smiley-sans, -klee,
-kiloji, -seto, -yozvox-yozfont-standard-kana, -yusei-magic and -cwtex-kai. Those from `klee` on lack
many simplified characters; a hand writes these as its next face does."""


class NoFacesError(ClerkError, RuntimeError):
    """None of the handwriting fonts is installed."""


class NoGlyphError(ValueError):
    """A character that no installed handwriting font has."""


@dataclass(frozen=True)
class Glyph:
    """A character's path in a square of `SIDE` px and its width in ems."""

    distances: Distances
    advance: float


def installed() -> tuple[Face, ...]:
    """Raises NoFacesError."""
    found = tuple(face for face in FACES if _find(face.file))
    if not found:
        raise NoFacesError("没有找到任何手写体字体，请安装 fonts-lxgw-wenkai 等字体包")
    return found


def glyph(character: str, faces: Sequence[Face]) -> Glyph:
    """As the first of `faces` writes it that has it, else as any installed face. Raises NoGlyphError."""
    for face in (*faces, *installed()):
        found = _glyph(face, character)
        if found is not None:
            return found
    raise NoGlyphError(f"手写体字体都没有“{character}”（U+{ord(character):04X}）")


def covers(face: Face, character: str) -> bool:
    return _glyph(face, character) is not None


@lru_cache(_CACHED)
def _glyph(face: Face, character: str) -> Glyph | None:
    path = _find(face.file)
    if path is None:
        return None
    outline, advance = _outline(path, character)
    if character.isspace():
        return Glyph(np.full_like(outline, 255), advance)
    least = 1 if character in _SMALL else _LEAST_INK
    if outline.sum() < least or (outline == _outline(path, "\uffff")[0]).all():
        return None
    skeleton = _skeleton(outline)  # empty for a dot of 2 × 2 px
    core = outline if face.brush or not skeleton.any() else skeleton
    distances = cv2.distanceTransform(1 - core, cv2.DIST_L2, 5)
    return Glyph(np.minimum(distances * STEPS, 255).astype(np.uint8), advance)


@lru_cache(2_000)
def _outline(path: Path, character: str) -> tuple[NDArray[np.uint8], float]:
    """1 where the glyph is inked; narrow glyphs stand in the middle of the em."""
    font = _font(path)
    advance = font.getlength(character) / EM
    image = Image.new("L", (SIDE, SIDE))
    left = MARGIN + (EM - advance * EM) / 2
    ImageDraw.Draw(image).text((left, BASELINE), character, font=font, fill=255, anchor="ls")
    return (np.asarray(image) > _INKED).astype(np.uint8), advance


@lru_cache
def _font(path: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), EM)


@lru_cache
def _find(name: str) -> Path | None:
    return next((path for folder in _FOLDERS for path in sorted(folder.rglob(name))), None)


# --- thinning ------------------------------------------------------------------------------------

_NEIGHBOURS = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]], np.uint8)


def _skeleton(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Zhang and Suen's thinning (CACM 27, 1984) of a 0/1 image, by a table of the 256 neighbourhoods."""
    mask = mask.copy()
    while True:
        before = int(mask.sum())
        for table in _removals():
            code = cv2.filter2D(mask, -1, _NEIGHBOURS, borderType=cv2.BORDER_CONSTANT)
            mask &= 1 - u8(cv2.LUT(code, table))
        if int(mask.sum()) == before:
            return mask


@lru_cache
def _removals() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Neighbourhood code → 1 when the pixel may go, for the two passes."""
    first, second = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for code in range(256):
        bits = [code >> n & 1 for n in range(8)]  # clockwise from the top left
        ring = bits[1:] + bits[:1]  # clockwise from the top
        north, east, south, west = ring[0], ring[2], ring[4], ring[6]
        crossings = sum(not ring[n] and bool(ring[(n + 1) % 8]) for n in range(8))
        if 2 <= sum(ring) <= 6 and crossings == 1:
            first[code] = not (north and east and south) and not (east and south and west)
            second[code] = not (north and east and west) and not (north and south and west)
    return first, second
