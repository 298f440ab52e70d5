"""Marks drawn on printed pages and badly scanned, for the training of `training.train_marks`.

Pens, marks and scanners are its own, not those of `samples`, which stay unseen for checking.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import pypdfium2
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Picture

from forms import Form, load_catalogue
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest import mark_models, marks, word_models
from ingest.ink import PageInk
from ingest.model import Image, Registration
from ingest.register import RegisteredPage
from layouts import Box, BoxKind, Identity, Key, Layout, PageFrame, place

PX_PER_MM = 300 / 25.4
Points = NDArray[np.float64]
"""In half box sides from the box's centre, y downwards: the box spans -1 to 1."""


# --- pens and marks -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pen:
    width_mm: float
    darkness: float
    grain: float

    @staticmethod
    def of(rng: Generator) -> Pen:
        kind = rng.random()
        if kind < 0.6:  # gel and fibre pens
            return Pen(float(rng.uniform(0.28, 0.75)), float(rng.uniform(0.85, 0.97)), 0.0)
        if kind < 0.8:  # ballpoint
            return Pen(
                float(rng.uniform(0.22, 0.45)), float(rng.uniform(0.6, 0.85)), float(rng.uniform(0, 0.4))
            )
        if kind < 0.96:  # pencil
            return Pen(
                float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.2, 0.7))
            )
        return Pen(float(rng.uniform(0.8, 1.6)), float(rng.uniform(0.7, 0.95)), 0.0)  # marker


@dataclass
class Sheet:
    """A printed page at 300 dpi, its ink apart, which boxes were marked on purpose, and whose words were."""

    layout: Layout
    page: int
    print_: Image
    blank: Image
    ink: NDArray[np.float32]
    meant: set[Box]
    on_words: set[Box]
    faint: bool = False

    def boxes(self) -> list[Box]:
        return [box for box in self.layout.on_page(self.page) if box.kind is BoxKind.CHECKBOX]


def draw(sheet: Sheet, strokes: Sequence[Points], box: Box, pen: Pen, rng: Generator) -> None:
    """Strokes in a box's own coordinates; the pen's width and pressure vary along them."""
    half = np.array([box.w, box.h]) / 2
    centre = np.array([box.x, box.y]) + half
    for stroke in strokes:
        paper = (_curve(stroke) * half + centre) * PX_PER_MM
        margin = 12
        low = np.maximum(np.floor(paper.min(0)).astype(int) - margin, 0)
        high = np.ceil(paper.max(0)).astype(int) + margin
        window = sheet.ink[low[1] : high[1], low[0] : high[0]]
        if not window.size:
            continue
        line = np.zeros(window.shape, np.uint8)
        width = max(1, round(pen.width_mm * PX_PER_MM * float(rng.uniform(0.85, 1.15))))
        points = np.round((paper - low) * 16).astype(np.int32)
        cv2.polylines(line, [points], False, 255, width, cv2.LINE_AA, 4)
        dark = line.astype(np.float32) / 255 * pen.darkness
        if pen.grain:
            noise = cv2.blur(rng.random(window.shape, np.float32), (3, 3))
            dark *= 1 - pen.grain * (noise > 0.5)
        np.maximum(window, dark, out=window)


def _curve(points: Points) -> Points:
    """Chaikin's corner cutting."""
    for _ in range(2 if len(points) > 2 else 0):
        before, after = points[:-1], points[1:]
        cut = np.empty((2 * len(before), 2))
        cut[0::2], cut[1::2] = 0.8 * before + 0.2 * after, 0.2 * before + 0.8 * after
        points = np.concatenate([points[:1], cut, points[-1:]])
    return points


def _tick(rng: Generator) -> list[Points]:
    tail = rng.uniform(0.7, 2.6)
    knee = np.array([rng.uniform(-0.5, 0.2), rng.uniform(0.3, 1.2)])
    start = knee - rng.uniform(0.3, 1.1, 2)
    end = knee + rng.uniform(0.6, 1.1, 2) * tail * np.array([1, -1])
    return [np.array([start, knee, (knee + end) / 2 + rng.normal(0, 0.1, 2), end])]


