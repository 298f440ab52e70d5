"""Writers: a `Hand` is a person with a pen and habits, a `Writer` is that hand at work on a page.

All lengths are millimetres from the page's top-left corner. The same hand and the same random numbers
write the same ink.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TypeVar

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.digits import HABITS, bent, placed, smooth
from samples.glyphs import BASELINE, EM, SIDE, STEPS, Face, Glyph, glyph, installed
from samples.pens import Coverage, Paper, Path, Pen
from samples.picture import u8

T = TypeVar("T")
Rect = tuple[float, float, float, float]
"""x, y, width, height."""


class Mark(StrEnum):
    """The ways in which people say yes to a box."""

    TICK = "tick"
    CROSS = "cross"
    FILL = "fill"
    CIRCLE = "circle"  # a ring around the box
    STROKE = "stroke"  # one line through it
    DOT = "dot"


PENS: tuple[tuple[Pen, float], ...] = (
    (Pen("black gel 0.5", (18, 18, 22), 0.42, 0.96, 0.0), 0.44),
    (Pen("black gel 0.7", (15, 15, 18), 0.62, 0.97, 0.0), 0.12),
    (Pen("black ballpoint", (40, 40, 46), 0.34, 0.85, 0.35), 0.10),
    (Pen("blue ballpoint", (38, 58, 150), 0.34, 0.85, 0.35), 0.12),
    (Pen("blue gel", (25, 50, 165), 0.45, 0.95, 0.0), 0.08),
    (Pen("blue-black fountain pen", (30, 38, 88), 0.55, 0.9, 0.1), 0.07),
    (Pen("pencil", (78, 78, 82), 0.42, 0.72, 0.8), 0.06),
    (Pen("hard pencil", (95, 95, 98), 0.3, 0.6, 0.85), 0.01),
)
"""Pens and how many people use them: a black 签字笔 is asked for, the others come anyway."""

_INK_PAD = Pen("red ink pad", (205, 32, 38), 1.0, 0.9, 0.3)
_STYLES: tuple[tuple[Mark, float], ...] = (
    (Mark.TICK, 0.74),
    (Mark.CROSS, 0.10),
    (Mark.FILL, 0.06),
    (Mark.STROKE, 0.05),
    (Mark.CIRCLE, 0.03),
    (Mark.DOT, 0.02),
)


@dataclass(frozen=True)
class Hand:
    """A person who writes.

    style       the mark they make nearly always
    reach       length of a tick's tail in box widths
    faces       how they form characters, first choice first
    brush       their pen's width varies with direction: characters keep their font's outline
    character   height of a character, mm
    slant       shear to the right
    looseness   standard deviation of a point of a stroke, in character heights
    drift       how far lines leave the ruling, in character heights
    spacing     distance between characters, in character widths
    habits      digit → number of the habit in `samples.digits.HABITS`
    font_digits share of digits formed as the font forms them
    digit       height of a digit, in heights of the comb cell
    aligns_left begins short numbers in the first cell instead of ending them in the last
    density     distance between the lines of a filled box, in pen widths
    """

    name: str
    pen: Pen
    style: Mark
    reach: float
    faces: tuple[Face, ...]
    brush: bool
    character: float
    slant: float
    looseness: float
    drift: float
    spacing: float
    habits: Mapping[str, int]
    font_digits: float
    digit: float
    digit_slant: float
    aligns_left: bool
    density: float

    @staticmethod
    def of(name: str, seed: int) -> Hand:
        """The person called `name` in the world of `seed`."""
        rng = np.random.default_rng([seed, *name.encode()])
        return _hand(name, rng)


def _hand(name: str, rng: Generator) -> Hand:
    faces = _faces(rng)
    return Hand(
        name=name,
        pen=_pick(PENS, rng),
        style=_pick(_STYLES, rng),
        reach=float(np.clip(rng.lognormal(0.15, 0.35), 0.6, 2.4)),
        faces=faces,
        brush=faces[0].brush,
        character=float(rng.uniform(4.6, 7.2)),
        slant=float(rng.normal(0.04, 0.1)),
        looseness=float(rng.uniform(0.015, 0.058)),
        drift=float(rng.uniform(0.02, 0.1)),
        spacing=float(rng.uniform(0.86, 1.08)),
        habits={digit: int(rng.integers(len(found))) for digit, found in HABITS.items()},
        font_digits=float(rng.choice([0.0, 0.0, 0.15, 0.9], p=[0.4, 0.25, 0.15, 0.2])),
        digit=float(rng.uniform(0.5, 0.88)),
        digit_slant=float(rng.normal(0.08, 0.12)),
        aligns_left=bool(rng.random() < 0.2),
        density=float(rng.uniform(0.6, 1.2)),
    )


def _faces(rng: Generator) -> tuple[Face, ...]:
    """A first choice and all others of its kind behind it, so that no character is missing."""
    faces = installed()
    first = faces[int(rng.integers(len(faces)))]
    others = [face for face in faces if face.brush == first.brush and face is not first]
    return (first, *(others[n] for n in rng.permutation(len(others))))


def _pick(weighted: Sequence[tuple[T, float]], rng: Generator) -> T:
    weights = np.array([weight for _, weight in weighted])
    return weighted[int(rng.choice(len(weighted), p=weights / weights.sum()))][0]


@dataclass(frozen=True)
class RealDigits:
    """Photographs of written digits, white on black, in place of drawn ones."""

    images: Mapping[str, NDArray[np.uint8]]

    @staticmethod
    def load(path: FilePath) -> RealDigits:
        """From an NPZ with `images` (N, 28, 28) uint8 and `labels` (N). Raises OSError, KeyError."""
        with np.load(path) as data:
            images, labels = data["images"], data["labels"]
        return RealDigits({str(digit): images[labels == digit] for digit in range(10)})


class Writer:
    """`hand` at work on `paper`."""

    def __init__(self, hand: Hand, paper: Paper, rng: Generator, real: RealDigits | None = None) -> None:
        self.hand, self.paper, self.rng, self._real = hand, paper, rng, real
        self.pressure = float(np.clip(rng.normal(1.0, 0.06), 0.8, 1.1))

    # --- marks -------------------------------------------------------------------------------

    def mark(self, box: Rect, style: Mark | None = None, strength: float = 1.0) -> Mark:
        """A mark as this person makes them, and how they made it."""
        made = style or self._style()
        self.paper.draw(_MARKS[made](self, box), self.hand.pen, self.rng, self.pressure * strength)
        return made

    def cancel(self, box: Rect) -> None:
        """The box filled black, as the instruction asks for a mistake."""
        cover = float(self.rng.uniform(0.98, 1.2))
        self._draw([*_hatch(self, box, cover, 0.55), *_hatch(self, box, cover, 0.8, turned=True)])

    def scribble_out(self, rect: Rect) -> None:
        """A dense zigzag that runs well over what it deletes."""
        self._draw(_hatch(self, rect, float(self.rng.uniform(1.35, 1.7)), 1.3))

    def strike(self, rect: Rect) -> None:
        """One or two lines through something written."""
        x, y, w, h = rect
        for n in range(int(self.rng.integers(1, 3))):
            middle = y + h * (0.5 + 0.16 * n)
            ends = self._around([(x - 0.5, middle), (x + w / 2, middle), (x + w + 0.5, middle)], 0.05 * h)
            self._draw([smooth(ends)])

    def ring(self, rect: Rect) -> None:
        """A ring around words."""
        x, y, w, h = rect
        self._draw([_ellipse(self, (x + w / 2, y + h / 2), w / 2 + 1.0, h / 2 + 0.9)])

    def underline(self, rect: Rect) -> None:
        x, y, w, h = rect
        self._draw([smooth(self._around([(x, y + h), (x + w / 2, y + h + 0.2), (x + w, y + h)], 0.2))])

    def line(self, points: Sequence[tuple[float, float]], wobble: float = 0.3) -> None:
        """A stroke through `points`."""
        self._draw([smooth(self._around(points, wobble))])

    def thumbprint(self, x: float, y: float) -> None:
        """A thumb in red ink: 按手印 beside or over a name."""
        size = round(self.paper.scale * 20)
        rows, columns = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
        rows, columns = rows * 1.05, columns * 1.5
        radius = np.hypot(rows, columns)
        ridges = 0.62 + 0.38 * np.sin(radius * 42 + 2.2 * columns + 1.5 * np.sin(rows * 3))
        patches = cv2.resize(self.rng.uniform(0.3, 1.1, (6, 6)), (size, size), interpolation=cv2.INTER_CUBIC)
        inked = np.clip((1 - radius) * 6, 0, 1) * ridges * patches
        coverage = np.clip(inked * 255, 0, 255).astype(np.uint8)
        left, top = round((x - 10) * self.paper.scale), round((y - 10) * self.paper.scale)
        self.paper.lay(coverage, left, top, _INK_PAD)

    def touch(self, x: float, y: float) -> None:
        """The point of the pen set down by accident."""
        self._draw([self._around([(x, y), (x + 0.15, y + 0.1)], 0.1)])

    def _style(self) -> Mark:
        """Nearly always the usual one; nobody who ticks fills a box by way of change, for that cancels."""
        if self.hand.style is Mark.FILL or self.rng.random() < 0.94:
            return self.hand.style
        return _pick([pair for pair in _STYLES if pair[0] not in (Mark.FILL, Mark.DOT)], self.rng)

    # --- digits ------------------------------------------------------------------------------

    def digit(self, character: str, cell: Rect, size: float = 1.0) -> None:
        """One digit in, or about, its cell; `size` in this person's usual size."""
        x, y, w, h = cell
        height = self.hand.digit * h * size * self.rng.uniform(0.9, 1.1)
        centre = (
            x + w / 2 + self.rng.normal(0, 0.055) * w,
            y + h / 2 + self.rng.normal(0, 0.04) * h + 0.1 * (h - height) / 2,
        )
        if self._real is not None:
            self._photograph(character, centre, height)
        elif self.rng.random() < self.hand.font_digits:
            half = height / 2
            self.text(character, centre[0] - half * 0.6, centre[1] + half, 2.0 * half, height * 1.25)
        else:
            self._habit(character, centre, height, w)

    def _habit(self, character: str, centre: tuple[float, float], height: float, room: float) -> None:
        habits = HABITS[character]
        usual = self.hand.habits[character]
        chosen = usual if self.rng.random() < 0.9 else int(self.rng.integers(len(habits)))
        strokes = bent(habits[chosen], 0.4 * self.hand.looseness + 0.016, self.rng)
        width = min(height * self.rng.uniform(0.42, 0.66), room * 0.92)
        shear = np.array([[1, -self.hand.digit_slant], [0, 1]])
        size = np.diag([width, height])
        matrix = _turn(float(self.rng.normal(0, 0.05))) @ shear @ size
        self._draw(placed(strokes, matrix, centre))

    def _photograph(self, character: str, centre: tuple[float, float], height: float) -> None:
        assert self._real is not None
        known = self._real.images[character]
        image = known[int(self.rng.integers(len(known)))]
        side = round(height * 1.4 * self.paper.scale)  # its digit takes 20 of its 28 rows
        x, y = (round(c * self.paper.scale - side / 2) for c in centre)
        grown = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
        sharp = np.clip((grown.astype(np.float32) - 70) * 2.2, 0, 255).astype(np.uint8)
        self.paper.lay(sharp, x, y, self.hand.pen, self.pressure)

    # --- words -------------------------------------------------------------------------------

    def text(self, words: str, x: float, base: float, room: float, size: float | None = None) -> float:
        """`words` from `x` on the line at `base`, squeezed into `room` mm as far as one can still read.

        Returns the width that they took. Raises NoGlyphError.
        """
        glyphs = [glyph(character, self.hand.faces) for character in words]
        natural = sum(g.advance for g in glyphs) * self.hand.spacing
        wanted = size or self.hand.character * float(self.rng.uniform(0.93, 1.07))
        height = max(min(wanted, room / max(natural, 0.1)), 0.6 * wanted)
        if glyphs:
            self._line(glyphs, x, base, height)
        return natural * height

    def fits(self, count: int, room: float) -> bool:
        """Whether so many characters fit in `room` mm, squeezed if need be."""
        return count * self.hand.spacing * self.hand.character * 0.6 <= room

    def _line(self, glyphs: Sequence[Glyph], x: float, base: float, height: float) -> None:
        """Characters one by one on a map of distances, which then is bent as a whole and inked."""
        em = height * self.paper.scale
        pad = math.ceil(em * 0.7)
        advances = np.array([g.advance for g in glyphs]) * self.hand.spacing * em
        canvas = np.full((math.ceil(em) + 2 * pad, math.ceil(float(advances.sum())) + 2 * pad), 255, np.uint8)
        baseline = pad + 0.86 * em
        slope = float(self.rng.normal(0, 0.3 * self.hand.drift))
        pen_x = float(pad)
        for g, advance in zip(glyphs, advances, strict=True):
            sag = slope * (pen_x - pad) + float(self.rng.normal(0, 0.35 * self.hand.drift)) * em
            self._character(canvas, g, em, pen_x + advance / 2, baseline + sag)
            pen_x += float(advance) * float(self.rng.uniform(0.95, 1.05))
        left = round(x * self.paper.scale) - pad
        top = round(base * self.paper.scale - baseline - 0.1 * em)
        self.paper.lay(self._inked(canvas, em), left, top, self.hand.pen, self.pressure)

    def _character(self, canvas: Coverage, g: Glyph, em: float, centre: float, baseline: float) -> None:
        """Lays one glyph's distances into the canvas, the nearer path of two counting."""
        scale = em / EM * float(self.rng.normal(0.97, 0.012 + self.hand.looseness))
        shear = np.array([[1.0, -self.hand.slant + float(self.rng.normal(0, 0.02))], [0.0, 1.0]])
        stretch = np.diag([scale * float(self.rng.uniform(0.93, 1.05)), scale])
        matrix = _turn(float(self.rng.normal(0, 0.035))) @ shear @ stretch
        left = max(math.floor(centre - SIDE / 2 * scale), 0)
        right = min(math.ceil(centre + SIDE / 2 * scale), canvas.shape[1])
        target = np.array([centre - left, baseline])
        offset = target - matrix @ np.array([SIDE / 2, BASELINE])
        placed_at = np.column_stack([matrix, offset])
        size = (right - left, canvas.shape[0])
        laid = cv2.warpAffine(g.distances, placed_at, size, flags=cv2.INTER_LINEAR, borderValue=255)
        window = canvas[:, left:right]
        np.minimum(window, laid, out=window)

    def _inked(self, canvas: Coverage, em: float) -> Coverage:
        """The canvas bent elastically and inked as wide as the pen, with uneven pressure."""
        height, width = canvas.shape
        nodes = (5, max(round(width / em * 4), 4))
        bend = self.rng.normal(0, self.hand.looseness * em * 1.1, (2, *nodes)).astype(np.float32)
        columns, rows = _grid(height, width)
        map_x = columns + cv2.resize(bend[0], (width, height), interpolation=cv2.INTER_CUBIC)
        map_y = rows + cv2.resize(bend[1], (width, height), interpolation=cv2.INTER_CUBIC)
        bent_canvas = cv2.remap(
            canvas, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255
        )
        per_px = STEPS / (em / EM)
        radius = 0.8 * STEPS if self.hand.brush else 0.5 * self.hand.pen.width * self.paper.scale * per_px
        uneven = self.rng.integers(0, max(round(0.35 * radius), 1), nodes, dtype=np.uint8)
        pressed = cv2.add(bent_canvas, cv2.resize(uneven, (width, height), interpolation=cv2.INTER_LINEAR))
        return u8(cv2.LUT(pressed, _ink_table(round(radius * 1.15), round(per_px))))

    def signature(self, name: str, place: Rect) -> None:
        """A name as people sign: some write it, some only move the pen."""
        x, y, w, h = place
        left = x + float(self.rng.uniform(0.0, 0.35)) * w
        if self.rng.random() < 0.5:
            size = min(h * 0.85, self.hand.character * 1.25)
            self.text(name, left, y + h * 0.92, x + w - left, size)
            return
        for n in range(max(len(name), 2)):
            self._flourish(left + n * 7.0, y + h / 2, min(h * 0.45, 4.5))

    def _flourish(self, x: float, y: float, size: float) -> None:
        count = int(self.rng.integers(6, 11))
        across = np.linspace(0, 1.6, count) + self.rng.normal(0, 0.35, count)
        down = self.rng.uniform(-1, 1, count)
        self._draw([smooth(np.column_stack([x + across * size, y + down * size]))])

    # --- strokes -----------------------------------------------------------------------------

    def _draw(self, strokes: Sequence[Path]) -> None:
        self.paper.draw(strokes, self.hand.pen, self.rng, self.pressure)

    def _around(self, points: Sequence[tuple[float, float]], spread: float) -> Path:
        return np.array(points) + self.rng.normal(0, spread, (len(points), 2))


