"""The QR symbol on our sheets: version 2, found by zxing or read module by module.

zxing needs all three finder patterns. Where one is torn off, stained or stamped over, the modules
are sampled where the page's markers say that they are, the parts that are the same in every symbol
are put back, and what comes out is decoded as a clean picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from ingest import thresholds
from ingest.geometry import Matrix, Points, apply, fit_affine, fit_similarity
from ingest.model import Image
from ingest.sampling import Pyramid, Region, best_match, region_to_page
from layouts.model import QR_MODULES, QR_QUIET_MODULES

Modules = NDArray[np.bool_]
"""(25, 25), True is black."""

_MODEL_2 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
_FINDER = 7
_CORNERS = ((0, 0), (0, QR_MODULES - _FINDER), (QR_MODULES - _FINDER, 0))
_SAMPLE_PX = 4
"""Px per module of the picture that modules are sampled from."""
_FORMAT_LEVEL_Q = 0b11
_FORMAT_MASK = 0b101010000010010
_FORMAT_GENERATOR = 0b10100110111


def read_codes(picture: Image) -> list[tuple[str, Points]]:
    """Texts of the QR codes (model 2, not Micro QR) in a picture, and their corners in it.

    Corners clockwise from the symbol's own top left, to about a pixel.
    """
    found = zxingcpp.read_barcodes(picture, _MODEL_2, try_invert=False)
    return [(code.text, _corners(code.position)) for code in found if code.valid and code.text]


def _corners(position: zxingcpp.Position) -> Points:
    points = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return np.array([(point.x, point.y) for point in points], np.float64)


def sampled_texts(scan: Pyramid, page_to_scan: Matrix, place: tuple[float, float, float]) -> Iterator[str]:
    """What the code at `place` (x, y, side in mm) may say, read module by module, likeliest first.

    Anything may come out of a ruined code: only a text that passes its own check may be believed.
    """
    straightened = aligned(scan, page_to_scan, place)
    darkness = 255.0 - _module_means(scan, straightened, place)
    for dark in (_over_local_mean(darkness), _over_otsu(darkness)):
        restored = _with_fixed_patterns(dark)
        yield from _decoded(restored)
        for mask in range(8):
            yield from _decoded(_with_format(restored, mask))


def aligned(scan: Pyramid, page_to_scan: Matrix, place: tuple[float, float, float]) -> Matrix:
    """`page_to_scan` corrected near the code so that its finder patterns fall into place.

    Each of the three patterns is searched for by itself; one that is lost does not count.
    """
    return page_to_scan @ _correction(*_finders(scan, page_to_scan, place))


def _finders(scan: Pyramid, page_to_scan: Matrix, place: tuple[float, float, float]) -> tuple[Points, Points]:
    """Where the finder patterns' middles should be and where they are seen, mm by `page_to_scan`."""
    x, y, side = place
    module = side / QR_MODULES
    step, reach = module / _SAMPLE_PX, thresholds.FINDER_REACH_MM
    template = _finder_picture()
    half = (_FINDER + 2) * module / 2
    expected, seen = [], []
    for row, column in _CORNERS:
        centre = np.array((x + (column + _FINDER / 2) * module, y + (row + _FINDER / 2) * module))
        left, top = centre - half - reach
        region: Region = (left, top, 2 * (half + reach), 2 * (half + reach))
        best, at = best_match(scan.sample(page_to_scan, region, step), template)
        if best > thresholds.FINDER_SCORE:
            middle = np.array(at) + (template.shape[0] - 1) / 2
            expected.append(centre)
            seen.append(apply(region_to_page(region, step), middle[None])[0])
    return np.array(expected), np.array(seen)


def corners_on_page(
    scan: Pyramid, place: tuple[float, float, float], corners: Points | None, guess: Matrix | None
) -> tuple[Points, Points] | None:
    """The middles of the finder patterns: on the page in mm, in the scan in px; None when all are lost.

    They are looked for where zxing saw the code's `corners` (true to a pixel or two), else where
    `guess` has them.
    """
    x, y, side = place
    if corners is not None:
        outline = np.array(((x, y), (x + side, y), (x + side, y + side), (x, y + side)))
        guess = fit_affine(outline, corners)
    if guess is None:
        return None
    expected, seen = _finders(scan, guess, place)
    return (expected, apply(guess, seen)) if len(expected) else None