def _cross(rng: Generator) -> list[Points]:
    size, jitter = rng.uniform(0.5, 1.5), 0.15
    strokes = [np.array([(-1, -1), (1, 1)]), np.array([(1, -1), (-1, 1)])]
    return [stroke * size + rng.normal(0, jitter, (2, 2)) for stroke in strokes]


def _line(rng: Generator) -> list[Points]:
    angle, size = rng.uniform(0, np.pi), rng.uniform(0.6, 2.3)
    way = np.array([np.cos(angle), np.sin(angle)]) * size
    return [np.array([-way, (0, 0), way]) + rng.normal(0, 0.1, (3, 2))]


def _ring(rng: Generator) -> list[Points]:
    radius = rng.uniform(1.1, 2.4) * np.array([1.0, rng.uniform(0.7, 1.1)])
    return [_ellipse(radius, rng)]


def _small_ring(rng: Generator) -> list[Points]:
    return [_ellipse(rng.uniform(0.4, 0.85) * np.array([1.0, rng.uniform(0.8, 1.2)]), rng)]


def _ellipse(radius: Points, rng: Generator) -> Points:
    turn = np.linspace(0, rng.uniform(1.9, 2.3) * np.pi, 18) + rng.uniform(0, 6)
    return np.stack([np.cos(turn), np.sin(turn)], 1) * radius + rng.normal(0, 0.04, (18, 2))


def _dot(rng: Generator) -> list[Points]:
    # Smaller ones, below 0.8 mm, cannot be told from dirt.
    return [rng.normal(0, rng.uniform(0.12, 0.45), (8, 2))]


def _scribble(rng: Generator) -> list[Points]:
    """Back and forth, with white between the lines."""
    return [_zigzag(rng, int(rng.integers(4, 9)), rng.uniform(0.6, 1.15))]


def _solid(rng: Generator) -> list[Points]:
    size = rng.uniform(0.9, 1.15)
    return [_zigzag(rng, 22, size), _zigzag(rng, 22, size)[:, ::-1]]


def _zigzag(rng: Generator, lines: int, size: float) -> Points:
    y = np.repeat(np.linspace(-size, size, lines), 2)
    x = np.tile([-size, size, size, -size], lines)[: 2 * lines]
    return np.stack([x, y], 1) + rng.normal(0, 0.05, (2 * lines, 2))


MARKS: tuple[tuple[Callable[[Generator], list[Points]], float], ...] = (
    (_tick, 0.39),
    (_cross, 0.14),
    (_line, 0.12),
    (_ring, 0.08),
    (_small_ring, 0.04),
    (_dot, 0.07),
    (_scribble, 0.08),
    (_solid, 0.08),
)


def _mark(rng: Generator) -> Callable[[Generator], list[Points]]:
    return MARKS[int(rng.choice(len(MARKS), p=[share for _, share in MARKS]))][0]


# --- filling in -----------------------------------------------------------------------------------