# --- how the marks are drawn: box → strokes in mm ------------------------------------------------


def _tick(writer: Writer, box: Rect) -> list[Path]:
    rng, side = writer.rng, box[2]
    reach = writer.hand.reach * float(rng.uniform(0.8, 1.25))
    start = (-0.38 + rng.normal(0, 0.08), -0.08 + rng.normal(0, 0.1))
    foot = (-0.1 + rng.normal(0, 0.07), 0.33 + rng.normal(0, 0.08))
    end = (foot[0] + reach * rng.uniform(0.55, 0.85), foot[1] - reach * rng.uniform(0.75, 1.05))
    sag = rng.normal(0.06, 0.05)
    middle = ((foot[0] + end[0]) / 2 + sag, (foot[1] + end[1]) / 2 + sag)
    strokes = [np.array([start, foot]), np.array([foot, middle, end])]
    return [smooth(stroke * side + _centre(box, rng, 0.07)) for stroke in _joined(strokes)]


def _joined(strokes: list[Path]) -> list[Path]:
    """Both strokes about one and the same centre: the jitter of the place must not part them."""
    return [np.concatenate([strokes[0], strokes[1]])]


def _cross(writer: Writer, box: Rect) -> list[Path]:
    rng, side = writer.rng, box[2]
    half = side * float(rng.uniform(0.33, 0.62))
    centre = _centre(box, rng, 0.05)
    arms = ((-1, -1, 1, 1), (1, -1, -1, 1))
    return [
        smooth(np.array([(x0, y0), (rng.normal(0, 0.08), rng.normal(0, 0.08)), (x1, y1)]) * half + centre)
        + rng.normal(0, 0.04 * side, 2)
        for x0, y0, x1, y1 in arms
    ]


