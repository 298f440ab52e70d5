"""A form as it will look filled in: example words in a hand's colour, and its faults in red."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from forms.model import Value
from generate.fit import TooLongError, fit
from generate.fonts import FontBook, MissingGlyphsError
from generate.pen import CanvasPen, Colour
from generate.sheets import SheetPrint, draw_personal, draw_static
from layouts.faults import Fault
from layouts.model import Box, BoxKind, Layout, Text
from layouts.typeset import MM_PER_PT

INK: Colour = (0.10, 0.20, 0.65)
_RED: Colour = (0.85, 0.05, 0.05)
SEAL_MM = 42.0
_DIGIT_PT, _HAND_PT, _LEAST_HAND_PT = 17.0, 15.0, 10.0


def write_preview(
    path: Path,
    layout: Layout,
    facts: Mapping[str, str],
    answers: Mapping[str, Value],
    faults: Sequence[Fault],
    fonts: FontBook,
    serial: str,
    code: str,
) -> None:
    """Writes `path`. `answers`: field key → example value; `faults` are framed and named in the foot.

    Raises OSError, MissingGlyphsError for words of the form itself.
    """
    buffer = io.BytesIO()
    size = (layout.frame.width / MM_PER_PT, layout.frame.height / MM_PER_PT)
    canvas = Canvas(buffer, pagesize=size, invariant=1)
    pen = CanvasPen(canvas, layout.frame.height, fonts)
    for page in range(1, layout.pages + 1):
        draw_static(pen, layout, page)
        mine = [fault for fault in faults if fault.page == page]
        wrong = {fault.field for fault in mine}
        told = {key: words for key, words in facts.items() if key not in wrong}
        draw_personal(pen, SheetPrint(layout, page, layout.pages, serial, code, told))
        for box in layout.on_page(page):
            _write(pen, box, answers.get(box.field))
        _mark(pen, layout, mine)
        canvas.showPage()
    canvas.save()
    path.write_bytes(buffer.getvalue())


def _write(pen: CanvasPen, box: Box, value: Value) -> None:
    """The part of an answer that belongs in a box."""
    if value in (None, "", [], False):
        return
    if box.kind is BoxKind.CHECKBOX:
        if box.option == value or (isinstance(value, list) and box.option in value):
            _tick(pen, box)
    elif box.kind is BoxKind.COMB and isinstance(value, str) and box.cell is not None:
        digits = value.replace("-", "")
        if box.cell < len(digits):
            middle = box.y + box.h / 2 + 0.36 * _DIGIT_PT * MM_PER_PT
            digit = Text(
                box.page, box.x + box.w / 2, middle, _DIGIT_PT, digits[box.cell], "kai", align="centre"
            )
            pen.text(digit, INK)
    elif box.kind is BoxKind.LINES and isinstance(value, str):
        for n in range(box.lines):
            _words(pen, box, value, box.y + box.h / box.lines * (n + 1) - 1.8)
    elif box.kind is BoxKind.SIGNATURE and box.h > SEAL_MM:
        _seal(pen, box)
    elif box.kind in (BoxKind.TEXT, BoxKind.SIGNATURE):
        words = value if isinstance(value, str) else ""
        _words(pen, box, words, box.y + box.h - 2.0)


def _tick(pen: CanvasPen, box: Box) -> None:
    path = pen.canvas.beginPath()
    points = [(0.15, 0.45), (0.42, 0.85), (1.05, -0.1)]
    places = [(box.x + box.w * x, box.y + box.h * y) for x, y in points]
    (x0, y0), *others = [(x / MM_PER_PT, (pen.height - y) / MM_PER_PT) for x, y in places]
    path.moveTo(x0, y0)
    for x, y in others:
        path.lineTo(x, y)
    pen.canvas.setStrokeColorRGB(*INK)
    pen.canvas.setLineWidth(1.3)
    pen.canvas.drawPath(path, stroke=1, fill=0)


def _seal(pen: CanvasPen, box: Box) -> None:
    pen.canvas.setStrokeColorRGB(*_RED)
    pen.canvas.setLineWidth(2.5)
    x, y = (box.x + box.w / 2) / MM_PER_PT, (pen.height - box.y - box.h / 2) / MM_PER_PT
    pen.canvas.circle(x, y, (SEAL_MM / 2 - 0.5) / MM_PER_PT, stroke=1, fill=0)


def _words(pen: CanvasPen, box: Box, words: str, baseline: float) -> None:
    try:
        fitted = fit(pen.fonts, words, "kai", box.w - 1.0, _HAND_PT, _LEAST_HAND_PT, lines=1)
    except (TooLongError, MissingGlyphsError):
        return
    pen.text(Text(box.page, box.x + 0.5, baseline, fitted.size, fitted.lines[0], "kai"), INK)


def _mark(pen: CanvasPen, layout: Layout, faults: Iterable[Fault]) -> None:
    """Frames around faults, and what they are along the foot of the page."""
    pen.canvas.setLineWidth(1.2)
    for n, fault in enumerate(faults):
        x, y, w, h = fault.place
        pen.canvas.setStrokeColorRGB(*_RED)
        left, bottom = x / MM_PER_PT, (pen.height - y - h) / MM_PER_PT
        pen.canvas.rect(left, bottom, w / MM_PER_PT, h / MM_PER_PT, stroke=1, fill=0)
        line = layout.frame.height - 2.0 - 3.6 * n
        pen.text(Text(fault.page, 23.0, line, 8.0, f"{n + 1}．{fault.message}", "hei"), _RED)
        pen.text(Text(fault.page, x, y + 2.6, 8.0, str(n + 1), "hei"), _RED)
