"""Puts a page straight: where each millimetre of the printed page lies in the scan.

Places on the page are mm from its top-left corner, y downwards. In images, integer coordinates are
pixel centres (OpenCV's convention), so a mm is at `mm × scale - 0.5` px of a straight picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import thresholds
from ingest.model import BLANK_DPI, Image, Registration
from layouts.model import PageFrame

Matrix = NDArray[np.float64]
Shift = tuple[float, float]
READING_MM_PER_PX = 25.4 / BLANK_DPI
"""One pixel of the blank page: the scale at which fields are looked at unless asked otherwise."""


@dataclass(frozen=True)
class Alignment:
    """Where a field really lies: `shift_mm` (x, y) is to be added to its place on the page.

    residual_mm  how far its print may still be from there
    score        correlation with the blank page, -1 to 1; low when print is covered or missing
    """

    shift_mm: Shift
    residual_mm: float
    score: float


@dataclass(frozen=True)
class RegisteredPage:
    """A scan laid over what was printed: any region of both, at the same scale, pixel on pixel.

    scan   the page as it came in, grey or RGB
    blank  the static print of this page, grey, `BLANK_DPI`
    """

    scan: Image
    blank: Image
    frame: PageFrame
    registration: Registration

    @property
    def px_per_mm(self) -> float:
        """Mean scale of the scan at the middle of the page."""
        return _scale_at(self._page_to_scan, self.frame.width / 2, self.frame.height / 2)

    @property
    def has_colour(self) -> bool:
        return self.scan.ndim == 3

    def patch(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        mm_per_px: float = READING_MM_PER_PX,
        shift: Shift = (0.0, 0.0),
    ) -> Image:
        """A region of the scan as grey, straightened; white beyond the scan's edge.

        In colour scans grey is the red channel: red seals and pale-red frames are white there, and
        black, blue and pencil strokes stay dark.
        """
        return _sample(self._levels, self._page_to_scan, (x + shift[0], y + shift[1], w, h), mm_per_px)

    def colour_patch(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        mm_per_px: float = READING_MM_PER_PX,
        shift: Shift = (0.0, 0.0),
    ) -> Image | None:
        """The same region in RGB; None when the scan has no colour."""
        if not self.has_colour:
            return None
        region = (x + shift[0], y + shift[1], w, h)
        return _sample(self._colour_levels, self._page_to_scan, region, mm_per_px)

    def blank_patch(
        self, x: float, y: float, w: float, h: float, mm_per_px: float = READING_MM_PER_PX
    ) -> Image:
        """The same region of what was printed."""
        return _sample(self._blank_levels, self._page_to_blank, (x, y, w, h), mm_per_px)

    def align_field(self, x: float, y: float, w: float, h: float) -> Alignment:
        """Match the print in and around a field against the blank page, within a small radius."""
        step = READING_MM_PER_PX
        margin, radius = thresholds.ALIGN_MARGIN_MM, thresholds.ALIGN_RADIUS_MM
        print_ = self.blank_patch(x - margin, y - margin, w + 2 * margin, h + 2 * margin, step)
        reach = margin + radius
        seen = self.patch(x - reach, y - reach, w + 2 * reach, h + 2 * reach, step)
        return _best_match(seen, print_, step)

    # --- pictures at several scales ---------------------------------------------------------

    @cached_property
    def _page_to_scan(self) -> Matrix:
        return self.registration.matrix()

    @cached_property
    def _page_to_blank(self) -> Matrix:
        """pdfium stretches a page to whole pixels, so the scale is taken from the picture."""
        height, width = self.blank.shape
        across, down = width / self.frame.width, height / self.frame.height
        return np.array([[across, 0.0, -0.5], [0.0, down, -0.5], [0.0, 0.0, 1.0]])

    @cached_property
    def _levels(self) -> list[Image]:
        grey = cv2.extractChannel(self.scan, 0) if self.has_colour else self.scan
        return [np.asarray(grey, np.uint8)]

    @cached_property
    def _colour_levels(self) -> list[Image]:
        return [self.scan]

    @cached_property
    def _blank_levels(self) -> list[Image]:
        return [self.blank]


def _scale_at(matrix: Matrix, x: float, y: float) -> float:
    """px per mm around a point: the square root of how much the transform enlarges an area there."""
    u, v, w = matrix @ (x, y, 1.0)
    jacobian = (matrix[:2, :2] - np.outer((u / w, v / w), matrix[2, :2])) / w
    return float(np.sqrt(abs(np.linalg.det(jacobian))))


def _sample(
    levels: list[Image], to_image: Matrix, region: tuple[float, float, float, float], mm_per_px: float
) -> Image:
    """`region` (x, y, w, h in mm) of an image as a straight picture of `mm_per_px`.

    `levels[n]` is the image at a scale of 2⁻ⁿ; missing ones are added as they are needed.
    """
    x, y, w, h = region
    level, density = 0, _scale_at(to_image, x + w / 2, y + h / 2) * mm_per_px
    while density > thresholds.PATCH_OVERSAMPLING:
        level, density = level + 1, density / 2
    while len(levels) <= level:
        levels.append(_halved(levels[-1]))
    to_page = np.array([[mm_per_px, 0, x + mm_per_px / 2], [0, mm_per_px, y + mm_per_px / 2], [0, 0, 1]])
    matrix = _shrunk(2.0**-level) @ to_image @ to_page
    size = (max(1, round(w / mm_per_px)), max(1, round(h / mm_per_px)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    white = (255.0, 255.0, 255.0)
    picture = cv2.warpPerspective(levels[level], matrix, size, flags=flags, borderValue=white)
    return np.asarray(picture, np.uint8)


def _halved(image: Image) -> Image:
    height, width = (side // 2 * 2 for side in image.shape[:2])
    half = cv2.resize(image[:height, :width], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8)


def _shrunk(factor: float) -> Matrix:
    """Pixel coordinates of an image → those of the same image scaled by `factor`."""
    offset = (factor - 1) / 2
    return np.array([[factor, 0.0, offset], [0.0, factor, offset], [0.0, 0.0, 1.0]])


def _best_match(seen: Image, print_: Image, step: float) -> Alignment:
    """Where `print_` fits best in the larger `seen`; both `step` mm per px.

    Pen is darker than print and would outweigh it: nothing counts as darker than the print is.
    """
    floor = int(print_.min())
    scores = cv2.matchTemplate(np.maximum(seen, floor), print_, cv2.TM_CCOEFF_NORMED)
    centre = (scores.shape[1] // 2, scores.shape[0] // 2)
    _, best, _, at = cv2.minMaxLoc(scores)
    here = float(scores[centre[1], centre[0]])
    if not np.isfinite(best) or best < here + thresholds.ALIGN_LEAST_GAIN:
        return Alignment((0.0, 0.0), 0.0, here)
    x, y = (at[0] - centre[0]) * step, (at[1] - centre[1]) * step
    return Alignment((x, y), step / 2, float(best))
