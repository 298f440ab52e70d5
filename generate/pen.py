"""Draws in the layouts' own terms, mm from the page's top-left corner: on a reportlab canvas here."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import cv2
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode
from reportlab.pdfgen.canvas import Canvas

from generate.fonts import FontBook
from layouts.model import MARKER_DICTIONARY, Box, Point, Rule, Text
from layouts.typeset import MM_PER_PT

Colour = tuple[float, float, float]
"""Red, green, blue, 0 to 1."""

BOX_LINE_PT = 0.7
BOX_GREY = 0.5
_QR_VERSION = 2
_QR_MASK = 7
"""The search for the best of the eight masks takes 2 ms a code, 7 times the encoding itself, and gains
nothing: of 150 codes at 90 dpi, turned, blurred and noisy, 100 were read with mask 7, 95 with the best."""
MARKER_CELLS = 6  # 4 × 4 bits and the black border


class Pen(Protocol):
    """What a page is drawn with, whatever file it becomes."""

    @property
    def fonts(self) -> FontBook: ...

    def text(self, text: Text, colour: Colour | None = None) -> None:
        """`colour` instead of the text's grey."""

    def rule(self, rule: Rule) -> None: ...

    def bar(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        """A filled rectangle."""

    def frame(self, box: Box) -> None:
        """The outline of a checkbox or a comb cell."""

    def marker(self, number: int, corner: Point, side: float) -> None:
        """An ArUco marker."""

    def qr(self, code: str, x: float, y: float, side: float) -> None:
        """The modules of a QR code; the quiet zone around it is for the layout to keep."""


class CanvasPen:
    """A pen for PDF. `height` is the page's, in mm."""

    def __init__(self, canvas: Canvas, height: float, fonts: FontBook) -> None:
        self.canvas, self.height, self._fonts = canvas, height, fonts

    @property
    def fonts(self) -> FontBook:
        return self._fonts

    def text(self, text: Text, colour: Colour | None = None) -> None:
        x = text.x
        if text.align != "left":
            width = self.fonts.width(text.text, text.font, text.size)
            x -= width / 2 if text.align == "centre" else width
        if colour:
            self.canvas.setFillColorRGB(*colour)
        else:
            self.canvas.setFillGray(text.grey)
        words = self.canvas.beginText(x / MM_PER_PT, self._y(text.y))
        for run in self.fonts.runs(text.text, text.font):
            words.setFont(run.face, text.size)
            words.textOut(run.text)
        self.canvas.drawText(words)

    def rule(self, rule: Rule) -> None:
        self.canvas.setLineWidth(rule.width)
        self.canvas.setStrokeGray(rule.grey)
        self.canvas.line(rule.x1 / MM_PER_PT, self._y(rule.y1), rule.x2 / MM_PER_PT, self._y(rule.y2))

    def bar(self, x: float, y: float, w: float, h: float, colour: Colour) -> None:
        self.canvas.setFillColorRGB(*colour)
        self.canvas.rect(x / MM_PER_PT, self._y(y + h), w / MM_PER_PT, h / MM_PER_PT, stroke=0, fill=1)

    def frame(self, box: Box) -> None:
        self.canvas.setLineWidth(BOX_LINE_PT)
        self.canvas.setStrokeGray(BOX_GREY)
        w, h = box.w / MM_PER_PT, box.h / MM_PER_PT
        self.canvas.rect(box.x / MM_PER_PT, self._y(box.y + box.h), w, h, stroke=1, fill=0)

    def marker(self, number: int, corner: Point, side: float) -> None:
        """One even-odd path, so that no seam shows between its cells."""
        cell = side / MARKER_CELLS / MM_PER_PT
        left, top = corner[0] / MM_PER_PT, self._y(corner[1])
        path = self.canvas.beginPath()
        path.rect(left, top - cell * MARKER_CELLS, cell * MARKER_CELLS, cell * MARKER_CELLS)
        for row, bits in enumerate(marker_cells(number)):
            for column, white in enumerate(bits):
                if white:
                    path.rect(left + cell * column, top - cell * (row + 1), cell, cell)
        self.canvas.setFillGray(0.0)
        self.canvas.drawPath(path, stroke=0, fill=1, fillMode=0)

    def qr(self, code: str, x: float, y: float, side: float) -> None:
        """The modules as a 1-bit image mask."""
        rows = qr_rows(code)
        n, points = len(rows), side / MM_PER_PT
        self.canvas.saveState()
        self.canvas.setFillGray(0.0)
        self.canvas.translate(x / MM_PER_PT, self._y(y + side))
        self.canvas.scale(points, points)
        data = "".join(f"{row << (-n % 8):0{(n + 7) // 8 * 2}X}" for row in rows)
        # reportlab has no call of its own for an inline 1-bit mask.
        self.canvas.addLiteral(f"BI /W {n} /H {n} /IM true /BPC 1 /D [1 0] /F /AHx ID {data}> EI")
        self.canvas.restoreState()

    def _y(self, y: float) -> float:
        return (self.height - y) / MM_PER_PT


@lru_cache
def marker_cells(number: int) -> tuple[tuple[bool, ...], ...]:
    """Rows of the marker's 6 × 6 cells, True for white."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    image = cv2.aruco.generateImageMarker(dictionary, number, MARKER_CELLS)
    return tuple(tuple(bool(value) for value in row) for row in image)


def qr_rows(code: str) -> list[int]:
    """The code's modules, each row as a number whose highest bit is the first module. Raises ValueError."""
    qr: QRCode[Any] = QRCode(_QR_VERSION, ERROR_CORRECT_Q, border=0, mask_pattern=_QR_MASK)
    qr.add_data(code, optimize=0)
    qr.make(fit=False)
    return [int("".join("1" if module else "0" for module in row), 2) for row in qr.modules]
