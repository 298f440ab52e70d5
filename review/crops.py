"""Pictures of fields and pages, straightened, out of the original scans."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import cv2
import numpy as np

from ingest import intake
from ingest.bend import Bend
from ingest.geometry import Matrix
from ingest.model import Image
from ingest.sampling import Pyramid
from layouts.model import Box, BoxKind, Layout
from store import PageInfo

CropKey = TypeVar("CropKey")
CropValue = TypeVar("CropValue")
Region = tuple[float, float, float, float]
"""x, y, w, h in mm on the page."""

PAGES_KEPT = 12
"""Decoded pages in memory: 4 to 25 MB each."""
CROPS_KEPT = 600
"""Encoded crops in memory: 10 to 60 KB each."""
JPEG_QUALITY = 88

STAGE_PX = (1240, 264)
"""The place of a crop on a screen of 1366×768."""
TITLE_PX = 30
"""Height of the title below one of several crops."""
CELL_PX = (420, 84)
"""The place of a crop in a grid."""
MOST_PX_PER_MM = 16.0
"""Beyond this a 200 dpi scan (8 px per mm) only gets blurrier."""
PAGE_PX_PER_MM = 6.0

_AROUND = {
    # mm left, above, right and below a field's boxes: room for printed labels and for ticks that run out
    BoxKind.CHECKBOX: (24.0, 3.5, 16.0, 3.5),
    BoxKind.COMB: (24.0, 3.5, 8.0, 3.5),
    BoxKind.TEXT: (16.0, 3.0, 4.0, 4.0),
    BoxKind.LINES: (16.0, 3.0, 4.0, 4.0),
    BoxKind.SIGNATURE: (16.0, 3.0, 6.0, 4.0),
}
_TIGHT = (2.0, 2.0, 2.0, 2.0)
_ROW_MARGIN = 3.0
"""mm above and below a row."""
_LEAST_WIDTH = 60.0
"""mm: a single box blown up to the stage's width would show nothing but itself."""


class NotStraightError(Exception):
    """The page was never put straight, so that nobody knows where its fields are."""


@dataclass(frozen=True)
class View:
    """What a crop shows: its region, and the field's boxes as shares of it (x, y, w, h)."""

    region: Region
    boxes: tuple[tuple[Box, Region], ...]


def field_view(layout: Layout, page: int, field: str, *, tight: bool = False) -> View:
    """Where a field is, with its surroundings, or with next to none for a grid."""
    boxes = [box for box in layout.of_field(field) if box.page == page]
    left, above, right, below = _TIGHT if tight else _AROUND.get(boxes[0].kind, _TIGHT)
    if tight and boxes[0].kind is BoxKind.CHECKBOX:
        right = 12.0  # the last option's words
    x0, y0 = min(box.x for box in boxes) - left, min(box.y for box in boxes) - above
    x1, y1 = max(box.x + box.w for box in boxes) + right, max(box.y + box.h for box in boxes) + below
    if not tight and x1 - x0 < _LEAST_WIDTH:
        middle = (x0 + x1) / 2
        x0, x1 = middle - _LEAST_WIDTH / 2, middle + _LEAST_WIDTH / 2
    x0, y0 = max(0.0, x0), max(0.0, y0)
    x1, y1 = min(layout.frame.width, x1), min(layout.frame.height, y1)
    region = (x0, y0, x1 - x0, y1 - y0)
    return View(region, _shares(boxes, region))


def row_region(layout: Layout, page: int, row: str) -> Region:
    """Where a row of fields is (`opinion_1` of `opinion_1.text`), or a field of that name; as wide as the
    page, so that what runs out of the boxes is seen."""
    keys = {field.key for field in layout.fields_on_page(page)}
    mine = {key for key in keys if key == row or key.startswith(f"{row}.")}
    boxes = [box for box in layout.boxes if box.page == page and box.field in mine]
    top = max(0.0, min(box.y for box in boxes) - _ROW_MARGIN)
    bottom = min(layout.frame.height, max(box.y + box.h for box in boxes) + _ROW_MARGIN)
    return 0.0, top, layout.frame.width, bottom - top


