"""Pictures of the blank pages: what a reader subtracts from a scan."""

from __future__ import annotations

import io

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

from generate.fonts import FontBook
from generate.pen import CanvasPen
from generate.sheets import draw_static
from layouts.model import Layout
from layouts.typeset import MM_PER_PT

BLANK_DPI = 200.0


def blank_pages(layout: Layout, fonts: FontBook | None = None) -> list[bytes]:
    """PNG, 8-bit grey, 200 dpi, one per page: exactly the static part, no QR, serial, number or fact."""
    with pypdfium2.PdfDocument(_blank_pdf(layout, fonts or FontBook())) as document:
        return [_png(page) for page in document]


def _blank_pdf(layout: Layout, fonts: FontBook) -> bytes:
    buffer = io.BytesIO()
    size = (layout.frame.width / MM_PER_PT, layout.frame.height / MM_PER_PT)
    canvas = Canvas(buffer, pagesize=size, invariant=1)
    for page in range(1, layout.pages + 1):
        draw_static(CanvasPen(canvas, layout.frame.height, fonts), layout, page)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _png(page: pypdfium2.PdfPage) -> bytes:
    image = page.render(scale=BLANK_DPI / 72, grayscale=True).to_pil()
    out = io.BytesIO()
    image.convert("L").save(out, "PNG", optimize=True, dpi=(BLANK_DPI, BLANK_DPI))
    return out.getvalue()
