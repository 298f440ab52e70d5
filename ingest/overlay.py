"""What the reader saw of a page, drawn on its scan, for people to look at (`scan --debug-dir`).

The scan is shown upright with every box where it was looked for: green where the reading is sure,
amber where it is nearly, red where a person will be asked. Readings stand in blue beside their field,
and in red how far a field may still be from its place, where that is much.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from forms.model import Field, Kind
from ingest.bend import Bend
from ingest.geometry import scale_at
from ingest.model import Image, Measurement, PageResult, Reading, Registration
from ingest.sampling import Pyramid
from layouts.model import Box, BoxKind, Layout

PX_PER_MM = 6.0
SURE, NEARLY = 0.99, 0.9
SHOWN_RESIDUAL_MM = 0.3
"""From here on, what is left of a field's displacement is written beside it."""
_GREEN, _AMBER, _RED, _BLUE = (0, 130, 60), (225, 150, 0), (210, 30, 30), (20, 60, 200)
_FACES = ("wqy/wqy-zenhei.ttc", "wqy/wqy-microhei.ttc", "arphic/uming.ttc")
_FONTS = Path("/usr/share/fonts/truetype")


def draw_overlay(pixels: Image, result: PageResult, layout: Layout) -> Image:
    """RGB picture of a read page. Raises ValueError when the page was not put straight."""
    if result.registration is None or result.page is None:
        raise ValueError("only a page that was put straight can be drawn on")
    canvas = Pillow.fromarray(_straight(pixels, result.registration, layout)).convert("RGB")
    pen = ImageDraw.Draw(canvas, "RGBA")
    for corners in layout.frame.markers().values():
        pen.polygon([(x * PX_PER_MM, y * PX_PER_MM) for x, y in corners], outline=_BLUE, width=2)
    readings = {reading.field: reading for reading in result.readings}
    seen = {measurement.field: measurement for measurement in result.measurements}
    for field in layout.fields_on_page(result.page):
        if field.key in readings:
            boxes = [box for box in layout.of_field(field.key) if box.page == result.page]
            _draw_field(pen, field, boxes, readings[field.key], seen.get(field.key))
    _draw_title(pen, result, layout, result.registration)
    return np.asarray(canvas)


def _straight(pixels: Image, registration: Registration, layout: Layout) -> Image:
    page = (0.0, 0.0, layout.frame.width, layout.frame.height)
    bend = Bend.unpacked(registration.bend) if registration.bend else None
    return Pyramid(pixels).sample(registration.matrix(), page, 1 / PX_PER_MM, bend)


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
    if seen and seen.residual_mm >= SHOWN_RESIDUAL_MM:
        corner = ((boxes[-1].x + boxes[-1].w) * PX_PER_MM, (boxes[-1].y + dy) * PX_PER_MM - 1)
        pen.text(corner, f"±{seen.residual_mm:.1f} mm", fill=_RED, font=_face(13), anchor="rb")
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


def _draw_title(
    pen: ImageDraw.ImageDraw, result: PageResult, layout: Layout, registration: Registration
) -> None:
    middle = layout.frame.width / 2, layout.frame.height / 2
    words = (
        f"{result.serial}  {result.form}/{result.page}  {registration.found_from}  "
        f"residual {registration.residual_mm:.2f} mm  turned {result.turned}°  "
        f"{25.4 * scale_at(registration.matrix(), *middle):.0f} dpi"
    )
    pen.text((8, 6), words, fill=_BLUE, font=_face(18))


@lru_cache
def _face(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for face in _FACES:
        if (_FONTS / face).exists():
            return ImageFont.truetype(str(_FONTS / face), size)
    return ImageFont.load_default(size)
