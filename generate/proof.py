"""What could not be printed, found before anything is: characters without a glyph, words without room."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from reportlab.pdfgen.canvas import Canvas

from forms.model import Form
from generate import cards
from generate.fit import TooLongError
from generate.fonts import FontBook, MissingGlyphsError
from generate.pen import CanvasPen
from generate.sheets import fitted
from layouts.model import Box, BoxKind, Layout


class Proof:
    """Faults of sheets and cards with the faces of `fonts`; the same words in the same place are looked
    at once."""

    def __init__(self, fonts: FontBook) -> None:
        self._fonts = fonts
        self._boxes: dict[tuple[str, int], dict[str, Box]] = {}
        self._seen: dict[tuple[float, int, str], str] = {}

    def sheet(self, layout: Layout, page: int, facts: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with the facts of a side."""
        key = layout.digest, page
        if key not in self._boxes:
            prefilled = (box for box in layout.on_page(page) if box.kind is BoxKind.PREFILL)
            self._boxes[key] = {box.field: box for box in prefilled}
        for name, words in facts.items():
            box = self._boxes[key].get(name)
            fault = self._fault(box, words) if box and words else ""
            if fault:
                yield fault

    def _fault(self, box: Box, words: str) -> str:
        key = box.w, box.lines, words
        if key not in self._seen:
            self._seen[key] = ""
            try:
                fitted(self._fonts, box, words)
            except (MissingGlyphsError, TooLongError) as error:
                self._seen[key] = str(error)
        return self._seen[key]

    def card(self, form: Form, facts: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with a card."""
        pen = CanvasPen(Canvas(io.BytesIO()), cards.CARD_H, self._fonts)
        for draw in (cards.draw_front, cards.draw_back):
            try:
                draw(pen, form, facts)
            except (MissingGlyphsError, TooLongError) as error:
                yield str(error)
