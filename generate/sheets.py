"""A printed side of a form: what is the same on all of them, and what is this sheet's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generate.pen import Pen
from layouts.identity import readable
from layouts.model import MARKER_MM, Box, BoxKind, Layout, Text
from layouts.typeset import MM_PER_PT

FACT_PT = 11.0
SMALLEST_FACT_PT = 9.0
SERIAL_PT = 11.0
FOOT_PT = 9.0
_LINE = 1.05  # line height of a fact on two lines, in ems: as much as the lowest row has room for


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


class TooLongError(ValueError):
    """Words that are too long for their place, even small and on two lines."""


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
            for text in _fit(pen, box, words):
                pen.text(text)


def _fit(pen: Pen, box: Box, words: str) -> list[Text]:
    """`words` in the middle of the box's height: at full size, smaller, or on two lines."""
    size = min(FACT_PT, FACT_PT * box.w / pen.fonts.width(words, "song", FACT_PT))
    if size >= SMALLEST_FACT_PT:
        return [_fact(box, words, size, 0.0)]
    lines = _halves(pen, words, box.w)
    half = _LINE * SMALLEST_FACT_PT * MM_PER_PT / 2
    if lines is None or 4 * half > box.h + 0.5:
        raise TooLongError(f"“{words}”在 {box.w:.0f} 毫米宽的位置放不下（字段 {box.field}），请缩短")
    return [
        _fact(box, line, SMALLEST_FACT_PT, side * half) for line, side in zip(lines, (-1, 1), strict=True)
    ]


def _fact(box: Box, words: str, size: float, below: float) -> Text:
    baseline = box.y + box.h / 2 + below + 0.36 * size * MM_PER_PT
    return Text(box.page, box.x, baseline, size, words, "song", grey=0.0)


def _halves(pen: Pen, words: str, width: float) -> tuple[str, str] | None:
    """The two most even parts, when both fit."""
    parts = ((words[:n], words[n:]) for n in range(1, len(words)))
    longest, pair = min(
        (max(pen.fonts.width(part, "song", SMALLEST_FACT_PT) for part in p), p) for p in parts
    )
    return pair if longest <= width else None
