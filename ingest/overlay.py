"""What the reader saw of a page, drawn on its scan, for people to look at (`scan --debug-dir`).

The scan is shown upright with every box where it was looked for: green where the reading is sure,
amber where it is nearly, red where a person will be asked. Readings stand in blue beside their field.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from forms.model import Field, Kind
from ingest.geometry import apply
from ingest.model import Image, Measurement, PageResult, Reading
from layouts.model import Box, BoxKind, Layout

PX_PER_MM = 6.0
SURE, NEARLY = 0.99, 0.9
_GREEN, _AMBER, _RED, _BLUE = (0, 130, 60), (225, 150, 0), (210, 30, 30), (20, 60, 200)
_FACES = ("wqy/wqy-zenhei.ttc", "wqy/wqy-microhei.ttc", "arphic/uming.ttc")
_FONTS = Path("/usr/share/fonts/truetype")


def draw_overlay(pixels: Image, result: PageResult, layout: Layout) -> Image:
    """RGB picture of a read page. Raises ValueError when the page was not put straight."""
    if result.registration is None or result.page is None:
        raise ValueError("only a page that was put straight can be drawn on")
    to_scan = result.registration.matrix()
    canvas = Pillow.fromarray(_straight(pixels, to_scan, layout))
    pen = ImageDraw.Draw(canvas, "RGBA")
    for corners in layout.frame.markers().values():
        pen.polygon([(x * PX_PER_MM, y * PX_PER_MM) for x, y in corners], outline=_BLUE, width=2)
    readings = {reading.field: reading for reading in result.readings}
    seen = {measurement.field: measurement for measurement in result.measurements}
    for field in layout.fields_on_page(result.page):
        if field.key in readings:
            boxes = [box for box in layout.of_field(field.key) if box.page == result.page]
            _draw_field(pen, field, boxes, readings[field.key], seen.get(field.key))
    _draw_title(pen, result, layout, to_scan)
    return np.asarray(canvas)


def _straight(pixels: Image, to_scan: np.ndarray, layout: Layout) -> Image:
    colour = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    to_page = np.diag([1 / PX_PER_MM, 1 / PX_PER_MM, 1.0])
    size = (round(layout.frame.width * PX_PER_MM), round(layout.frame.height * PX_PER_MM))
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    grey = (190, 190, 190)
    return np.asarray(cv2.warpPerspective(colour, to_scan @ to_page, size, flags=flags, borderValue=grey))


def _draw_field(
    pen: ImageDraw.ImageDraw, field: Field, boxes: list[Box], reading: Reading, seen: Measurement | None
) -> None:
    colour = _colour(reading.confidence)
    dx, dy = seen.shift_mm if seen else (0.0, 0.0)
    for box in boxes:
        x0, y0 = (box.x + dx) * PX_PER_MM, (box.y + dy) * PX_PER_MM
        x1, y1 = x0 + box.w * PX_PER_MM, y0 + box.h * PX_PER_MM
        chosen = box.kind is BoxKind.CHECKBOX and _is_chosen(box, reading)
        pen.rectangle((x0, y0, x1, y1), outline=colour, width=2, fill=(*colour, 70) if chosen else None)
    if field.kind not in (Kind.SINGLE, Kind.MULTIPLE) and reading.value not in (None, False):
        words = "有" if reading.value is True else str(reading.value)
        place = (boxes[0].x * PX_PER_MM + 2, (boxes[0].y + dy) * PX_PER_MM - 17)
        pen.text(place, f"{words}  {reading.confidence:.2f}", fill=_BLUE, font=_face(16))


def _is_chosen(box: Box, reading: Reading) -> bool:
    value = reading.value
    return box.option in value if isinstance(value, list) else box.option == value


def _colour(confidence: float) -> tuple[int, int, int]:
    if confidence >= SURE:
        return _GREEN
    return _AMBER if confidence >= NEARLY else _RED


def _draw_title(pen: ImageDraw.ImageDraw, result: PageResult, layout: Layout, to_scan: np.ndarray) -> None:
    registration = result.registration
    assert registration is not None
    ends = apply(to_scan, np.array(((0.0, 0.0), (layout.frame.width, 0.0))))
    dpi = np.linalg.norm(ends[1] - ends[0]) / layout.frame.width * 25.4
    words = (
        f"{result.serial}  {result.form}/{result.page}  {registration.found_from}  "
        f"residual {registration.residual_mm:.2f} mm  turned {result.turned}°  {dpi:.0f} dpi"
    )
    pen.text((8, 6), words, fill=_BLUE, font=_face(18))


@lru_cache
def _face(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for face in _FACES:
        if (_FONTS / face).exists():
            return ImageFont.truetype(str(_FONTS / face), size)
    return ImageFont.load_default(size)
