"""A printed side of a form: what is the same on all of them, and what is this sheet's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generate.fit import Fitted, TooLongError, fit, fit_block
from generate.fonts import FontBook
from generate.pen import Pen
from layouts.identity import readable
from layouts.model import MARKER_MM, Box, BoxKind, Layout, Text
from layouts.sizes import PARAGRAPH_PITCH
from layouts.typeset import MM_PER_PT

FACT_PT = 11.0
SMALLEST_FACT_PT = 9.0
SERIAL_PT = 11.0
FOOT_PT = 9.0
_LEADING = 1.05  # line height of a fact on two lines, in ems: as much as the lowest row has room for


@dataclass(frozen=True)
class SheetPrint:
    """One side to print: `page` of the `pages` of a form instance.

    code   what its QR says (`layouts.identity.Key.encode`)
    facts  PREFILL field key → words; a field without words is left to be written in by hand
    """

    layout: Layout
    page: int
    pages: int
    serial: str
    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


def draw_static(pen: Pen, layout: Layout, page: int) -> None:
    """What every sheet of this page has: markers, words, rules, boxes."""
    for marker, corners in layout.frame.markers().items():
        pen.marker(marker, corners[0], MARKER_MM)
    for rule in layout.rules:
        if rule.page == page:
            pen.rule(rule)
    for box in layout.on_page(page):
        if box.kind in (BoxKind.CHECKBOX, BoxKind.COMB):
            pen.frame(box)
    for text in layout.texts:
        if text.page == page:
            pen.text(text)


def draw_personal(pen: Pen, sheet: SheetPrint) -> None:
    """What only this sheet has: QR, serial, page number, facts. Raises TooLongError, MissingGlyphsError."""
    frame = sheet.layout.frame
    pen.qr(sheet.code, *frame.qr)
    x, y = frame.serial_baseline
    pen.text(Text(sheet.page, x, y, SERIAL_PT, readable(sheet.serial), "serial", grey=0.0, align="centre"))
    number = f"第{sheet.page}页 共{sheet.pages}页"
    pen.text(Text(sheet.page, frame.width - 23.0, y, FOOT_PT, number, "song", grey=0.2, align="right"))
    for box in sheet.layout.on_page(sheet.page):
        words = sheet.facts.get(box.field, "")
        if box.kind is BoxKind.PREFILL and words:
            for text in _facts(pen, box, words):
                pen.text(text)


def _facts(pen: Pen, box: Box, words: str) -> Iterator[Text]:
    """`words` in the middle of the box's height, on one line or two; a paragraph from its top."""
    try:
        block, pitch = fitted(pen.fonts, box, words)
    except TooLongError as error:
        raise TooLongError(f"{error}（字段 {box.field}）") from None
    middle = box.y + box.h / 2 - pitch * (len(block.lines) - 1) / 2
    first = box.y + pitch / 2 if box.lines else middle
    for n, line in enumerate(block.lines):
        baseline = first + pitch * n + 0.36 * block.size * MM_PER_PT
        yield Text(box.page, box.x, baseline, block.size, line, "song", grey=0.0)


def fitted(fonts: FontBook, box: Box, words: str) -> tuple[Fitted, float]:
    """A fact as it is set in its place, and the distance of its lines in mm.

    Raises TooLongError, MissingGlyphsError.
    """
    if box.lines:
        return fit_block(fonts, words, "song", box.w, FACT_PT, box.lines), PARAGRAPH_PITCH
    found = fit(fonts, words, "song", box.w, FACT_PT, SMALLEST_FACT_PT)
    return found, _LEADING * found.size * MM_PER_PT
