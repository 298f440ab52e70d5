"""Trains the digit model: `ingest/models/digits.onnx` and the JSON beside it.

A development tool, not part of the application: it needs torch 2.13 and onnx, which are no
dependencies of the project (`pip install torch==2.13.0 onnx`). An hour on one core:

    python -m training.train_digits ../shared/real-marks --version digits-4

Learns from `digits-28px.npz` (blocks of it kept for validation, so that no writer is on both
sides), from the digits of handwriting-like fonts (whole families kept back) and from digits drawn
as jittered strokes; and from what is no digit: scribbles, blots, crossed-out digits, letters,
Chinese characters, two digits in one cell. The photographed crops in `digits/` are only ever checked.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn

from ingest.digits import CLASSES, NO_DIGIT, SIDE
from training.networks import convolution, export, temperature_of

Images = NDArray[np.uint8]
MASTER = 2 * SIDE
"""Side of the pictures that augmentation starts from; the digit's longer side takes `BODY` of it."""
BODY = 44
MODELS = Path(__file__).parents[1] / "ingest" / "models"
STRENGTH = 1.0
"""Of augmentation while learning."""
HELD_OUT_BLOCKS = ((2000, 2350), (4600, 5000))
"""Of digits-28px.npz, which keeps MNIST's order: neighbours are by the same writers."""

_FONTS = Path("/usr/share/fonts")
FONTS_LEARNT = ("kiloji", "klee", "yozvox-yozfont", "lxgw-wenkai", "arphic-gkai00mp")
FONTS_HELD_OUT = ("seto", "yusei-magic")


# --- what is learnt from --------------------------------------------------------------------------


@dataclass(frozen=True)
class Set:
    """Master pictures (N, MASTER, MASTER), white ink on black, and their classes."""

    images: Images
    labels: NDArray[np.int64]

    def __add__(self, other: Set) -> Set:
        return Set(np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels]))

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, indices: NDArray[np.int64]) -> Set:
        return Set(self.images[indices], self.labels[indices])


def mnist(path: Path) -> tuple[Set, Set]:
    """To learn from, and held out."""
    with np.load(path) as data:
        images, labels = data["images"], data["labels"].astype(np.int64)
    masters = np.stack([_fit(image) for image in images])
    held_out = np.zeros(len(labels), bool)
    for start, end in HELD_OUT_BLOCKS:
        held_out[start:end] = True
    everything = Set(masters, labels)
    return everything.pick(np.flatnonzero(~held_out)), everything.pick(np.flatnonzero(held_out))


def redrawn(written: Set, rng: np.random.Generator) -> Set:
    """The same digits by pens of all widths, fine ones above all: the middle of each stroke, drawn anew."""
    lines = _middles(written.images > 110)
    away = np.stack([cv2.distanceTransform(1 - line, cv2.DIST_L2, 5) for line in lines.astype(np.uint8)])
    half = np.exp(rng.uniform(np.log(0.8), np.log(4.5), (len(written), 1, 1)))
    return Set((255 * np.clip(half - away + 0.5, 0, 1)).astype(np.uint8), written.labels)