def _correction(expected: Points, seen: Points) -> Matrix:
    if len(expected) == 0:
        return np.eye(3)
    if len(expected) == 1:
        shift = np.eye(3)
        shift[:2, 2] = seen[0] - expected[0]
        return shift
    return (fit_similarity if len(expected) == 2 else fit_affine)(expected, seen)


@cache
def _finder_picture() -> Image:
    """A finder pattern with one white module around it."""
    rings = np.full((_FINDER + 2, _FINDER + 2), 255, np.uint8)
    rings[1:-1, 1:-1], rings[2:-2, 2:-2], rings[3:-3, 3:-3] = 0, 255, 0
    return np.kron(rings, np.ones((_SAMPLE_PX, _SAMPLE_PX), np.uint8))


# --- modules -------------------------------------------------------------------------------------


def _module_means(
    scan: Pyramid, page_to_scan: Matrix, place: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Mean grey of the middle of each module (25, 25)."""
    x, y, side = place
    step = side / QR_MODULES / _SAMPLE_PX
    picture = scan.sample(page_to_scan, (x, y, side, side), step).astype(np.float64)
    cells = picture.reshape(QR_MODULES, _SAMPLE_PX, QR_MODULES, _SAMPLE_PX)
    return np.asarray(cells[:, 1:-1, :, 1:-1].mean((1, 3)), np.float64)


def _over_local_mean(darkness: NDArray[np.float64]) -> Modules:
    """Against the neighbourhood: shadows and stains change slowly."""
    around = cv2.blur(darkness, (9, 9), borderType=cv2.BORDER_REFLECT)
    return np.asarray(darkness > around, np.bool_)


def _over_otsu(darkness: NDArray[np.float64]) -> Modules:
    levels = darkness.clip(0, 255).astype(np.uint8)
    _, dark = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray(dark, np.bool_)


def _with_fixed_patterns(dark: Modules) -> Modules:
    """Finder, alignment and timing patterns as version 2 has them."""
    fixed = dark.copy()
    last = QR_MODULES - 1
    for row, column in ((0, 0), (0, last - 7), (last - 7, 0)):
        fixed[row : row + 8, column : column + 8] = False
    for row, column in _CORNERS:
        fixed[row : row + 7, column : column + 7] = True
        fixed[row + 1 : row + 6, column + 1 : column + 6] = False
        fixed[row + 2 : row + 5, column + 2 : column + 5] = True
    fixed[16:21, 16:21] = True
    fixed[17:20, 17:20] = False
    fixed[18, 18] = True
    timing = np.arange(8, QR_MODULES - 8) % 2 == 0
    fixed[6, 8:-8] = timing
    fixed[8:-8, 6] = timing
    fixed[QR_MODULES - 8, 8] = True
    return fixed


def _with_format(dark: Modules, mask: int) -> Modules:
    """With the format information of level Q and this mask in both of its places."""
    data = _FORMAT_LEVEL_Q << 3 | mask
    remainder = data << 10
    for bit in range(14, 9, -1):
        if remainder >> bit & 1:
            remainder ^= _FORMAT_GENERATOR << (bit - 10)
    bits = (data << 10 | remainder) ^ _FORMAT_MASK
    values = [bool(bits >> n & 1) for n in range(15)]
    stamped = dark.copy()
    rows = (0, 1, 2, 3, 4, 5, 7, 8, *range(QR_MODULES - 7, QR_MODULES))
    columns = (*range(QR_MODULES - 1, QR_MODULES - 9, -1), 7, 5, 4, 3, 2, 1, 0)
    for value, row, column in zip(values, rows, columns, strict=True):
        stamped[row, 8] = value
        stamped[8, column] = value
    return stamped


def _decoded(dark: Modules) -> Iterator[str]:
    picture = np.where(np.pad(dark, QR_QUIET_MODULES), 0, 255).astype(np.uint8)
    clean = np.kron(picture, np.ones((2, 2), np.uint8))
    # Not `is_pure`: with model 2 asked for, zxing 3.1 then returns an invalid result for every picture.
    for code in zxingcpp.read_barcodes(
        clean,
        _MODEL_2,
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
    ):
        if code.valid and code.text:
            yield code.text
