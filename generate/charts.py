"""Charts of reports: bars, stacked bars, columns by week; drawn with reportlab, as PDF or PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import pypdfium2
from reportlab.graphics import renderPDF
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import Canvas

from generate.fonts import FontBook
from layouts.typeset import MM_PER_PT

WIDTH_PT = 156.0 / MM_PER_PT  # of the text (GB/T 9704)
_WORD_PT = 9.5
_BAR_PT, _GAP_PT = 13.0, 8.0
_DARK, _PALE = Color(0.16, 0.36, 0.58), Color(0.86, 0.89, 0.93)
_GREY = Color(0.35, 0.35, 0.35)
SCALE = (
    Color(0.16, 0.36, 0.58),
    Color(0.45, 0.63, 0.80),
    Color(0.90, 0.78, 0.45),
    Color(0.80, 0.36, 0.28),
    Color(0.78, 0.78, 0.78),
)
"""Best to worst, then 不了解: told apart in grey print too."""


@dataclass(frozen=True)
class Bar:
    """`value` of `whole` (0: of the longest bar); `words` stand behind it."""

    label: str
    value: float
    words: str
    whole: float = 0.0


class Charts:
    """Draws with the faces of `fonts`."""

    def __init__(self, fonts: FontBook) -> None:
        self.fonts = fonts

    def bars(self, bars: Sequence[Bar]) -> Drawing:
        """Horizontal bars, the first on top; pale up to `whole` where there is one."""
        left, right = self._room([bar.label for bar in bars]), self._room([bar.words for bar in bars])
        height = len(bars) * (_BAR_PT + _GAP_PT) + _GAP_PT
        drawing = Drawing(WIDTH_PT, height)
        most = max((bar.whole or bar.value for bar in bars), default=0) or 1
        scale = (WIDTH_PT - left - right) / most
        for n, bar in enumerate(bars):
            y = height - (n + 1) * (_BAR_PT + _GAP_PT)
            if bar.whole:
                drawing.add(_rect(left, y, bar.whole * scale, _PALE))
            drawing.add(_rect(left, y, bar.value * scale, _DARK))
            self._write(drawing, left - 5, y + 3, bar.label, "right")
            self._write(drawing, left + max(bar.value, bar.whole) * scale + 4, y + 3, bar.words)
        drawing.add(Line(left, 0, left, height, strokeColor=_GREY, strokeWidth=0.6))
        return drawing

    def shares(
        self, rows: Sequence[tuple[str, Sequence[int]]], legend: Sequence[str], colours: Sequence[Color]
    ) -> Drawing:
        """Bars of 100 %, each cut by its counts; a legend on top. `colours` go with the legend."""
        left = self._room([label for label, _ in rows])
        height = (len(rows) + 1) * (_BAR_PT + _GAP_PT) + _GAP_PT
        drawing = Drawing(WIDTH_PT, height)
        self._legend(drawing, left, height - _BAR_PT - 2, legend, colours)
        whole = WIDTH_PT - left - 6
        for n, (label, counts) in enumerate(rows, 1):
            y = height - (n + 1) * (_BAR_PT + _GAP_PT)
            self._write(drawing, left - 5, y + 3, label, "right")
            x, total = left, sum(counts) or 1
            for count, colour in zip(counts, colours, strict=True):
                width = whole * count / total
                drawing.add(_rect(x, y, width, colour))
                if count / total >= 0.08:
                    white = colour in (SCALE[0], SCALE[3])
                    self._write(drawing, x + width / 2, y + 3, f"{count / total:.0%}", "centre", white=white)
                x += width
        return drawing

    def weeks(
        self, labels: Sequence[str], done: Sequence[float], planned: Sequence[float], words: tuple[str, str]
    ) -> Drawing:
        """Columns of what was done beside a line of what was planned; `words` name both."""
        height, left, foot = 170.0, 34.0, 30.0
        drawing = Drawing(WIDTH_PT, height)
        top = _round_up(max([*done, *planned, 1]))
        scale = (height - foot - 24) / top
        step = (WIDTH_PT - left - 8) / max(len(labels), 1)
        for n in range(5):
            y = foot + top * scale * n / 4
            drawing.add(Line(left, y, WIDTH_PT - 8, y, strokeColor=_PALE, strokeWidth=0.6))
            self._write(drawing, left - 4, y - 3, f"{top * n / 4:.0f}", "right")
        for n, (label, value) in enumerate(zip(labels, done, strict=True)):
            x = left + step * n
            drawing.add(_rect(x + step * 0.22, foot, step * 0.56, _DARK, value * scale))
            self._write(drawing, x + step / 2, foot - 12, label, "centre")
        points = [part for n, v in enumerate(planned) for part in (left + step * (n + 0.5), foot + v * scale)]
        if len(points) >= 4:
            drawing.add(PolyLine(points, strokeColor=SCALE[3], strokeWidth=1.6))
        drawing.add(Line(left, foot, WIDTH_PT - 8, foot, strokeColor=_GREY, strokeWidth=0.6))
        drawing.add(_rect(left + 4, height - 11, 14, _DARK, 8))
        self._write(drawing, left + 22, height - 11, words[0])
        drawing.add(
            Line(left + 110, height - 7, left + 126, height - 7, strokeColor=SCALE[3], strokeWidth=1.6)
        )
        self._write(drawing, left + 130, height - 11, words[1])
        return drawing

    def _legend(
        self, drawing: Drawing, x: float, y: float, words: Sequence[str], colours: Sequence[Color]
    ) -> None:
        for word, colour in zip(words, colours, strict=True):
            drawing.add(_rect(x, y, 9, colour, 9))
            self._write(drawing, x + 12, y + 1, word)
            x += 12 + self._width(word) + 14

    def _write(
        self, drawing: Drawing, x: float, y: float, words: str, align: str = "left", white: bool = False
    ) -> None:
        if align != "left":
            x -= self._width(words) / (1 if align == "right" else 2)
        for run in self.fonts.runs(words, "song"):
            colour = Color(1, 1, 1) if white else Color(0.1, 0.1, 0.1)
            drawing.add(String(x, y, run.text, fontName=run.face, fontSize=_WORD_PT, fillColor=colour))
            x += self._width(run.text)

    def _width(self, words: str) -> float:
        return self.fonts.width(words, "song", _WORD_PT) / MM_PER_PT

    def _room(self, words: Sequence[str]) -> float:
        return max(map(self._width, words), default=0.0) + 10


def _rect(x: float, y: float, width: float, colour: Color, height: float = _BAR_PT) -> Rect:
    rect = Rect(x, y, max(width, 0.01), height)
    rect.fillColor, rect.strokeColor = colour, None
    return rect


def _round_up(value: float) -> float:
    """Little more than `value`, and quarters of it are whole: 4, 8, 12, …, 120, 160, …"""
    power: float = 10 ** max(floor(log10(value)) - 1, 0)
    return next(n * power for n in (4, 8, 12, 16, 20, 24, 32, 40, 60, 80, 100) if n * power >= value)


def to_png(drawing: Drawing, dpi: int = 220) -> bytes:
    """The chart as a picture, for Word."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(drawing.width, drawing.height), invariant=1)
    renderPDF.draw(drawing, canvas, 0, 0)
    canvas.save()
    with pypdfium2.PdfDocument(buffer.getvalue()) as document:
        picture = document[0].render(scale=dpi / 72).to_pil()
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()