def _middles(inked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Strokes thinned to lines of one pixel (Zhang and Suen 1984), of all pictures (N, height, width)."""
    left = np.pad(inked, ((0, 0), (1, 1), (1, 1)))
    while True:
        before = left.sum()
        for first in (True, False):
            around = [
                np.roll(left, shift, (1, 2))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            ]  # from the pixel above, clockwise
            north, _, east, _, south, _, west, _ = around
            count = sum(one.astype(np.uint8) for one in around)
            turns = sum(
                (~one & other).astype(np.uint8)
                for one, other in zip(around, [*around[1:], around[0]], strict=True)
            )
            open_ = (
                ~(north & east & south) & ~(east & south & west)
                if first
                else (~(north & east & west) & ~(north & south & west))
            )
            left = left & ~((count >= 2) & (count <= 6) & (turns == 1) & open_)
        if left.sum() == before:
            return np.asarray(left[:, 1:-1, 1:-1])


def font_digits(families: tuple[str, ...]) -> Set:
    pictures = [(_glyph(font, str(d)), d) for font in _fonts(families) for d in range(10)]
    found = [(image, d) for image, d in pictures if image is not None]
    return Set(np.stack([image for image, _ in found]), np.array([d for _, d in found]))


def _fonts(families: tuple[str, ...]) -> list[ImageFont.FreeTypeFont]:
    paths = sorted(
        p for f in families for p in _FONTS.rglob(f"{f}/*") if p.suffix in {".ttf", ".ttc", ".otf"}
    )
    # Vertical variants of a face turn or repeat its digits.
    return [ImageFont.truetype(str(p), 60) for p in paths if "90" not in p.name]


def _glyph(font: ImageFont.FreeTypeFont, text: str) -> Images | None:
    picture = Image.new("L", (160, 160), 0)
    ImageDraw.Draw(picture).text((40, 40), text, fill=255, font=font)
    pixels = np.asarray(picture)
    return _fit(pixels) if pixels.any() else None


def _fit(image: Images) -> Images:
    """The ink centred in a master picture, its longer side `BODY` px, as `ingest.digits` does."""
    rows, columns = np.flatnonzero((image > 60).any(1)), np.flatnonzero((image > 60).any(0))
    crop = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = BODY / max(crop.shape)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    size = (max(2, round(crop.shape[1] * factor)), max(2, round(crop.shape[0] * factor)))
    body = cv2.resize(crop, size, interpolation=method)
    master = np.zeros((MASTER, MASTER), np.uint8)
    top, left = (MASTER - body.shape[0]) // 2, (MASTER - body.shape[1]) // 2
    master[top : top + body.shape[0], left : left + body.shape[1]] = body
    return master


# Digits as strokes in a box of 1 × 1.6, several ways each: round, square, and as Chinese hands write them.
_ARC = [(math.cos(t), math.sin(t)) for t in np.linspace(-math.pi / 2, 1.5 * math.pi, 17)]
STROKES: dict[int, list[list[list[tuple[float, float]]]]] = {
    0: [
        [[(0.5 + 0.5 * x, 0.8 + 0.8 * y) for x, y in _ARC]],
        [[(0, 0), (1, 0), (1, 1.6), (0, 1.6), (0, 0)]],
        [[(0.6, 0), (0.1, 0.3), (0, 0.9), (0.2, 1.5), (0.6, 1.6), (1, 1.1), (0.95, 0.4), (0.5, 0.05)]],
    ],
    1: [
        [[(0.5, 0), (0.5, 1.6)]],
        [[(0.6, 0), (0.4, 1.6)]],
        [[(0.2, 0.35), (0.5, 0), (0.5, 1.6)]],
        [[(0.3, 0.3), (0.5, 0), (0.5, 1.6)], [(0.2, 1.6), (0.8, 1.6)]],
    ],
    2: [
        [[(0.05, 0.35), (0.3, 0.02), (0.8, 0.05), (0.95, 0.45), (0.6, 0.95), (0, 1.6), (1, 1.6)]],
        [[(0, 0), (1, 0), (1, 0.8), (0, 0.8), (0, 1.6), (1, 1.6)]],
        [[(0.1, 0.3), (0.5, 0), (0.9, 0.35), (0.5, 1), (0.05, 1.5), (0.3, 1.35), (0.6, 1.55), (1, 1.45)]],
    ],
    3: [
        [[(0.05, 0.2), (0.5, 0), (0.9, 0.3), (0.4, 0.75), (0.95, 1.1), (0.6, 1.6), (0, 1.4)]],
        [[(0, 0), (1, 0), (1, 1.6), (0, 1.6)], [(0.1, 0.8), (1, 0.8)]],
        [[(0, 0), (0.95, 0), (0.4, 0.65), (0.9, 0.9), (0.85, 1.4), (0.4, 1.6), (0, 1.4)]],
    ],
    4: [
        [[(0.6, 0), (0, 1.05), (1, 1.05)], [(0.7, 0.5), (0.7, 1.6)]],
        [[(0.2, 0), (0.05, 0.9), (1, 0.9)], [(0.8, 0.1), (0.75, 1.6)]],
        [[(0, 0), (0, 0.8), (1, 0.8)], [(1, 0), (1, 1.6)]],
        [[(0.75, 1.6), (0.75, 0), (0, 1.1), (1, 1.1)]],
    ],
    5: [
        [[(0.95, 0), (0.15, 0), (0.1, 0.7), (0.6, 0.6), (1, 1.05), (0.6, 1.58), (0, 1.45)]],
        [[(0.15, 0.05), (0.1, 0.7), (0.7, 0.65), (0.95, 1.2), (0.5, 1.6), (0, 1.4)], [(0.15, 0), (1, 0)]],
        [[(1, 0), (0, 0), (0, 0.8), (1, 0.8), (1, 1.6), (0, 1.6)]],
    ],
    6: [
        [[(0.8, 0), (0.25, 0.5), (0.02, 1.1), (0.4, 1.6), (0.95, 1.25), (0.6, 0.85), (0.1, 1.1)]],
        [[(0.5, 0), (0.1, 0.8), (0.1, 1.4), (0.5, 1.6), (0.9, 1.3), (0.7, 0.9), (0.15, 1.05)]],
        [[(1, 0), (0, 0), (0, 1.6), (1, 1.6), (1, 0.8), (0, 0.8)]],
    ],
    7: [
        [[(0, 0.05), (0.95, 0), (0.45, 0.8), (0.35, 1.6)]],
        [[(0, 0.05), (0.95, 0), (0.45, 0.8), (0.35, 1.6)], [(0.15, 0.8), (0.85, 0.75)]],
        [[(0.02, 0.25), (0.05, 0.02), (1, 0.02), (0.5, 1.6)]],
        [[(0, 0), (1, 0), (1, 1.6)]],
    ],
    8: [
        [
            [
                (0.85, 0.15), (0.4, 0), (0.1, 0.35), (0.5, 0.75), (0.95, 1.2),
                (0.5, 1.6), (0.05, 1.25), (0.5, 0.78), (0.9, 0.35), (0.8, 0.1),
            ]
        ],
        [[(0, 0), (1, 0), (1, 1.6), (0, 1.6), (0, 0)], [(0, 0.8), (1, 0.8)]],
        [
            [(0.5 + 0.36 * x, 0.38 + 0.38 * y) for x, y in _ARC],
            [(0.5 + 0.48 * x, 1.18 + 0.42 * y) for x, y in _ARC],
        ],
    ],
    9: [
        [[(0.9, 0.3), (0.5, 0), (0.05, 0.4), (0.4, 0.8), (0.9, 0.4), (0.85, 1), (0.6, 1.6)]],
        [[(0.9, 0.35), (0.45, 0), (0.05, 0.4), (0.5, 0.75), (0.9, 0.3), (0.9, 1.6)]],
        [[(1, 0.8), (0, 0.8), (0, 0), (1, 0), (1, 1.6)], [(1, 1.6), (0, 1.6)]],
        [[(1, 0.8), (0, 0.8), (0, 0), (1, 0), (1, 1.6)]],
    ],
}  # fmt: skip


def drawn_digits(count: int, rng: np.random.Generator) -> Set:
    labels = rng.integers(0, 10, count)
    return Set(np.stack([_draw(int(d), rng) for d in labels]), labels)


def _draw(digit: int, rng: np.random.Generator) -> Images:
    ways = STROKES[digit]
    strokes = ways[rng.integers(len(ways))]
    rounded = rng.random() < 0.6
    width = int(rng.integers(3, 13))
    picture = np.zeros((200, 160), np.uint8)
    for stroke in strokes:
        points = (
            np.array(stroke) * (rng.uniform(55, 85), 85) + (40, 30) + rng.normal(0, 3.5, (len(stroke), 2))
        )
        line = _smooth(points) if rounded and len(points) > 2 else points
        cv2.polylines(picture, [np.round(line * 8).astype(np.int32)], False, 255, width, cv2.LINE_AA, 3)
    return _fit(picture)


def _smooth(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chaikin's corner cutting, twice: the hand rounds its corners."""
    for _ in range(2):
        before, after = points[:-1], points[1:]
        cut = np.empty((2 * len(before), 2))
        cut[0::2], cut[1::2] = 0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after
        points = np.concatenate([points[:1], cut, points[-1:]])
    return points


# --- what is no digit -----------------------------------------------------------------------------

_LETTERS = "ACDEFHKMNPRVWXYabdefhkmnpruwy"
_CHARACTERS = "无有年月元万人户村组张王李赵陈不是电话号岁党员男女米亩其他问题建议省市区镇路号栋室约近千百"


def no_digits(digits: Set, count: int, families: tuple[str, ...], rng: np.random.Generator) -> Set:
    fonts = _fonts(families)
    makers = [
        lambda: _scribble(rng),
        lambda: _blot(rng),
        lambda: _dashes(rng),
        lambda: _crossed_out(digits, rng),
        lambda: _crossed_out(digits, rng),
        lambda: _overwritten(digits, rng),
        lambda: _two(digits, rng),
        lambda: _letter(fonts, rng),
    ]
    images = np.stack([makers[int(rng.integers(len(makers)))]() for _ in range(count)])
    return Set(images, np.full(count, NO_DIGIT))


def _any(digits: Set, rng: np.random.Generator) -> Images:
    return digits.images[rng.integers(len(digits))]


def _line(picture: Images, points: NDArray[np.float64], rng: np.random.Generator) -> None:
    cv2.polylines(
        picture, [np.round(points * 8).astype(np.int32)], False, 255, int(rng.integers(2, 6)), cv2.LINE_AA, 3
    )


def _scribble(rng: np.random.Generator) -> Images:
    picture = np.zeros((MASTER, MASTER), np.uint8)
    _line(picture, _smooth(rng.uniform(10, 54, (int(rng.integers(6, 16)), 2))), rng)
    return _fit(picture)


def _blot(rng: np.random.Generator) -> Images:
    """A filled patch, or a speck: specks stay small, for `ingest.digits` never enlarges them much."""
    picture = np.zeros((MASTER, MASTER), np.uint8)
    largest = 22 if rng.random() < 0.5 else 7
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.integers(20, 44)), int(rng.integers(20, 44)))
        axes = (int(rng.integers(2, largest)), int(rng.integers(2, largest)))
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    return picture