def fill_in(sheet: Sheet, rng: Generator) -> None:
    """A person's marks, corrections and accidents, question by question."""
    pen, habit = Pen.of(rng), _mark(rng)
    sheet.faint = pen.darkness < 0.6
    fields: dict[str, list[Box]] = {}
    for box in sheet.boxes():
        fields.setdefault(box.field, []).append(box)
    for boxes in fields.values():
        act, order = rng.random(), [boxes[n] for n in rng.permutation(len(boxes))]
        if act < 0.05:
            continue
        # More marks than anybody makes: each box is judged by itself, and empty ones teach little.
        for box in order[: int(rng.integers(1, max(2, len(order) * 2 // 3 + 1)))]:
            shape = habit if rng.random() < 0.6 else _mark(rng)
            put(sheet, box, shape, pen, rng)
        if act > 0.8:
            put(sheet, order[-1], habit, pen, rng)
            put(sheet, order[-1], _solid, pen, rng)
    for _ in range(int(rng.integers(1, 7)) if rng.random() < 0.6 else 0):
        put_on_words(sheet, sheet.boxes()[int(rng.integers(len(sheet.boxes())))], pen, rng)
    for _ in range(int(rng.integers(3, 17))):
        accident(sheet, Pen.of(rng), rng)
    for _ in range(int(rng.integers(1, 5)) if rng.random() < 0.15 else 0):
        strike_out(sheet, pen, rng)
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.25 else 0):
        press_seal(sheet, rng)
    for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.15 else 0):
        black_out(sheet, rng)


def put(
    sheet: Sheet,
    box: Box,
    shape: Callable[[Generator], list[Points]],
    pen: Pen,
    rng: Generator,
) -> None:
    # Broad pens, ink or pencil, do not make finer marks than themselves.
    off = rng.normal(0, 0.22, 2)
    draw(sheet, [stroke + off for stroke in shape(rng)], box, pen, rng)
    sheet.meant.add(box)


def put_on_words(sheet: Sheet, box: Box, pen: Pen, rng: Generator) -> None:
    """An option marked on its words instead of in its box: a mark on them, a ring around them, or a line
    under or through them. Nothing where it has no words, or is marked in its box."""
    words = sheet.layout.words_of(box)
    if words is None or box in sheet.meant:
        return
    x, y, w, h = words
    kind = rng.random()
    if kind < 0.55:
        side = rng.uniform(2.5, 5.0)
        left = x + rng.uniform(-0.15, max(w - 0.7 * side, 0.1))
        place = replace(box, x=left, y=y + (h - side) / 2 + rng.normal(0, 0.4), w=side, h=side)
        shape = _mark(rng)
        draw(sheet, shape(rng), place, pen, rng)
    elif kind < 0.8:  # around all of them, or only the first
        span = w if rng.random() < 0.75 else min(w, rng.uniform(4, 8))
        radius = np.array([span / 2 + rng.uniform(-0.3, 1.5), h / 2 + rng.uniform(-0.3, 1.2)])
        middle = np.array([x + span / 2, y + h / 2]) + rng.normal(0, 0.3, 2)
        draw(sheet, [_ellipse(np.ones(2), rng)], _area_box(box, middle - radius, 2 * radius), pen, rng)
    else:
        at = y + h + rng.uniform(-0.3, 1.2) if kind < 0.93 else y + h * rng.uniform(0.35, 0.65)
        start, end = x + rng.uniform(-0.8, 1.5), x + w * rng.uniform(0.7, 1.1)
        end += rng.uniform(3, 25) if rng.random() < 0.15 else 0.0
        lean, bow = rng.normal(0, 0.3), rng.normal(0, 0.25)
        line = np.array([(start, at - lean), ((start + end) / 2, at + bow), (end, at + lean)])
        whole = _area_box(box, np.zeros(2), np.full(2, 2.0))
        draw(sheet, [line - 1.0], whole, pen, rng)
    sheet.on_words.add(box)


def _area_box(box: Box, corner: Points, size: Points) -> Box:
    """A place to draw in: its strokes span -1 to 1."""
    return replace(box, x=float(corner[0]), y=float(corner[1]), w=float(size[0]), h=float(size[1]))


def accident(sheet: Sheet, pen: Pen, rng: Generator) -> None:
    """Dirt, a slip of the pen, writing that runs out of its place; meant for no box."""
    boxes = sheet.boxes()
    box, kind = boxes[int(rng.integers(len(boxes)))], rng.random()
    if kind < 0.35:  # a speck, 0.1 to 0.45 mm across
        spot = rng.uniform(-1.6, 1.6, 2)
        speck = replace(pen, width_mm=float(rng.uniform(0.1, 0.35)))
        draw(sheet, [spot + rng.normal(0, 0.02, (3, 2))], box, speck, rng)
    elif kind < 0.47:  # a hair or fibre: thin, soft, curled
        hair = Pen(float(rng.uniform(0.05, 0.14)), float(rng.uniform(0.25, 0.75)), 0.0)
        curl = np.cumsum(rng.normal(0, rng.uniform(0.3, 0.9), (int(rng.integers(4, 12)), 2)), axis=0)
        draw(sheet, [curl - curl[len(curl) // 2] + rng.normal(0, 0.8, 2)], box, hair, rng)
    elif kind < 0.68:  # strokes of writing beside it
        corner = np.array(
            [rng.choice([-1, 1]) * rng.uniform(1.1, 2.5), rng.choice([-1, 1]) * rng.uniform(0.9, 2.2)]
        )
        draw(sheet, [corner + rng.normal(0, 0.7, (5, 2))], box, pen, rng)
    elif kind < 0.8:
        put_on_words(sheet, box, pen, rng)
    else:  # a long stroke across, as an unused block is struck out
        turn = rng.uniform(0, np.pi) if rng.random() < 0.5 else rng.normal(0, 0.3)
        way = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(5, 40)
        middle = rng.uniform(-2.5, 2.5, 2)
        draw(sheet, [np.array([middle - way, middle + rng.normal(0, 0.3, 2), middle + way])], box, pen, rng)


def strike_out(sheet: Sheet, pen: Pen, rng: Generator) -> None:
    """A line through a row of the page, from one side to the other: unused rows are struck out."""
    boxes = sheet.boxes()
    box = boxes[int(rng.integers(len(boxes)))]
    half, paper = box.w / 2, sheet.layout.frame.width
    left, right = box.x + half - rng.uniform(8, 30), paper - box.x - rng.uniform(15, 60)
    lean, y = rng.normal(0, 0.04), rng.uniform(-2.0, 2.0)
    steps = np.linspace(-left * rng.uniform(0.3, 1.0), right * rng.uniform(0.4, 1.0), 6) / half
    draw(sheet, [np.stack([steps, y + lean * steps + rng.normal(0, 0.15, 6)], 1)], box, pen, rng)


def press_seal(sheet: Sheet, rng: Generator) -> None:
    """A round seal, unevenly inked: broad arcs, and characters along the rim."""
    boxes = sheet.boxes()
    box, seal = boxes[int(rng.integers(len(boxes)))], np.zeros_like(sheet.ink)
    radius, turn = rng.uniform(14, 23), rng.uniform(0, 2 * np.pi)
    towards, away = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.3, 1.1)
    middle = np.array([box.x, box.y]) + away * np.array([np.cos(towards), np.sin(towards)])
    ring = Pen(float(rng.uniform(0.7, 1.8)), 1.0, 0.0)
    centre = _area_box(box, middle - radius, np.full(2, 2 * radius))
    pressed = replace(sheet, ink=seal)
    draw(pressed, [_ellipse(np.ones(2), rng)], centre, ring, rng)
    brush = Pen(float(rng.uniform(0.4, 1.0)), 1.0, 0.0)
    for angle in np.arange(0.0, rng.uniform(3.5, 6.0), rng.uniform(0.3, 0.5)) + turn:
        size = rng.uniform(3.0, 5.5)
        at = middle + (radius - rng.uniform(4.0, 6.0)) * np.array([np.cos(angle), np.sin(angle)])
        glyph = [rng.uniform(-1, 1, (int(rng.integers(2, 4)), 2)) for _ in range(int(rng.integers(3, 7)))]
        draw(pressed, glyph, _area_box(box, at - size / 2, np.full(2, size)), brush, rng)
    patches = cv2.resize(rng.uniform(0.0, 1.4, (9, 7)).astype(np.float32), seal.shape[::-1])
    seal *= np.clip(patches, 0, 1) * np.float32(rng.uniform(0.3, 0.85))
    np.maximum(sheet.ink, seal, out=sheet.ink)


def black_out(sheet: Sheet, rng: Generator) -> None:
    """A torn or folded corner before a dark lid, a shadow's core, a hole: what is there cannot be known."""
    boxes = sheet.boxes()
    box, size = boxes[int(rng.integers(len(boxes)))], rng.uniform(2, 22)
    middle = np.array([box.x, box.y]) + rng.normal(0, 0.4, 2) * size
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 14))))
    reach = size * rng.uniform(0.5, 1.1, len(angles))
    corners = middle + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    black = np.zeros(sheet.ink.shape, np.uint8)
    cv2.fillPoly(black, [np.round(corners * PX_PER_MM).astype(np.int32)], 1)
    sheet.ink[black > 0] = rng.uniform(0.75, 1.0)
    sheet.meant -= {other for other in sheet.meant if _window(black, other, 0.5).any()}
    sheet.on_words -= {other for other in sheet.on_words if _window(black, other, 1.0).any()}


