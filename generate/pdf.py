"""A PDF file out of sheets: the static part of each page is drawn once and reused."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from generate.fonts import FontBook
from generate.pen import Pen
from generate.sheets import SheetPrint, draw_personal, draw_static
from layouts.model import Layout
from layouts.typeset import MM_PER_PT


@dataclass(frozen=True)
class PageEntry:
    """What a page of a file holds; a page of cards has one entry per card."""

    page: int  # in the file, from 1
    serial: str
    form: str
    form_version: int
    form_page: int
    x_mm: float | None = None
    y_mm: float | None = None


def write_pdf(path: Path, items: Sequence[SheetPrint], fonts: FontBook | None = None) -> list[PageEntry]:
    """Writes `path` and says what is on its pages. The same items make the same bytes.

    Raises TooLongError, MissingGlyphsError, FontError, OSError; then no file is left behind.
    """
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    book = fonts or FontBook()
    entries = [_draw_sheet(canvas, book, n, item) for n, item in enumerate(items, 1)]
    canvas.save()
    path.write_bytes(buffer.getvalue())
    return entries


def _draw_sheet(canvas: Canvas, fonts: FontBook, number: int, sheet: SheetPrint) -> PageEntry:
    layout = sheet.layout
    canvas.setPageSize((layout.frame.width / MM_PER_PT, layout.frame.height / MM_PER_PT))
    pen = Pen(canvas, layout.frame.height, fonts)
    canvas.doForm(_static_form(canvas, pen, layout, sheet.page))
    draw_personal(pen, sheet)
    canvas.showPage()
    return PageEntry(number, sheet.serial, layout.form.id, layout.form.version, sheet.page)


def _static_form(canvas: Canvas, pen: Pen, layout: Layout, page: int) -> str:
    """The name of the form object with the page's static part, drawn when first asked for."""
    name = f"static-{layout.digest}-{page}"
    if not canvas.hasForm(name):
        canvas.beginForm(name, 0, 0, layout.frame.width / MM_PER_PT, layout.frame.height / MM_PER_PT)
        draw_static(pen, layout, page)
        canvas.endForm()
    return name