def _fill(writer: Writer, box: Rect) -> list[Path]:
    cover = float(writer.rng.uniform(0.78, 1.02))
    return _hatch(writer, box, cover, writer.hand.density * float(writer.rng.uniform(0.93, 1.07)))


def _circle(writer: Writer, box: Rect) -> list[Path]:
    x, y, w, h = box
    radius = w * float(writer.rng.uniform(0.62, 0.85))
    return [_ellipse(writer, (x + w / 2, y + h / 2), radius * float(writer.rng.uniform(0.95, 1.15)), radius)]


def _stroke(writer: Writer, box: Rect) -> list[Path]:
    rng, side = writer.rng, box[2]
    half = side * float(rng.uniform(0.4, 0.75))
    angle = math.radians(float(rng.choice([-45, -50, 0, 40], p=[0.5, 0.2, 0.15, 0.15]) + rng.normal(0, 8)))
    along = np.array([math.cos(angle), math.sin(angle)]) * half
    centre = _centre(box, rng, 0.06)
    bow = centre + rng.normal(0, 0.04 * side, 2)
    return [smooth(np.array([centre - along, bow, centre + along]))]


def _dot(writer: Writer, box: Rect) -> list[Path]:
    rng, side = writer.rng, box[2]
    points = _centre(box, rng, 0.08) + rng.uniform(-0.16, 0.16, (7, 2)) * side
    return [smooth(points)]


