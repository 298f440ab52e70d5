"""Scan files that are pictures: TIFF, JPEG, PNG, HEIC…, by Pillow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from ingest import thresholds
from ingest.model import Image, PageImage
from ingest.undecodable import DAMAGE, IntakeError, check_size, page_errors, too_large

Pillow.init()  # or formats named in `open` are unknown until one of them was opened by chance
register_heif_opener()

_FORMATS = ("TIFF", "JPEG", "PNG", "HEIF", "BMP", "WEBP", "JPEG2000")
"""What counts as a scan. Pillow opens MPO, a phone's JPEG with a second picture behind it, as JPEG."""
_MULTIPAGE = ("TIFF", "HEIF")
_ORIENTATION = 0x0112
"""EXIF tag."""


class Pictures:
    """TIFF, JPEG, PNG, HEIC…: what Pillow opens."""

    def __init__(self, image: Pillow.Image) -> None:
        self._image = image
        self._count = _frames(image) if image.format in _MULTIPAGE else 1

    def __len__(self) -> int:
        return self._count

    def page(self, number: int) -> PageImage:
        with page_errors(number), _quiet():
            if self._count > 1:
                self._image.seek(number - 1)
            return _page_image(number, self._image)


def _frames(image: Pillow.Image) -> int:
    """Number of pages; those behind a broken link of a TIFF's chain cannot be counted."""
    try:
        return int(getattr(image, "n_frames", 1))
    except DAMAGE:
        return 1 + sum(1 for _ in _reachable(image))


def _reachable(image: Pillow.Image) -> Iterator[int]:
    """Page indices from 1 as far as the chain holds, and the one where it breaks, as a bad page."""
    index = 0
    with suppress(*DAMAGE):
        while True:
            index += 1
            try:
                image.seek(index)
            except EOFError:
                return
            yield index
    yield index


@contextmanager
def open_picture(path: Path) -> Iterator[Pictures]:
    try:
        with _quiet():
            image = Pillow.open(path, formats=_FORMATS)
            document = Pictures(image)
    except UnidentifiedImageError as error:
        raise IntakeError(
            "not_a_scan",
            "这不是扫描件：只能读取 PDF、TIFF、JPEG、PNG、HEIC 文件。请换成扫描件或照片再放入。",
        ) from error
    except Pillow.DecompressionBombError as error:
        raise too_large() from error
    except DAMAGE as error:
        raise IntakeError("broken", "图片文件已损坏，读不出来，请重新扫描或重新传送。") from error
    with image:
        yield document


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of large pictures, which `check_size` judges, and of damage, which a page reports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _page_image(number: int, image: Pillow.Image) -> PageImage:
    """The picture as grey or RGB, upright as its file says, with square pixels."""
    check_size(*image.size)
    dpi = _dpi(image)
    image.load()  # the orientation of a TIFF is applied here, and its tag removed
    upright = ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else image
    pixels = pixels_of(upright)
    if dpi and max(dpi) / min(dpi) > thresholds.SQUARE_PIXELS:
        turned = upright.size != image.size
        pixels = _squared(pixels, dpi[::-1] if turned else dpi)
    return PageImage(number, pixels, max(dpi) if dpi else None)


def _dpi(image: Pillow.Image) -> tuple[float, float] | None:
    """Across and down; None when the file does not say or says nonsense."""
    across, down = (float(side) for side in image.info.get("dpi", (0.0, 0.0)))
    plausible = all(thresholds.LEAST_DPI <= side <= thresholds.MOST_DPI for side in (across, down))
    return (across, down) if plausible else None


def pixels_of(image: Pillow.Image) -> Image:
    """Grey (H, W) or RGB (H, W, 3); transparent parts are white paper."""
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Pillow.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    grey = image.mode in ("1", "L", "LA")
    return np.array(image if image.mode in ("L", "RGB") else image.convert("L" if grey else "RGB"))


def _stretched(values: np.ndarray[Any, Any]) -> Image:
    """32-bit samples, whose scale no file states, spread over 0 to 255."""
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8)


def _squared(pixels: Image, dpi: tuple[float, float]) -> Image:
    """Fax pages have twice as many pixels across as down: the coarser side is stretched."""
    height, width = pixels.shape[:2]
    finest = max(dpi)
    size = (round(width * finest / dpi[0]), round(height * finest / dpi[1]))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