def label(sheet: Sheet, box: Box) -> str:
    """What the box truly is: what was meant, or whose ink strayed there."""
    window = _window(sheet.ink, box, -0.35)
    # Rings lie around the box. Of less than 0.3 mm² of ink nobody sees anything.
    if box in sheet.meant and (_window(sheet.ink, box, 3.0) > 0.1).sum() > 40:
        return "filled" if (window > 0.15).mean() > 0.65 else "marked"
    around = _window(sheet.ink, box, 1.2)
    touched = (window > 0.1).sum() >= 4 or (around > 0.1).mean() > 0.01
    return "stray" if touched else "empty"


def _window(ink: NDArray[Any], box: Box, grow: float) -> NDArray[Any]:
    left, top = (int((v - grow) * PX_PER_MM) for v in (box.x, box.y))
    right, bottom = (int((v + grow) * PX_PER_MM) for v in (box.x + box.w, box.y + box.h))
    return ink[top:bottom, left:right]


# --- scanning -------------------------------------------------------------------------------------


def scan(sheet: Sheet, rng: Generator) -> RegisteredPage:
    """A bad copy of the filled page, with a registration that is a little off."""
    frame = sheet.layout.frame
    dpi = float(rng.choice([120, 150, 200, 200, 240, 300]))
    page = _tone(_spread(sheet.print_, rng), rng) * (1 - sheet.ink)
    if rng.random() < 0.25:  # the other side shines through
        behind = np.roll(sheet.ink[:, ::-1], rng.integers(-40, 40, 2), (0, 1))
        page *= 1 - rng.uniform(0.04, 0.35) * cv2.GaussianBlur(behind, (0, 0), rng.uniform(1, 4))
    page = _stained(page, rng)
    true = _homography(frame, dpi / 25.4, rng)
    size = (round(frame.width * dpi / 25.4), round(frame.height * dpi / 25.4))
    scan_to_page = np.linalg.inv(true)
    picture = _warp(page, scan_to_page, size, rng)
    picture = _streaked(picture, rng)
    picture = _sensor(picture, dpi, rng, can_be_black=not sheet.faint)
    off = np.array([[1, 0, rng.normal(0, 0.06)], [0, 1, rng.normal(0, 0.06)], [0, 0, 1]])
    known = true @ off
    registration = Registration(tuple(map(float, (known / known[2, 2]).ravel())), 0.1, "training")
    return RegisteredPage(picture, sheet.blank, frame, registration)


