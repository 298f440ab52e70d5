"""Straight pictures of regions of an image, at any scale, without the noise of skipped pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.bend import Bend
from ingest.geometry import Matrix, Points, apply, scale_at, shrunk
from ingest.model import Image

Region = tuple[float, float, float, float]
"""x, y, w, h in mm from the top-left corner of the page."""

_WHITE = (255.0, 255.0, 255.0)


class Pyramid:
    """An image with smaller copies of itself, each half as large; made when first needed.

    Sampling a picture at less than its own resolution takes the copy that fits: linear sampling
    would skip pixels, which turns 1-bit scans to noise.
    """

    def __init__(self, image: Image) -> None:
        self._levels = [image]

    @property
    def image(self) -> Image:
        return self._levels[0]

    def sample(
        self, page_to_image: Matrix, region: Region, mm_per_px: float, bend: Bend | None = None
    ) -> Image:
        """`region` of the page as a straight picture; white beyond the image's edge."""
        x, y, w, h = region
        level, image = self.level(scale_at(page_to_image, x + w / 2, y + h / 2) * mm_per_px)
        to_level = shrunk(2.0**-level) @ page_to_image
        size = size_px(region, mm_per_px)
        if bend is not None:
            places = _places(region, mm_per_px)
            at = apply(to_level, (places + bend.at(places)).reshape(-1, 2)).astype(np.float32)
            across, down = (at[:, n].reshape(places.shape[:2]) for n in (0, 1))
            return np.asarray(
                cv2.remap(image, across, down, cv2.INTER_LINEAR, borderValue=_WHITE),
                np.uint8,
            )
        matrix = to_level @ region_to_page(region, mm_per_px)
        return _warped(image, matrix, size)

    def level(self, density: float) -> tuple[int, Image]:
        """The level at which `density` (px of the image per px of the picture) is near one."""
        level = 0
        while density > thresholds.PATCH_OVERSAMPLING and min(self._levels[level].shape[:2]) > 1:
            level, density = level + 1, density / 2
            if len(self._levels) == level:
                self._levels.append(_halved(self._levels[-1]))
        return level, self._levels[level]


def _warped(image: Image, matrix: Matrix, size: tuple[int, int]) -> Image:
    """`matrix`: px of the picture → px of the image. Without perspective it takes half the time."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if not matrix[2, :2].any():
        return np.asarray(cv2.warpAffine(image, matrix[:2], size, flags=flags, borderValue=_WHITE), np.uint8)
    return np.asarray(cv2.warpPerspective(image, matrix, size, flags=flags, borderValue=_WHITE), np.uint8)


def size_px(region: Region, mm_per_px: float) -> tuple[int, int]:
    """Width and height of a region's picture."""
    return max(1, round(region[2] / mm_per_px)), max(1, round(region[3] / mm_per_px))


def region_to_page(region: Region, mm_per_px: float) -> Matrix:
    """Pixel coordinates of a region's picture → mm on the page."""
    half = mm_per_px / 2
    return np.array([[mm_per_px, 0.0, region[0] + half], [0.0, mm_per_px, region[1] + half], [0.0, 0.0, 1.0]])


def _places(region: Region, mm_per_px: float) -> Points:
    """Where each pixel of a region's picture lies on the page, mm (rows, columns, 2)."""
    width, height = size_px(region, mm_per_px)
    x = region[0] + mm_per_px * (np.arange(width) + 0.5)
    y = region[1] + mm_per_px * (np.arange(height) + 0.5)
    return np.stack(np.meshgrid(x, y), -1)


def _halved(image: Image) -> Image:
    height, width = (max(2, side // 2 * 2) for side in image.shape[:2])
    half = cv2.resize(image[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8)


def ink_channel(pixels: Image) -> Image:
    """Grey in which writing is dark: the red channel of a colour scan.

    Red seals and pale-red frames are white there; black, blue and pencil strokes stay dark.
    """
    return np.asarray(cv2.extractChannel(pixels, 0) if pixels.ndim == 3 else pixels, np.uint8)


def without_pen(picture: Image, darkest_print: int) -> Image:
    """`picture` with nothing darker than print can be there: pen would outweigh it in a match.

    `darkest_print` is that of the blank page, whose paper is 255; the picture's paper may be darker.
    """
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(picture))
    paper = min(255.0, mean + deviation)
    return np.maximum(picture, np.uint8(darkest_print * paper / 255.0))


def best_match(picture: Image, template: Image) -> tuple[float, tuple[float, float]]:
    """Where `template` fits best in `picture`: its correlation, and its left top to part of a pixel.

    Correlation is -1 to 1; 0 when one of the two is all of one grey, where nothing can be matched.
    """
    scores = np.asarray(cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED), np.float32)
    scores[~np.isfinite(scores) | (np.abs(scores) > 1.01)] = 0.0
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    return float(best), (x + _peak(scores[y, :], x), y + _peak(scores[:, x], y))


def _peak(scores: NDArray[np.float32], at: int) -> float:
    """Offset of the top of the parabola through a maximum and its neighbours, in ±0.5."""
    if not 0 < at < len(scores) - 1:
        return 0.0
    before, here, after = (float(score) for score in scores[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else max(-0.5, min(0.5, 0.5 * (before - after) / bend))
