"""What happens to a page between the pen and the file: paper, machines, phones.

Every damage has a name and a strength from 0 (none to speak of) to 1 (about the worst in which a person
can still read the page). `BENDS` say where a page lies, so that several of them can be joined before
pixels are resampled; `WARPS` move every pixel by itself; `DAMAGES` change the picture. Crumpling does
two of these: it moves the paper, then shades it.

What moves the page depends on its size and on the generator alone, so that `carried` can say where any
place went.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.pens import Paper
from samples.picture import GREY, Image, u8
from samples.seals import stamp

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
"""Places in px (N, 2): x, y."""
Matrix = NDArray[np.float64]
"""3×3, px of the page → px of the scan."""

Paint = Callable[[Image, float, Generator, float], Image]
"""(pixels, strength, rng, dpi) → pixels."""
Bend = Callable[[tuple[int, int], float, Generator, float], Matrix]
"""((height, width), strength, rng, dpi) → matrix."""
Warp = Callable[[tuple[int, int], float, Generator, float], tuple[Floats, Floats]]
"""((height, width), strength, rng, dpi) → how far to the right and how far below each pixel (height,
width) that lies there now comes from, px."""


def damage(
    pixels: Image, name: str, strength: float, rng: Generator, dpi: float, outside: int | None = 255
) -> Image:
    """One damage by itself; `outside` as for `bent`. Raises KeyError."""
    if name in BENDS:
        return bent(pixels, BENDS[name](size_of(pixels), strength, rng, dpi), outside)
    if name in WARPS:
        pixels = _moved(pixels, *WARPS[name](size_of(pixels), strength, rng, dpi), outside)
        return DAMAGES[name](pixels, strength, rng, dpi) if name in DAMAGES else pixels
    return DAMAGES[name](pixels, strength, rng, dpi)


def kinds() -> tuple[str, ...]:
    """The names of all damages."""
    return tuple(dict.fromkeys((*BENDS, *WARPS, *DAMAGES)))


def carried(
    places: Points, size: tuple[int, int], name: str, strength: float, rng: Generator, dpi: float
) -> tuple[Points, tuple[int, int]]:
    """Where a damage, with the generator in the same state, takes places of a picture of `size` (height,
    width); and that picture's size then. Raises KeyError."""
    if name == "quarter_turns":
        return _turned(places, size, _turns(strength, rng))
    if name in WARPS:
        return _followed(places, *WARPS[name](size, strength, rng, dpi)), size
    if name in BENDS or name == "background":
        matrix = (_on_desk if name == "background" else BENDS[name])(size, strength, rng, dpi)
        moved = cv2.perspectiveTransform(places[None], matrix)[0]
        return np.asarray(moved, np.float64), size
    if name not in DAMAGES:
        raise KeyError(name)
    return places, size


def _turned(places: Points, size: tuple[int, int], turns: int) -> tuple[Points, tuple[int, int]]:
    for _ in range(turns):
        places = np.column_stack((size[0] - 1 - places[:, 1], places[:, 0]))
        size = size[1], size[0]
    return places, size


def _followed(places: Points, across: Floats, down: Floats) -> Points:
    """Where the pixels are shown that lay at `places`."""
    at = places
    for _ in range(40):
        x, y = at.astype(np.float32).T[:, None]
        shift = [
            cv2.remap(field, x, y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE) for field in (across, down)
        ]
        at = places - np.column_stack([field[0] for field in shift])
    return at


# --- geometry ------------------------------------------------------------------------------------


def bent(pixels: Image, matrix: Matrix, outside: int | None = 255) -> Image:
    """The picture through `matrix`, of the same size; `outside` of it is grey, or goes on (None)."""
    if np.allclose(matrix, np.eye(3)):
        return pixels
    size = (pixels.shape[1], pixels.shape[0])
    border = cv2.BORDER_REFLECT if outside is None else cv2.BORDER_CONSTANT
    fill = (outside or 0,) * 3
    if np.allclose(matrix[2], (0, 0, 1)):
        return u8(cv2.warpAffine(pixels, matrix[:2], size, None, cv2.INTER_LINEAR, border, fill))
    return u8(cv2.warpPerspective(pixels, matrix, size, None, cv2.INTER_LINEAR, border, fill))