_MARKS: Mapping[Mark, Callable[[Writer, Rect], list[Path]]] = {
    Mark.TICK: _tick,
    Mark.CROSS: _cross,
    Mark.FILL: _fill,
    Mark.CIRCLE: _circle,
    Mark.STROKE: _stroke,
    Mark.DOT: _dot,
}


def _hatch(writer: Writer, rect: Rect, cover: float, pitch: float, turned: bool = False) -> list[Path]:
    """A zigzag over `cover` times the rectangle; `pitch` in pen widths."""
    rng = writer.rng
    width, height = rect[2] * cover, rect[3] * cover
    count = max(round(height / (writer.hand.pen.width * pitch)), 3)
    along = np.linspace(-0.5, 0.5, count) + rng.normal(0, 0.25 / count, count)
    across = np.where(np.arange(count) % 2, 0.5, -0.5) * rng.uniform(0.85, 1.08, count)
    points = np.column_stack([across, along])
    if turned:
        points = points[:, ::-1]
    tilted = points * (width, height) @ _turn(float(rng.normal(-0.15, 0.12))).T
    return [np.asarray(tilted + _centre(rect, rng, 0.03))]


def _ellipse(writer: Writer, centre: tuple[float, float], half_width: float, half_height: float) -> Path:
    """A ring as the hand draws it: it starts anywhere and does not close where it began."""
    rng = writer.rng
    start = float(rng.uniform(0, 2 * math.pi))
    turn = 2 * math.pi + float(rng.uniform(-0.15, 0.9))
    angles = start + np.linspace(0, turn, 14)
    swell = np.linspace(1, float(rng.uniform(0.9, 1.12)), 14) + rng.normal(0, 0.02, 14)
    points = np.column_stack([np.cos(angles) * half_width, np.sin(angles) * half_height])
    return smooth(points * swell[:, None] + centre)


def _centre(rect: Rect, rng: Generator, spread: float) -> NDArray[np.float64]:
    """The rectangle's middle, missed by `spread` of its height."""
    x, y, w, h = rect
    return np.array([x + w / 2, y + h / 2]) + rng.normal(0, spread * h, 2)


def _turn(angle: float) -> NDArray[np.float64]:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@lru_cache(64)
def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return columns, rows


@lru_cache(512)
def _ink_table(radius: int, per_px: int) -> NDArray[np.uint8]:
    """Distance → coverage: full inside of `radius`, falling to none within one pixel."""
    distance = np.arange(256)
    covered = np.clip((radius - distance) / max(per_px, 1) + 0.5, 0, 1)
    covered[255] = 0
    return np.round(covered * 255).astype(np.uint8)
