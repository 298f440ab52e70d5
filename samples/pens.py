"""Pens on paper: ink laid over a picture of a printed page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.picture import GREY, Image, u8

Coverage = NDArray[np.uint8]
"""How much of a pixel is inked, 0 to 255."""
Path = NDArray[np.float64]
"""Points (N, 2) of a stroke in mm."""

_FINE = 4  # strokes are drawn this much larger and shrunk
_GRAIN_SIDE = 512


@dataclass(frozen=True)
class Pen:
    """What is written with.

    colour    RGB of full ink
    width     mm
    strength  how much of the light full ink takes away, 0 to 1
    grain     how much the paper's roughness shows, 0 to 1: gel pens 0, pencils 1
    """

    name: str
    colour: tuple[int, int, int]
    width: float
    strength: float = 0.95
    grain: float = 0.0


@dataclass
class Paper:
    """A picture of a page that is written on; `scale` in px per mm."""

    pixels: Image
    scale: float

    @property
    def dpi(self) -> float:
        return self.scale * 25.4

    def lay(self, coverage: Coverage, left: int, top: int, pen: Pen, strength: float = 1.0) -> None:
        """Ink multiplied onto the page at (left, top); what lies outside of the page is cut off."""
        height, width = self.pixels.shape[:2]
        y0, x0 = max(top, 0), max(left, 0)
        y1, x1 = min(top + coverage.shape[0], height), min(left + coverage.shape[1], width)
        if y0 >= y1 or x0 >= x1:
            return
        ink = coverage[y0 - top : y1 - top, x0 - left : x1 - left]
        if pen.grain:
            ink = u8(cv2.multiply(ink, _grain(ink.shape, (y0, x0), pen.grain), scale=1 / 255))
        region = self.pixels[y0:y1, x0:x1]
        light = 1 - np.array(pen.colour) / 255
        full = pen.strength * strength
        if region.ndim == 2:
            kept = cv2.LUT(ink, _transmission(full * float(light @ GREY)))
        else:
            kept = cv2.merge([cv2.LUT(ink, _transmission(full * float(part))) for part in light])
        cv2.multiply(region, kept, dst=region, scale=1 / 255)

    def draw(self, strokes: Sequence[Path], pen: Pen, rng: Generator, strength: float = 1.0) -> None:
        """Strokes of the pen, a little uneven in width as pressed."""
        points = np.concatenate(strokes)
        margin = 2 * pen.width
        left = math.floor((points[:, 0].min() - margin) * self.scale)
        top = math.floor((points[:, 1].min() - margin) * self.scale)
        width = math.ceil((points[:, 0].max() + margin) * self.scale) - left
        height = math.ceil((points[:, 1].max() + margin) * self.scale) - top
        canvas = np.zeros((height * _FINE, width * _FINE), np.uint8)
        for stroke in strokes:
            self._stroke(canvas, stroke, (left, top), pen, rng)
        coverage = u8(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA))
        self.lay(coverage, left, top, pen, strength)

    def white_out(self, left: float, top: float, width: float, height: float, rng: Generator) -> None:
        """Correction fluid over a rectangle of mm: what was printed and written there is gone."""
        wide, high = round(width * self.scale), round(height * self.scale)
        y, x = round(top * self.scale), round(left * self.scale)
        region = self.pixels[max(y, 0) : y + high, max(x, 0) : x + wide]
        if not region.size:
            return
        edge = cv2.resize(rng.uniform(0.2, 1, (5, 7)), region.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        rows = np.abs(np.linspace(-1, 1, region.shape[0]))[:, None]
        columns = np.abs(np.linspace(-1, 1, region.shape[1]))[None, :]
        covered = np.clip((1.25 - np.maximum(rows, columns) - 0.25 * edge) * 5, 0, 1)
        shade = rng.uniform(243, 254)
        mixed = region * (1 - _over(covered, region)) + shade * _over(covered, region)
        region[...] = mixed.astype(np.uint8)

    def _stroke(
        self, canvas: Coverage, stroke: Path, corner: tuple[int, int], pen: Pen, rng: Generator
    ) -> None:
        shift = 4
        fine = (stroke * self.scale - corner) * _FINE
        points = np.round(fine * (1 << shift)).astype(int).tolist()
        pressure = _pressure(len(points), rng) * (pen.width * self.scale * _FINE)
        for n in range(len(points) - 1):
            thickness = max(round(float(pressure[n])), 1)
            cv2.line(canvas, points[n], points[n + 1], 255, thickness, cv2.LINE_8, shift)


def _over(mask: NDArray[np.float64], region: Image) -> NDArray[np.float64]:
    """`mask` with as many dimensions as `region`."""
    return mask if region.ndim == 2 else mask[..., None]


def _pressure(count: int, rng: Generator) -> NDArray[np.float64]:
    """Relative width along a stroke: a slow change, and a lift at the end."""
    ends = rng.uniform(0.8, 1.15, 3)
    slow = np.interp(np.linspace(0, 2, count), (0, 1, 2), ends)
    slow[-max(count // 5, 1) :] *= rng.uniform(0.6, 1.0)
    return slow


@lru_cache(4096)
def _transmission_table(thousandths: int) -> NDArray[np.uint8]:
    return np.round(255 - np.arange(256) * (thousandths / 1000)).astype(np.uint8)


def _transmission(full: float) -> NDArray[np.uint8]:
    """Coverage → share of the light that is left, 0 to 255."""
    return _transmission_table(round(min(full, 1.0) * 1000))


@lru_cache
def _roughness() -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, (_GRAIN_SIDE, _GRAIN_SIDE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 0.8)
    return np.clip(150 + smooth * 190, 0, 255).astype(np.uint8)


def _grain(shape: tuple[int, ...], corner: tuple[int, int], grain: float) -> NDArray[np.uint8]:
    """What of the ink the paper takes, from one repeated piece of rough paper."""
    rows = (np.arange(shape[0]) + corner[0]) % _GRAIN_SIDE
    columns = (np.arange(shape[1]) + corner[1]) % _GRAIN_SIDE
    rough = _roughness()[np.ix_(rows, columns)]
    return u8(cv2.addWeighted(rough, grain, np.full_like(rough, 255), 1 - grain, 0))