def _skew(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """Up to 5° about the middle."""
    return _about(size, _rotation(_signed(rng) * strength * 5.0))


def _stretch(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """Up to 3 % in each direction by itself, as feeders and copiers do."""
    x, y = 1 + rng.uniform(-0.03, 0.03, 2) * strength
    return _about(size, np.diag([x, y, 1.0]))


def _shift(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """Up to 6 mm."""
    matrix = np.eye(3)
    matrix[:2, 2] = rng.uniform(-1, 1, 2) * strength * 6 * dpi / 25.4
    return matrix


def _duplex_offset(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """What a duplex printer puts on the back lies up to 2 mm and 0.4° off what is on the front."""
    matrix = _about(size, _rotation(_signed(rng) * strength * 0.4))
    matrix[:2, 2] += rng.uniform(-1, 1, 2) * strength * 2 * dpi / 25.4
    return matrix


def _perspective(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """Each corner up to 8 % of the width inwards."""
    height, width = size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    inwards = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float32)
    moved = corners + inwards * rng.uniform(0, 0.08 * strength * width, (4, 2)).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), np.float64)


def _larger_glass(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """A4 somewhere on a larger glass: smaller in the picture, nearer to one corner."""
    scale = 1 - 0.3 * strength
    matrix = np.diag([scale, scale, 1.0])
    matrix[:2, 2] = rng.uniform(0, 1, 2) * (1 - scale) * np.array([size[1], size[0]])
    return matrix


def _cut_edge(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """Up to 18 mm of the page beyond one edge of the glass."""
    matrix = np.eye(3)
    axis = int(rng.integers(2))
    matrix[axis, 2] = _signed(rng) * strength * 18 * dpi / 25.4
    return matrix


def _about(size: tuple[int, int], matrix: Matrix) -> Matrix:
    """`matrix` about the middle of the picture."""
    centre = np.eye(3)
    centre[:2, 2] = size[1] / 2, size[0] / 2
    return np.asarray(centre @ matrix @ np.linalg.inv(centre))


def _rotation(degrees: float) -> Matrix:
    angle = math.radians(degrees)
    matrix = np.eye(3)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return matrix


BENDS: Mapping[str, Bend] = MappingProxyType(
    {
        "duplex_offset": _duplex_offset,
        "skew": _skew,
        "stretch": _stretch,
        "shift": _shift,
        "perspective": _perspective,
        "larger_glass": _larger_glass,
        "cut_edge": _cut_edge,
    }
)


def _quarter_turns(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Upside down, or on its side: below 0.75 only upside down."""
    return np.ascontiguousarray(np.rot90(pixels, -_turns(strength, rng)))


def _turns(strength: float, rng: Generator) -> int:
    """Quarter turns clockwise."""
    return 2 if strength < 0.75 else int(rng.integers(1, 4))


def _feed_wobble(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> tuple[Floats, Floats]:
    """The feeder's speed and side guidance vary down the page, by up to 2 mm."""
    height = size[0]
    px = strength * 2.0 * dpi / 25.4
    y = np.linspace(0, 1, height, dtype=np.float32)
    down = px * np.sin(y * rng.uniform(4, 12) + rng.uniform(0, 6)).astype(np.float32)
    across = 0.6 * px * np.sin(y * rng.uniform(4, 12) + rng.uniform(0, 6)).astype(np.float32)
    return _field_of(across[:, None], size), _field_of(down[:, None], size)


def _curl(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> tuple[Floats, Floats]:
    """The sheet lies in a wave up to 14 mm high, seen from above: rows bend, and columns crowd."""
    height, width = size
    x = np.linspace(-1, 1, width, dtype=np.float32)
    phase, waves = float(rng.uniform(0, 6)), float(rng.uniform(0.7, 1.6))
    lift = np.sin(x * waves * math.pi + phase)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    px = strength * 14 * dpi / 25.4
    across = (0.12 * px * lift[None, :]).astype(np.float32)
    down = (0.35 * px * lift[None, :] * (0.6 + 0.4 * y)).astype(np.float32)
    return _field_of(across, size), _field_of(down, size)


def _crumple(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> tuple[Floats, Floats]:
    """Crumpled and smoothed out again: bumps of up to 0.9 mm."""
    px = strength * 0.9 * dpi / 25.4
    across, down = (_field(rng, _coarse(size), 9) * np.float32(px) for _ in range(2))
    return _field_of(across, size), _field_of(down, size)


def _facets(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """The light and shade of what was crumpled."""
    height = _field(rng, _coarse(size_of(pixels)), 22)
    slope = np.asarray(cv2.Sobel(height, cv2.CV_32F, 1, 1, ksize=3), np.float32)
    facets = np.clip(slope / (2 * float(slope.std()) + 1e-6), -1, 1)
    return _lit(pixels, 1 - (0.12 * strength * (1 + facets)).astype(np.float32))


def _lens(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> tuple[Floats, Floats]:
    """Barrel or pincushion distortion of a phone's lens, up to 2.5 % at the corners."""
    height, width = size
    k = _signed(rng) * 0.025 * strength
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    radius = (x * x + y * y) / 2
    across, down = k * radius * x * width / 2, k * radius * y * height / 2
    return _field_of(across.astype(np.float32), size), _field_of(down.astype(np.float32), size)


WARPS: Mapping[str, Warp] = MappingProxyType(
    {"feed_wobble": _feed_wobble, "curl": _curl, "crumple": _crumple, "lens": _lens}
)


def _field_of(values: Floats, size: tuple[int, int]) -> Floats:
    """A number for every pixel, of one for each row or column, or of a coarse field."""
    if 1 in values.shape or values.shape == size:
        return np.ascontiguousarray(np.broadcast_to(values, size), np.float32)
    return np.asarray(cv2.resize(values, size[::-1]), np.float32)


def _moved(pixels: Image, across: Floats, down: Floats, outside: int | None) -> Image:
    """Each pixel taken from (x + across, y + down); `outside` as for `bent`."""
    height, width = size_of(pixels)
    columns = np.arange(width, dtype=np.float32)[None, :] + across
    rows = np.arange(height, dtype=np.float32)[:, None] + down
    map_x = np.ascontiguousarray(np.broadcast_to(columns, (height, width)), np.float32)
    map_y = np.ascontiguousarray(np.broadcast_to(rows, (height, width)), np.float32)
    border = cv2.BORDER_REFLECT if outside is None else cv2.BORDER_CONSTANT
    return u8(cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR, None, border, (outside or 0,) * 3))


# --- what paper suffers --------------------------------------------------------------------------


def _fold(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """One to three creases across the page: a dark edge, a light one, ink rubbed off."""
    out = pixels.copy()
    for n in range(1 + round(2 * strength)):
        level = n == 0 or bool(rng.random() < 0.7)
        sheet = out if level else out.swapaxes(0, 1)
        length, across = sheet.shape[:2]
        middle = length * float(rng.choice([0.333, 0.5, 0.667])) * float(rng.uniform(0.97, 1.03))
        tilt = float(rng.normal(0, 0.01)) * (np.arange(across) - across / 2)
        reach = round(10 * dpi / 25.4 + float(np.abs(tilt).max()))
        top, bottom = max(round(middle) - reach, 0), min(round(middle) + reach, length)
        mm = (np.arange(top, bottom)[:, None] - middle - tilt[None, :]) * 25.4 / dpi
        edge = 0.55 * np.exp(-((mm + 0.15) ** 2) / 0.02)
        slope = 0.16 * np.exp(-np.abs(mm - 1) / 2.5) * (mm > 0)
        light = (1 - strength * (edge + slope)).astype(np.float32)
        sheet[top:bottom] = _lit(np.ascontiguousarray(sheet[top:bottom]), light)
    return out


def _punch_holes(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Two holes of 6 mm, 80 mm apart, near the left edge; the scanner's dark lid shows through some."""
    mm = dpi / 25.4
    height = pixels.shape[0]
    x = (6 + 9 * strength + rng.normal(0, 0.5)) * mm
    shade = (255,) * 3 if rng.random() < 0.5 else (int(rng.integers(20, 90)),) * 3
    out = pixels.copy()
    for side in (-40, 40):
        centre = (round(x), round(height / 2 + (side + float(rng.normal(0, 1))) * mm))
        cv2.circle(out, centre, round(3.0 * mm), shade, -1, cv2.LINE_AA)
        cv2.circle(out, centre, round(3.0 * mm), (188,) * 3, max(round(0.15 * mm), 1), cv2.LINE_AA)
    return out


def _staple(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A staple or the rust and tear that it left in the top left corner, over whatever is there."""
    mm = dpi / 25.4
    at = np.array([rng.uniform(6, 6 + 10 * strength + 4), rng.uniform(6, 6 + 8 * strength + 4)]) * mm
    angle = float(rng.uniform(-1.2, 0.4))
    along = np.array([math.cos(angle), math.sin(angle)]) * 6 * mm
    out = pixels.copy()
    ends = [tuple(int(v) for v in np.round(at + part * along)) for part in (-1, 1)]
    cv2.line(out, ends[0], ends[1], (105,) * 3, max(round(0.5 * mm), 1), cv2.LINE_AA)
    cv2.line(out, ends[0], ends[1], (215,) * 3, max(round(0.18 * mm), 1), cv2.LINE_AA)
    shadow = tuple(int(v) for v in np.round(at + along + mm * 0.6))
    cv2.circle(out, (shadow[0], shadow[1]), max(round(0.5 * mm), 1), (60,) * 3, -1, cv2.LINE_AA)
    return out


def _torn_corner(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Up to 34 mm of one corner gone; black or white behind it."""
    mm, (height, width) = dpi / 25.4, size_of(pixels)
    reach = (6 + 28 * strength) * mm
    steps = np.linspace(0, 1, 12)
    rag = rng.normal(0, 0.7 * mm, (12, 2))
    edge = np.column_stack([steps * reach, (1 - steps) * reach * float(rng.uniform(0.6, 1.2))]) + rag
    corner = int(rng.integers(4))
    piece = np.concatenate([[(-9, -9)], edge[:1] * (0, 1), edge, edge[-1:] * (1, 0)])
    x = piece[:, 0] if corner in (0, 3) else width - piece[:, 0]
    y = piece[:, 1] if corner in (0, 1) else height - piece[:, 1]
    out = pixels.copy()
    behind = 255 if rng.random() < 0.6 else int(rng.integers(10, 80))
    cv2.fillPoly(out, [np.round(np.column_stack([x, y])).astype(np.int32)], (behind,) * 3, cv2.LINE_AA)
    return out


def _dog_ear(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Up to 30 mm of one corner folded over: its white back covers what lies beside it."""
    height, width = size_of(pixels)
    reach = (5 + 25 * strength) * dpi / 25.4
    along = np.array([reach, reach * float(rng.uniform(0.6, 1.5))])
    corner = int(rng.integers(4))
    origin = np.array([width * (corner in (1, 2)), height * (corner in (2, 3))], np.float64)
    inwards = np.where(origin > 0, -1.0, 1.0)
    on_top, on_side = origin + inwards * (along[0], 0), origin + inwards * (0, along[1])
    crease = on_side - on_top
    tip = on_top + 2 * crease * np.dot(origin - on_top, crease) / np.dot(crease, crease) - (origin - on_top)
    out = pixels.copy()
    behind = 255 if rng.random() < 0.6 else int(rng.integers(10, 80))
    gone, back = (np.round([end, on_top, on_side]).astype(np.int32) for end in (origin, tip))
    cv2.fillPoly(out, [gone], (behind,) * 3, cv2.LINE_AA)
    cv2.fillPoly(out, [back], (246,) * 3, cv2.LINE_AA)
    cv2.polylines(out, [back], True, (150,) * 3, max(round(0.3 * dpi / 25.4), 1), cv2.LINE_AA)
    return out


def _coffee(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A ring of a cup and a stain in it, brown, anywhere."""
    height, width = _coarse(size_of(pixels))
    mm = dpi / 25.4 / _COARSE
    centre = rng.uniform(0.15, 0.85, 2) * (width, height)
    y, x = np.ogrid[:height, :width]
    radius = (np.hypot(x - centre[0], y - centre[1]) / mm).astype(np.float32)
    ring = np.exp(-((radius - 36) ** 2) / 1.6) * 0.55 + (radius < 36) * 0.16
    ragged = 0.7 + 0.3 * _field(rng, (height, width), 12)
    return _tinted(pixels, (strength * ring * ragged).astype(np.float32), (150, 100, 50))


def _seal(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A 42 mm red seal pressed anywhere on the page, over boxes, text or QR."""
    paper = Paper(pixels.copy(), dpi / 25.4)
    height, width = size_of(pixels)
    stamp(paper, seal_centre((width * 25.4 / dpi, height * 25.4 / dpi), rng), rng, 0.35 + 0.6 * strength)
    return paper.pixels


def seal_centre(size: tuple[float, float], rng: Generator) -> tuple[float, float]:
    """Where on a page of `size` (width, height) a seal comes down by chance: what a seal's generator draws
    first."""
    x, y = rng.uniform(0.1, 0.9, 2) * np.array(size)
    return float(x), float(y)


def _dirt(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Specks, smudges and hairs."""
    mm, (height, width) = dpi / 25.4, size_of(pixels)
    out = pixels.copy()
    for _ in range(round(120 * strength)):
        at = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(out, at, round(abs(rng.normal(0, 0.14)) * mm), (int(rng.integers(20, 170)),) * 3, -1)
    for _ in range(round(3 * strength)):
        start = rng.uniform(0, 1, 2) * (width, height)
        walk = np.cumsum(rng.normal(0, 1.2 * mm, (8, 2)), axis=0) + start
        cv2.polylines(out, [np.round(walk).astype(np.int32)], False, (120,) * 3, 1, cv2.LINE_AA)
    return out


def bleed_through(
    pixels: Image, strength: float, rng: Generator, dpi: float, back: Image | None = None
) -> Image:
    """The back of the sheet shows through, mirrored and blurred; without one the page stands in for it."""
    height, width = size_of(pixels)
    cell = max(round(dpi / 60), 1)  # 0.4 mm: the paper blurs what is behind it
    behind = pixels if back is None else back
    small = cv2.resize(behind[:, ::-1], (width // cell, height // cell), interpolation=cv2.INTER_AREA)
    back = np.roll(u8(small), round(float(rng.uniform(-4, 4)) * dpi / 25.4 / cell), 0)
    faint = (255 - (255 - back.astype(np.float32)) * (0.22 * strength)).astype(np.uint8)
    return _times(pixels, cv2.resize(faint, (width, height), interpolation=cv2.INTER_LINEAR))


# --- what machines do ----------------------------------------------------------------------------


def _toner(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Uneven toner: print fades in patches and streaks down the page."""
    height, width = _coarse(size_of(pixels))
    patches = 0.5 + 0.5 * _field(rng, (height, width), 6)
    streak = np.abs(_field(rng, (1, width), 60))
    lost = np.clip(strength * (0.45 * patches + 0.5 * streak), 0, 0.8).astype(np.float32)
    return _faded(pixels, lost)


def _dot_gain(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Ink spreads: lines grow by up to 0.12 mm."""
    grown = u8(cv2.erode(pixels, np.ones((3, 3), np.uint8)))
    share = min(strength * 0.12 * dpi / 25.4, 1.0)
    return u8(cv2.addWeighted(grown, share, pixels, 1 - share, 0))


def _photocopy(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A copy of a copy: hard contrast, pepper, light greys gone and darker ones black."""
    out = u8(cv2.GaussianBlur(pixels, (0, 0), 0.4 + 0.5 * strength))
    gain, middle = 1 + 2.2 * strength, 175 - 25 * strength
    table = np.clip((np.arange(256) - middle) * gain + middle, 0, 255).astype(np.uint8)
    out = u8(cv2.LUT(out, table))
    return _dirt(out, strength, rng, dpi)


def _black_and_white(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """One bit per pixel, by a threshold that keeps pencil but may be off; salt and pepper as faxes have."""
    grey = grey_of(pixels)
    threshold = float(rng.normal(196, 3 + 8 * strength))
    out = np.where(grey > threshold, 255, 0).astype(np.uint8)
    count = round(out.size * 2e-4 * strength)
    ys, xs = rng.integers(0, out.shape[0], count), rng.integers(0, out.shape[1], count)
    out[ys, xs] = np.where(rng.random(count) < 0.5, 0, 255)
    return out if pixels.ndim == 2 else cv2.merge([out] * 3).astype(np.uint8)


def _moire(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Ordered dithering of a 1-bit scan: greys become patterns that beat with the raster of print."""
    grey = grey_of(pixels).astype(np.float32)
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
    tile = np.tile((bayer + 0.5) * 16, (grey.shape[0] // 4 + 1, grey.shape[1] // 4 + 1))
    dithered = np.where(grey > tile[: grey.shape[0], : grey.shape[1]], 255, 0)
    mixed = grey * (1 - strength) + dithered * strength
    out = mixed.astype(np.uint8)
    return out if pixels.ndim == 2 else cv2.merge([out] * 3).astype(np.uint8)


def _streak(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Dust on the feeder's glass: thin lines down the whole page."""
    out = pixels.copy()
    for _ in range(1 + round(3 * strength)):
        x = int(rng.integers(pixels.shape[1]))
        width = max(round(float(rng.uniform(0.1, 0.35)) * dpi / 25.4), 1)
        shade = int(rng.integers(70, 200))
        strip = out[:, x : x + width]
        np.minimum(strip, np.uint8(shade), out=strip)
    return out


def _tone(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Brightness, contrast and gamma set by somebody else; paper that is not quite white."""
    gamma = math.exp(float(rng.uniform(-0.5, 0.5)) * strength)
    contrast = 1 + float(rng.uniform(-0.3, 0.2)) * strength
    shift = float(rng.uniform(-28, 18)) * strength
    levels = 255 * (np.arange(256) / 255) ** gamma
    table = np.clip((levels - 128) * contrast + 128 + shift, 0, 255).astype(np.uint8)
    return u8(cv2.LUT(pixels, table))


def _blur(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Out of focus by up to 0.28 mm (standard deviation)."""
    sigma = strength * 0.28 * dpi / 25.4
    return pixels if sigma < 0.25 else u8(cv2.GaussianBlur(pixels, (0, 0), sigma))


def _motion_blur(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """The phone moved by up to 1 mm in some direction."""
    length = max(round(strength * 1.0 * dpi / 25.4), 1)
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    angle = float(rng.uniform(0, math.pi))
    for part in np.linspace(-0.5, 0.5, 4 * length + 1):
        x = round(length + part * length * math.cos(angle))
        y = round(length + part * length * math.sin(angle))
        kernel[y, x] = 1
    return u8(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))


def _noise(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Sensor noise, up to 22 grey levels (standard deviation)."""
    tile = _noise_tile()
    amount = 22 * strength / 32
    height, width = size_of(pixels)
    top, left = int(rng.integers(_TILE)), int(rng.integers(_TILE))
    repeats = ((top + height) // _TILE + 1, (left + width) // _TILE + 1)
    grain = np.tile(tile, repeats)[top : top + height, left : left + width]
    if pixels.ndim == 3:
        grain = u8(cv2.merge([grain, np.roll(grain, 37, 1), np.roll(grain, 91, 0)]))
    shift = 128 * amount
    return u8(cv2.addWeighted(pixels, 1.0, grain, amount, -shift))


def _jpeg(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Saved as a JPEG of quality 90 down to 15, and opened again."""
    quality = round(90 - 75 * strength)
    flag = cv2.IMREAD_GRAYSCALE if pixels.ndim == 2 else cv2.IMREAD_COLOR
    decoded = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], flag)
    assert decoded is not None  # it was encoded just now
    return u8(decoded)


# --- light ---------------------------------------------------------------------------------------


def _uneven_light(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A lamp at one side: the far side up to 55 % darker, and warmer."""
    height, width = _coarse(size_of(pixels))
    angle = float(rng.uniform(0, 2 * math.pi))
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    fall = np.clip(0.5 + x * math.cos(angle) + y * math.sin(angle), 0, 1)
    return _lit(pixels, (1 - 0.55 * strength * fall).astype(np.float32), warm=0.12 * strength)


def _shadow(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """Of a hand or the phone: a soft-edged dark half."""
    height, width = _coarse(size_of(pixels))
    edge = np.cumsum(rng.normal(0, 0.08, 8)) + float(rng.uniform(0.2, 0.8))
    line = np.interp(np.linspace(0, 7, width), np.arange(8), edge).astype(np.float32) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    soft = np.clip((rows - line[None, :]) / (8 * dpi / 25.4 / _COARSE) + 0.5, 0, 1)
    return _lit(pixels, (1 - 0.5 * strength * soft).astype(np.float32))


def _glare(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A lamp mirrored in the paper: a bright spot of up to 60 mm in which print pales."""
    height, width = _coarse(size_of(pixels))
    centre = rng.uniform(0.15, 0.85, 2) * (width, height)
    radius = (15 + 45 * strength) * dpi / 25.4 / _COARSE
    y, x = np.ogrid[:height, :width]
    stretch = float(rng.uniform(0.5, 1.0))
    far = np.hypot((x - centre[0]) * stretch, y - centre[1]) / radius
    return _faded(pixels, (0.85 * strength * np.exp(-(far**2) * 3)).astype(np.float32))


def _finger(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """A finger that holds the sheet at its edge, up to 25 mm into it."""
    height, width = size_of(pixels)
    mm = dpi / 25.4
    side, along = int(rng.integers(4)), float(rng.uniform(0.15, 0.85))
    middles = ((along * width, 0.0), (width, along * height), (along * width, height), (0.0, along * height))
    middle = np.round(middles[side]).astype(int)
    size = (9 * mm, (5 + 20 * strength) * mm)
    axes = tuple(round(v) for v in (size if side % 2 == 0 else size[::-1]))
    shade = float(rng.uniform(0.6, 1.0))
    out = pixels.copy()
    skin = tuple(round(part * shade) for part in (214, 160, 130))
    colour = skin if pixels.ndim == 3 else (round(float(np.dot(skin, GREY))),)
    cv2.ellipse(out, (int(middle[0]), int(middle[1])), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
    return out


def _background(pixels: Image, strength: float, rng: Generator, dpi: float) -> Image:
    """The desk around the sheet."""
    height, width = size_of(pixels)
    matrix = _on_desk((height, width), strength, rng, dpi)
    desk = _desk(pixels, rng)
    there = bent(np.full((height, width), 255, np.uint8), matrix, outside=0)
    small = u8(cv2.resize(there, _coarse(size_of(pixels))[::-1], interpolation=cv2.INTER_AREA))
    dark = u8(cv2.GaussianBlur(small, (0, 0), 2.0 * dpi / 25.4 / _COARSE)).astype(np.float32) / np.float32(
        255
    )
    return u8(cv2.copyTo(bent(pixels, matrix, outside=0), there, _lit(desk, 1 - dark * np.float32(0.35))))


def _on_desk(size: tuple[int, int], strength: float, rng: Generator, dpi: float) -> Matrix:
    """The page takes 62 to 90 % of the picture's width."""
    scale = 0.9 - 0.28 * strength
    matrix = np.diag([scale, scale, 1.0])
    matrix[:2, 2] = rng.uniform(0.2, 0.8, 2) * (1 - scale) * np.array([size[1], size[0]])
    return matrix


def _desk(pixels: Image, rng: Generator) -> Image:
    """Wood, cloth or a dark table top, as large as the picture."""
    height, width = _coarse(size_of(pixels))
    grain = _field(rng, (height // 8, width), 60)
    base = np.array([(122, 84, 52), (70, 74, 78), (168, 160, 148), (40, 36, 34)][int(rng.integers(4))])
    tone = np.clip(base[None, None, :] * (1 + 0.16 * grain[..., None]), 0, 255).astype(np.uint8)
    desk = u8(cv2.resize(tone, size_of(pixels)[::-1], interpolation=cv2.INTER_LINEAR))
    return desk if pixels.ndim == 3 else grey_of(desk)


DAMAGES: Mapping[str, Paint] = MappingProxyType(
    {
        "quarter_turns": _quarter_turns,
        "crumple": _facets,
        "fold": _fold,
        "punch_holes": _punch_holes,
        "staple": _staple,
        "torn_corner": _torn_corner,
        "dog_ear": _dog_ear,
        "coffee": _coffee,
        "seal": _seal,
        "dirt": _dirt,
        "bleed_through": bleed_through,
        "toner": _toner,
        "dot_gain": _dot_gain,
        "photocopy": _photocopy,
        "black_and_white": _black_and_white,
        "moire": _moire,
        "streak": _streak,
        "tone": _tone,
        "blur": _blur,
        "motion_blur": _motion_blur,
        "noise": _noise,
        "jpeg": _jpeg,
        "uneven_light": _uneven_light,
        "shadow": _shadow,
        "glare": _glare,
        "finger": _finger,
        "background": _background,
    }
)


# --- small things --------------------------------------------------------------------------------

_TILE = 1024


@lru_cache(1)
def _noise_tile() -> Image:
    """Normal noise of standard deviation 32 about 128."""
    noise = np.random.default_rng(7).normal(128, 32, (_TILE, _TILE))
    return np.clip(noise, 0, 255).astype(np.uint8)


def _field(rng: Generator, size: tuple[int, int], nodes: int) -> Floats:
    """A smooth random field of about −1 to 1 with `nodes` bumps along the longer side."""
    height, width = size
    longest = max(size)
    grid = (max(round(nodes * height / longest), 1) + 1, max(round(nodes * width / longest), 1) + 1)
    coarse = rng.normal(0, 0.6, grid).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _lit(pixels: Image, light: Floats, warm: float = 0.0) -> Image:
    """Pixels times `light` of 0 to 1, which may be coarser; `warm` takes blue away where it is dark."""
    light = np.clip(light, 0, 1)
    white = _fitted(light, pixels)
    if pixels.ndim == 2:
        return _times(pixels, white)
    return _times(pixels, cv2.merge([white, white, _fitted(light - warm * (1 - light), pixels)]))


def _tinted(pixels: Image, share: Floats, colour: tuple[int, int, int]) -> Image:
    """Pixels times a transparent colour laid over them by `share` of 0 to 1, which may be coarser."""
    share = np.clip(share, 0, 1)
    if pixels.ndim == 2:
        return _times(pixels, _fitted(1 - share * (1 - float(np.dot(colour, GREY)) / 255), pixels))
    return _times(pixels, cv2.merge([_fitted(1 - share * (1 - part / 255), pixels) for part in colour]))


def _faded(pixels: Image, share: Floats) -> Image:
    """Pixels taken towards white by `share` of 0 to 1, which may be coarser."""
    return u8(cv2.bitwise_not(_lit(u8(cv2.bitwise_not(pixels)), 1 - share)))


def _fitted(light: Floats, pixels: Image) -> Image:
    """`light` in 255ths, of the size of `pixels`."""
    levels: Image = np.clip(light * 255 + 0.5, 0, 255).astype(np.uint8)
    height, width = size_of(pixels)
    if levels.shape == (height, width):
        return levels
    return u8(cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR))


def _times(pixels: Image, light: NDArray[Any]) -> Image:
    return u8(cv2.multiply(pixels, light, scale=1 / 255))


_COARSE = 6
"""What changes slowly over the page is computed at one in so many pixels."""


def _coarse(size: tuple[int, int]) -> tuple[int, int]:
    height, width = size
    return max(height // _COARSE, 8), max(width // _COARSE, 8)


def grey_of(pixels: Image) -> Image:
    return pixels if pixels.ndim == 2 else u8(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def size_of(pixels: Image) -> tuple[int, int]:
    return int(pixels.shape[0]), int(pixels.shape[1])


def _signed(rng: Generator) -> float:
    """Between −1 and 1, rarely near 0."""
    return float(rng.uniform(0.4, 1.0)) * (1 if rng.random() < 0.5 else -1)