def _spread(print_: Image, rng: Generator) -> NDArray[np.float32]:
    """Toner that spreads or is thin: lines broader or finer than the blank has them."""
    kind, cross = rng.random(), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    other = cv2.erode(print_, cross) if kind < 0.2 else cv2.dilate(print_, cross) if kind < 0.35 else print_
    share = np.float32(rng.uniform(0.3, 1.0))
    return np.asarray(print_ + share * (other.astype(np.float32) - print_), np.float32)


def _tone(print_: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """The printer's or copier's grey: pale, as meant, or nearly black."""
    gain = float(rng.choice([rng.uniform(0.6, 1.0), 1.0, rng.uniform(1.0, 2.2)], p=[0.3, 0.4, 0.3]))
    return np.clip(255 - (255 - print_) * gain, 0, 255)


def _stained(page: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    if rng.random() < 0.35:
        small = rng.random((6, 5)).astype(np.float32)
        field = cv2.resize(small, page.shape[::-1], interpolation=cv2.INTER_CUBIC)
        page = page * (1 - rng.uniform(0.03, 0.25) * np.clip(field, 0, 1))
    for _ in range(int(rng.integers(0, 4)) if rng.random() < 0.3 else 0):
        stain = np.zeros((page.shape[0] // 4, page.shape[1] // 4), np.float32)
        centre = (int(rng.integers(stain.shape[1])), int(rng.integers(stain.shape[0])))
        axes = (int(rng.uniform(4, 40) * PX_PER_MM / 4), int(rng.uniform(4, 40) * PX_PER_MM / 4))
        cv2.ellipse(stain, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        soft = cv2.GaussianBlur(stain, (0, 0), float(rng.uniform(0.6, 8)))
        page = page * (1 - rng.uniform(0.05, 0.35) * cv2.resize(soft, page.shape[::-1]))
    return page


def _streaked(picture: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Dust on a feeder's glass draws a line down the whole page; a fold's shade runs across it."""
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.2 else 0):
        along = picture if rng.random() < 0.7 else picture.T
        start, width = int(rng.integers(along.shape[1] - 8)), int(rng.integers(1, 5))
        along[:, start : start + width] *= 1 - rng.uniform(0.15, 0.7)
    return picture


def _homography(frame: PageFrame, scale: float, rng: Generator) -> NDArray[np.float64]:
    """Page mm → scan px: a slight turn, stretch and perspective."""
    corners = np.array([(0, 0), (frame.width, 0), (frame.width, frame.height), (0, frame.height)])
    angle = np.deg2rad(rng.normal(0, 1.2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = corners.mean(0)
    moved = (
        (corners - middle) @ turn.T * rng.uniform(0.97, 1.03) + middle + rng.normal(0, 1.0, (4, 2))
    ) * scale
    return cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))


def _warp(
    page: NDArray[np.float32], to_page: NDArray[np.float64], size: tuple[int, int], rng: Generator
) -> NDArray[np.float32]:
    """With a smooth local pull of up to some 0.3 mm on top of the homography."""
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    w = to_page[2, 0] * x + to_page[2, 1] * y + to_page[2, 2]
    u = (to_page[0, 0] * x + to_page[0, 1] * y + to_page[0, 2]) / w * PX_PER_MM - 0.5
    v = (to_page[1, 0] * x + to_page[1, 1] * y + to_page[1, 2]) / w * PX_PER_MM - 0.5
    pull = float(rng.choice([0.0, 0.08, 0.2])) * PX_PER_MM
    if pull:
        waves = rng.normal(0, pull, (2, 7, 5)).astype(np.float32)
        u += cv2.resize(waves[0], size, interpolation=cv2.INTER_CUBIC)
        v += cv2.resize(waves[1], size, interpolation=cv2.INTER_CUBIC)
    ratio = PX_PER_MM / (size[0] / 210)
    if ratio > 1.2:
        page = cv2.GaussianBlur(page, (0, 0), 0.35 * ratio)
    return cv2.remap(page, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR, borderValue=255.0)


def _sensor(picture: NDArray[np.float32], dpi: float, rng: Generator, can_be_black: bool) -> Image:
    """`can_be_black`: pencil is lost in black and white, and nothing can be learnt from what is not there."""
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 1.1)) * dpi / 200)
    paper, black = rng.uniform(215, 255), rng.uniform(0, 45)
    picture = black + picture / 255 * (paper - black)
    picture += rng.normal(0, 1, picture.shape).astype(np.float32) * rng.choice([1.0, 3.0, 7.0])
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    if can_be_black and rng.random() < 0.2:  # a scanner set to black and white
        pixels = np.where(pixels > paper * rng.uniform(0.55, 0.78), 255, 0).astype(np.uint8)
    elif rng.random() < 0.8:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 95))]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_GRAYSCALE)
    return pixels


# --- examples -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Examples:
    """Boxes that got a close look: their features, patches (`mark_models.pictures` as 0 to 255), what they
    truly are, and on which page; and what those truly were that the quick look passed over. `strips` are
    options' words (`word_models.pictures` as 0 to 255), labelled 1 where they are marked."""

    features: NDArray[np.float64]
    patches: Image
    labels: NDArray[np.int64]
    pages: NDArray[np.int64]
    passed: NDArray[np.int64]
    strips: Image
    strip_labels: NDArray[np.int64]
    strip_pages: NDArray[np.int64]


def draw_pages(count: int, seed: int, jobs: int) -> Examples:
    with ProcessPoolExecutor(jobs) as pool:
        found = list(pool.map(_drawn_page, range(count), [seed] * count, chunksize=10))
    names = [field.name for field in fields(Examples)]
    return Examples(*(np.concatenate([getattr(page, name) for page in found]) for name in names))


def _drawn_page(n: int, seed: int) -> Examples:
    cv2.setNumThreads(1)
    rng, pages = np.random.default_rng((seed, n)), printed_pages()
    layout, number, print_, blank = pages[n % len(pages)]
    sheet = Sheet(layout, number, print_, blank, np.zeros(print_.shape, np.float32), set(), set())
    fill_in(sheet, rng)
    boxes = sheet.boxes()
    ink = PageInk.of(scan(sheet, rng), boxes)
    _, quick, close = marks.look(ink, boxes)
    patches = mark_models.pictures(close.new, close.print_)
    drawn = marks.drawn(ink, boxes, close)
    labels = np.array([mark_models.CLASSES.index(label(sheet, box)) for box in boxes], np.int64)
    seen = list(close.chosen)
    strips, strip_labels = _strips(sheet, ink, rng)
    return Examples(
        np.array(
            [mark_models.vector(quick[n] | found) for n, found in zip(seen, drawn, strict=True)]
        ).reshape(len(seen), len(mark_models.QUICK + mark_models.CLOSE)),
        np.round(255 * patches).astype(np.uint8),
        labels[seen],
        np.full(len(seen), n),
        np.delete(labels, seen),
        strips,
        strip_labels,
        np.full(len(strips), n),
    )


def _strips(sheet: Sheet, ink: PageInk, rng: Generator) -> tuple[Image, NDArray[np.int64]]:
    """Words of options whose boxes are not marked: all that are marked themselves, as many of the others."""
    worded = [box for box in sheet.boxes() if box not in sheet.meant and sheet.layout.words_of(box)]
    marked = [box for box in worded if box in sheet.on_words]
    others = [box for box in worded if box not in sheet.on_words]
    some = [others[n] for n in rng.permutation(len(others))[:STRIPS_PER_PAGE]]
    chosen = [*marked, *some]
    pictures = word_models.pictures(ink, sheet.layout, chosen, (0.0, 0.0))
    labels = np.repeat([1, 0], [len(marked), len(some)]).astype(np.int64)
    return np.round(255 * pictures).astype(np.uint8), labels


STRIPS_PER_PAGE = 24


@cache
def printed_pages() -> list[tuple[Layout, int, Image, Image]]:
    """(layout, page, print at 300 dpi, blank) of every page with checkboxes."""
    with tempfile.TemporaryDirectory() as folder:
        forms = [form for form in load_catalogue() if form.kind == "sheet"]
        return [page for form in forms for page in _printed(form, Path(folder))]


def _printed(form: Form, folder: Path) -> list[tuple[Layout, int, Image, Image]]:
    layout, key, below = place(form), Key(bytes(32)), Random(0).randrange
    blanks = [np.asarray(Picture.open(BytesIO(png)).convert("L")) for png in blank_pages(layout)]
    sheets = []
    for page in range(1, layout.pages + 1):
        serial = key.new_serial(below)
        code = key.encode(Identity(serial, form.id, page))
        sheets.append(SheetPrint(layout, page, layout.pages, serial, code))
    entries = write_pdf(folder / "page.pdf", sheets)
    with pypdfium2.PdfDocument(folder / "page.pdf") as pdf:
        sides = [pdf[e.page - 1].render(scale=300 / 72, grayscale=True) for e in entries if e.serial]
        prints = [np.asarray(side.to_pil().convert("L")) for side in sides]
    return [
        (layout, n, print_, blank)
        for n, (print_, blank) in enumerate(zip(prints, blanks, strict=True), 1)
        if any(box.kind is BoxKind.CHECKBOX for box in layout.on_page(n))
    ]