def _dashes(rng: np.random.Generator) -> Images:
    """Level strokes, and crosses: what stands for 'none' in a cell."""
    picture = np.zeros((MASTER, MASTER), np.uint8)
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 3))):
            y = rng.uniform(20, 44)
            _line(picture, np.array([(8, y), (32, y + rng.normal(0, 2)), (56, y + rng.normal(0, 6))]), rng)
    else:
        for points in (((10, 10), (54, 54)), ((54, 10), (10, 54))):
            _line(picture, np.array(points) + rng.normal(0, 4, (2, 2)), rng)
    return picture


def _crossed_out(digits: Set, rng: np.random.Generator) -> Images:
    picture = _any(digits, rng).copy()
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.5:  # strokes across
            y = rng.uniform(22, 42)
            points = np.array([(4, y), (32, y + rng.normal(0, 4)), (60, y + rng.normal(0, 8))])
        elif rng.random() < 0.5:  # strokes along the diagonal
            ends = np.array([(6, 58), (58, 6)]) if rng.random() < 0.5 else np.array([(6, 6), (58, 58)])
            points = ends + rng.normal(0, 5, (2, 2))
        else:
            points = _smooth(rng.uniform(6, 58, (8, 2)))
        _line(picture, points, rng)
    return picture


def _overwritten(digits: Set, rng: np.random.Generator) -> Images:
    """Two different digits on each other."""
    shift = np.float32([[1, 0, rng.normal(0, 3)], [0, 1, rng.normal(0, 3)]])
    first, second = rng.integers(len(digits), size=2)
    if digits.labels[first] == digits.labels[second] or {digits.labels[first], digits.labels[second]} & {
        1,
        7,
    }:
        return _two(digits, rng)
    moved = cv2.warpAffine(digits.images[second], shift, (MASTER, MASTER))
    return _fit(np.maximum(digits.images[first], moved))