def page_view(layout: Layout, page: int, field: str) -> View:
    """The whole page with the boxes of one field."""
    region = (0.0, 0.0, layout.frame.width, layout.frame.height)
    return View(region, _shares([box for box in layout.of_field(field) if box.page == page], region))


def _shares(boxes: Sequence[Box], region: Region) -> tuple[tuple[Box, Region], ...]:
    x, y, w, h = region
    return tuple((box, ((box.x - x) / w, (box.y - y) / h, box.w / w, box.h / h)) for box in boxes)


def on_stage(region: Region, many: int) -> float:
    """px per mm at which so many pictures of a region fill the stage: side by side, or one below the other;
    several have titles."""
    width, height = STAGE_PX
    if many == 1:
        return fitted(region, STAGE_PX)
    beside = width // many, height - TITLE_PX
    below = width, height // many - TITLE_PX
    return max(fitted(region, beside), fitted(region, below))


def fitted(region: Region, place: tuple[int, int]) -> float:
    """px per mm at which a region fills a place on the screen."""
    return min(place[0] / region[2], place[1] / region[3], MOST_PX_PER_MM)


class Pictures:
    """Makes crops and keeps what is likely to be asked for again. Safe to share between threads."""

    def __init__(self, originals: Path) -> None:
        self._originals = originals
        self._pages: _Kept[tuple[str, int], _Decoded] = _Kept(PAGES_KEPT)
        self._crops: _Kept[tuple[int, Region, float], bytes] = _Kept(CROPS_KEPT)

    def crop(self, page: PageInfo, region: Region, px_per_mm: float) -> bytes:
        """A straightened region as JPEG. Raises IntakeError when the original cannot be read."""
        key = (page.id, tuple(round(side, 2) for side in region), round(px_per_mm, 3))
        return self._crops.get(key, lambda: self._straight(page, region, px_per_mm))  # type: ignore[arg-type]

    def raw(self, scan: str, number: int, longest: int, turned: int = 0) -> bytes:
        """A page as it came in, turned clockwise by `turned` degrees, at most `longest` px long."""
        pixels = np.rot90(self._page(scan, number).pixels, -(turned // 90 % 4))
        factor = min(1.0, longest / max(pixels.shape[:2]))
        if factor < 1.0:
            size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        return _jpeg(pixels)

    def size(self, scan: str, number: int) -> tuple[int, int]:
        """Width and height of a page as it came in, px."""
        height, width = self._page(scan, number).pixels.shape[:2]
        return width, height

    def _straight(self, page: PageInfo, region: Region, px_per_mm: float) -> bytes:
        if page.registration is None:
            raise NotStraightError(f"page image {page.id} is not registered")
        matrix = np.array(page.registration["homography"], np.float64).reshape(3, 3)
        packed = page.registration.get("bend")  # pages read before bends were kept have none
        bend = Bend.unpacked(str(packed)) if packed else None
        return _jpeg(self._page(page.scan, page.number).sample(matrix, region, 1.0 / px_per_mm, bend))

    def _page(self, scan: str, number: int) -> _Decoded:
        path = self._originals / scan
        return self._pages.get((scan, number), lambda: _Decoded(intake.page(path, number).pixels))


class _Decoded:
    """A page in memory. A pyramid makes its levels when they are first needed: one thread at a time."""

    def __init__(self, pixels: Image) -> None:
        self.pixels = pixels
        self._pyramid = Pyramid(pixels)
        self._lock = Lock()

    def sample(self, page_to_image: Matrix, region: Region, mm_per_px: float, bend: Bend | None) -> Image:
        with self._lock:
            return self._pyramid.sample(page_to_image, region, mm_per_px, bend)


def _jpeg(pixels: Image) -> bytes:
    shown = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    _, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()


class _Kept(Generic[CropKey, CropValue]):
    """The values asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[CropKey, CropValue] = OrderedDict()
        self._lock = Lock()

    def get(self, key: CropKey, make: Callable[[], CropValue]) -> CropValue:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value
