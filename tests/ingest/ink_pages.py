"""Small printed pages made of a few boxes, and pens to write on them: no form, no PDF, no damage."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.ink import PageInk
from ingest.model import BLANK_DPI, Registration
from ingest.register import RegisteredPage
from layouts.model import Box, BoxKind, PageFrame

PX_PER_MM = BLANK_DPI / 25.4
FRAME = PageFrame(width=120.0, height=80.0)
NO_REAL_MARKS = "real-marks lie beside the repository, in ../shared, and are not part of it"
_SHIFT = 4  # bits of fractions of a pixel


def checkboxes(*places: tuple[float, float], field: str = "f") -> list[Box]:
    """Boxes of 4 mm; their options are called o0, o1, …"""
    return [
        Box(field, BoxKind.CHECKBOX, 1, x, y, 4.0, 4.0, option=f"o{n}") for n, (x, y) in enumerate(places)
    ]


def comb(count: int, x: float = 20.0, y: float = 30.0) -> list[Box]:
    return [Box("n", BoxKind.COMB, 1, x + 6.0 * n, y, 6.0, 8.0, cell=n) for n in range(count)]


def printed(boxes: list[Box]) -> NDArray[np.uint8]:
    """The blank page with the frames of `boxes`, and ruled lines for writing."""
    page = np.full((round(FRAME.height * PX_PER_MM), round(FRAME.width * PX_PER_MM)), 255, np.uint8)
    for box in boxes:
        if box.kind in (BoxKind.CHECKBOX, BoxKind.COMB):
            corners = [_px((box.x, box.y)), _px((box.x + box.w, box.y + box.h))]
            cv2.rectangle(page, corners[0], corners[1], 128, 2, cv2.LINE_AA, _SHIFT)
        for n in range(box.lines):
            y = box.y + box.h / box.lines * (n + 1)
            cv2.line(page, _px((box.x, y)), _px((box.x + box.w, y)), 153, 2, cv2.LINE_AA, _SHIFT)
    return page


def stroke(
    page: NDArray[np.uint8], points: list[tuple[float, float]], width: float = 0.5, dark: float = 0.9
) -> None:
    """A pen stroke through points in mm."""
    line = np.zeros(page.shape, np.uint8)
    path = np.array([_px(point) for point in points], np.int32)
    cv2.polylines(line, [path], False, 255, max(1, round(width * PX_PER_MM)), cv2.LINE_AA, _SHIFT)
    page[:] = np.round(page * (1 - dark * (line / 255.0))).astype(np.uint8)


def red_seal(blank: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The page in colour with the red ring of a small seal, 8 mm across, at 30, 24 mm."""
    page = np.repeat(blank[:, :, None], 3, 2)
    rows, columns = np.mgrid[: page.shape[0], : page.shape[1]]
    distance = np.hypot(rows - 24.0 * PX_PER_MM, columns - 30.0 * PX_PER_MM)
    page[np.abs(distance - 4.0 * PX_PER_MM) < 6] = (255, 60, 60)
    return page


def tick(page: NDArray[np.uint8], box: Box, reach: float = 1.0, dark: float = 0.9) -> None:
    """Its tail runs out of the box for a reach above one."""
    x, y = box.x, box.y
    end = (x + 1.5 + 2.6 * reach, y + 3.3 - 3.2 * reach)
    stroke(page, [(x + 0.5, y + 1.8), (x + 1.5, y + 3.3), end], dark=dark)


def fill(page: NDArray[np.uint8], box: Box, dark: float = 0.95) -> None:
    for n in range(12):
        y = box.y + 0.1 + n * 0.345
        stroke(page, [(box.x, y), (box.x + box.w, y)], 0.5, dark)


def ink_of(
    scan: NDArray[np.uint8],
    blank: NDArray[np.uint8],
    boxes: list[Box],
    off: tuple[float, float] = (0.0, 0.0),
) -> PageInk:
    """`off`: how far, in mm, the registration is wrong."""
    scale = PX_PER_MM
    homography = (scale, 0.0, off[0] * scale - 0.5, 0.0, scale, off[1] * scale - 0.5, 0.0, 0.0, 1.0)
    registration = Registration(homography, 0.05, "test")
    return PageInk.of(RegisteredPage(scan, blank, FRAME, registration), boxes)


def _px(point: tuple[float, float]) -> tuple[int, int]:
    x, y = (round((v * PX_PER_MM - 0.5) * (1 << _SHIFT)) for v in point)
    return x, y