def _two(digits: Set, rng: np.random.Generator) -> Images:
    wide = np.zeros((MASTER, 2 * MASTER), np.uint8)
    gap = int(rng.integers(26, 50))
    wide[:, :MASTER] = _any(digits, rng)
    right = wide[:, gap : gap + MASTER]
    np.maximum(right, _any(digits, rng), out=right)
    return _fit(wide)


def _letter(fonts: list[ImageFont.FreeTypeFont], rng: np.random.Generator) -> Images:
    while True:
        font = fonts[rng.integers(len(fonts))]
        alphabet = _LETTERS if rng.random() < 0.3 else _CHARACTERS
        picture = _glyph(font, alphabet[rng.integers(len(alphabet))])
        if picture is not None:
            return picture


# --- augmentation, a batch at a time ---------------------------------------------------------------


def augment(masters: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """(N, 1, MASTER, MASTER) in 0..1 → (N, 1, SIDE, SIDE) as `ingest.digits.normalise` would give them."""
    ink = _bend(masters, strength, generator)
    ink = _thicken(ink, strength, generator)
    ink = _intrude(ink, masters, strength, generator)
    ink = _residue(ink, strength, generator)
    ink = _break(ink, strength, generator)
    small = _blur(F.avg_pool2d(ink, 2), strength, generator)
    return _fade(small, strength, generator)


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.empty(n, 1, 1, 1).uniform_(low, high, generator=generator)


def _bend(masters: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Turn, shear, stretch, shift, and an elastic pull on top."""
    n = len(masters)
    turn = 0.22 * strength * torch.randn(n, generator=generator)
    shear = 0.18 * strength * torch.randn(n, generator=generator)
    scale = 1 + strength * torch.empty(n, 2).uniform_(-0.18, 0.22, generator=generator)
    cos, sin = torch.cos(turn), torch.sin(turn)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * scale[:, 0], (shear * cos - sin) * scale[:, 0]
    theta[:, 1, 0], theta[:, 1, 1] = sin * scale[:, 1], (shear * sin + cos) * scale[:, 1]
    theta[:, :, 2] = 0.07 * strength * torch.randn(n, 2, generator=generator)
    grid = F.affine_grid(theta, [n, 1, MASTER, MASTER], align_corners=False)
    pull = 0.05 * strength * torch.randn(n, 2, 5, 5, generator=generator)
    pull = F.interpolate(pull, size=(MASTER, MASTER), mode="bicubic", align_corners=True)
    return F.grid_sample(masters, grid + pull.permute(0, 2, 3, 1), align_corners=False)


def _thicken(ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Finer and broader pens: where on the stroke's flank the edge is drawn."""
    n = len(ink)
    finer, broader = 1 - F.max_pool2d(1 - ink, 3, 1, 1), F.max_pool2d(ink, 3, 1, 1)
    which = torch.rand(n, 1, 1, 1, generator=generator)
    ink = torch.where(which < 0.25 * strength, 0.5 * (finer + ink), ink)
    ink = torch.where(which > 1 - 0.25 * strength, broader, ink)
    edge = _uniform(n, 0.5 - 0.25 * strength, 0.5 + 0.2 * strength, generator)
    ink = torch.sigmoid((F.avg_pool2d(ink, 3, 1, 1) - edge) * 8)
    return ink / ink.amax((2, 3), keepdim=True).clamp_min(0.2)


def _intrude(ink: Tensor, masters: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Strokes of the neighbouring cell that reach in at the left or right."""
    n = len(ink)
    others = masters[torch.randperm(n, generator=generator)]
    shift = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    theta = torch.eye(2, 3).repeat(n, 1, 1)
    theta[:, 0, 2] = shift * torch.empty(n).uniform_(1.25, 1.5, generator=generator)
    beside = F.grid_sample(
        others, F.affine_grid(theta, list(ink.shape), align_corners=False), align_corners=False
    )
    there = torch.rand(n, 1, 1, 1, generator=generator) < 0.2 * strength
    return torch.where(there, torch.maximum(ink, beside), ink)


def _residue(ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """What is left of cell lines, gaps where they were whitened, and specks of dirt."""
    n, side = len(ink), MASTER
    at = torch.arange(side).view(1, 1, 1, side)
    for vertical in (True, False):
        place = torch.randint(0, side, (n, 1, 1, 1), generator=generator)
        near_edge = (place < 10) | (place >= side - 10)
        broken = torch.rand(n, 1, side, 1, generator=generator) < 0.7
        line = ((at - place).abs() <= 1) & near_edge & broken
        line = line if vertical else line.transpose(2, 3)
        grey = _uniform(n, 0.0, 0.45 * strength, generator)
        ink = torch.maximum(ink, line * grey)
        gap = ((at - place).abs() <= 1).expand(n, 1, side, side)
        gap = gap if vertical else gap.transpose(2, 3)
        cut = torch.rand(n, 1, 1, 1, generator=generator) < 0.12 * strength
        ink = torch.where(gap & cut, 0.25 * ink, ink)
    specks = (torch.rand(n, 1, side, side, generator=generator) > 1 - 0.0003 * strength).float()
    return torch.maximum(ink, F.max_pool2d(specks, 5, 1, 2) * 0.8)


def _break(ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Pens that skip, toner that did not hold, scans to black and white: strokes with holes."""
    n = len(ink)
    noise = torch.randn(n, 1, MASTER // 4, MASTER // 4, generator=generator)
    noise = F.interpolate(noise, size=(MASTER, MASTER), mode="bilinear", align_corners=False)
    holes = noise > _uniform(n, 0.6, 1.6, generator)
    some = torch.rand(n, 1, 1, 1, generator=generator) < 0.15 * strength
    return torch.where(holes & some, 0.15 * ink, ink)


def _blur(ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    soft = F.avg_pool2d(F.pad(ink, (1, 1, 1, 1)), 3, 1)
    amount = _uniform(len(ink), 0.0, 0.8 * strength, generator)
    return ink * (1 - amount) + soft * amount


def _fade(ink: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    n = len(ink)
    ink = ink * _uniform(n, 1 - 0.35 * strength, 1.0, generator)
    level = _uniform(n, 0.0, 0.1 * strength, generator)
    return (ink + level * torch.randn(ink.shape, generator=generator)).clamp(0, 1)


# --- the model ------------------------------------------------------------------------------------


class Residual(nn.Module):
    """A convolution whose result is added to what goes in: deeper networks learn better like this."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*convolution(channels, channels, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures + self.layers(pictures)


def model() -> nn.Sequential:
    """Seven convolutions; 0.4 million weights, 0.4 ms for a digit."""
    plan = [(1, 32), (32, 48), (48, 80), (80, 112)]
    steps = [2, 1, 2, 2]
    layers: list[nn.Module] = []
    for (inputs, outputs), step in zip(plan, steps, strict=True):
        layers += convolution(inputs, outputs, step)
        layers += [Residual(outputs)] if outputs > inputs and inputs > 1 else []
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(112 * 16, CLASSES))


def train(sets: list[tuple[float, Set]], samples: int, seed: int) -> nn.Sequential:
    """`sets` with the share of the samples that each gives."""
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    network, batch = model(), 256
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.02)
    steps = samples // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps, pct_start=0.15)
    loss_of = nn.CrossEntropyLoss()
    started, seen = time.monotonic(), 0.0
    for step in range(steps):
        images, labels = _mixture(sets, batch, rng)
        loss = loss_of(network(augment(images, STRENGTH, generator)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        seen = loss.item() if step == 0 else 0.99 * seen + 0.01 * loss.item()
        if step % 200 == 199:
            print(f"{step + 1}/{steps}  loss {seen:.4f}  {time.monotonic() - started:.0f} s", flush=True)
    return network.eval()


def _mixture(sets: list[tuple[float, Set]], batch: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    counts = rng.multinomial(batch, [share for share, _ in sets])
    picked = [s.pick(rng.integers(0, len(s), n)) for n, (_, s) in zip(counts, sets, strict=True) if n]
    images = np.concatenate([p.images for p in picked])
    return _tensor(images), torch.from_numpy(np.concatenate([p.labels for p in picked]))


def _tensor(images: Images) -> Tensor:
    return torch.from_numpy(images).float().unsqueeze(1) / 255


# --- how good -------------------------------------------------------------------------------------


def logits_of(network: nn.Sequential, data: Set, strength: float, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        parts = [
            augment(_tensor(data.images[i : i + 500]), strength, generator) for i in range(0, len(data), 500)
        ]
        return torch.cat([network(part) for part in parts])


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(1) == labels).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("marks", type=Path, help="the folder real-marks")
    parser.add_argument("--samples", type=int, default=1_600_000, help="augmented pictures to learn from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--version", required=True, help="stored with each reading, e.g. digits-4")
    parser.add_argument("--out", type=Path, default=MODELS)
    options = parser.parse_args()

    rng = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    written, written_held_out = mnist(options.marks / "digits-28px.npz")
    fonts, fonts_held_out = font_digits(FONTS_LEARNT), font_digits(FONTS_HELD_OUT)
    drawn, drawn_held_out = drawn_digits(6000, rng), drawn_digits(1000, rng)
    by_pens = sum((redrawn(written, rng) for _ in range(2)), start=redrawn(written, rng))
    by_pens_held_out = redrawn(written_held_out, rng)
    none = no_digits(written + by_pens + fonts, 16000, FONTS_LEARNT, rng)
    none_held_out = no_digits(written_held_out + by_pens_held_out + fonts_held_out, 2000, FONTS_HELD_OUT, rng)

    network = train(
        [(0.38, written), (0.24, by_pens), (0.12, fonts), (0.08, drawn), (0.18, none)],
        options.samples,
        options.seed,
    )

    repeated = fonts_held_out.pick(np.tile(np.arange(len(fonts_held_out)), 10))
    checks = {
        "handwriting": written_held_out,
        "other_pens": by_pens_held_out,
        "fonts": repeated,
        "strokes": drawn_held_out,
        "no_digit": none_held_out,
    }
    calibration = written_held_out + by_pens_held_out + repeated + drawn_held_out + none_held_out
    labels = torch.from_numpy(calibration.labels)
    temperature = temperature_of(logits_of(network, calibration, 0.6), labels)
    report = {
        name: {
            "n": len(data),
            "as_is": accuracy(logits_of(network, data, 0.0), torch.from_numpy(data.labels)),
            "augmented": accuracy(logits_of(network, data, 0.6), torch.from_numpy(data.labels)),
        }
        for name, data in checks.items()
    }
    options.out.mkdir(parents=True, exist_ok=True)
    export(network, temperature, (1, SIDE, SIDE), "ink", options.out / "digits.onnx")
    facts = {
        "version": options.version,
        "trained_on": "digits-28px.npz (MNIST test set, half, without the held-out blocks), the same by "
        f"other pens, handwriting-like fonts ({', '.join(FONTS_LEARNT)}), digits drawn as strokes, and "
        "what is no digit",
        "held_out": f"blocks {HELD_OUT_BLOCKS} of it, fonts {', '.join(FONTS_HELD_OUT)}, other strokes",
        "samples": options.samples,
        "seed": options.seed,
        "temperature": round(temperature, 3),
        "accuracy": report,
    }
    text = json.dumps(facts, ensure_ascii=False, indent=2)
    (options.out / "digits.json").write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
