"""A `Paper` as PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Literal

from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors, textsplit
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Spacer,
    TableStyle,
    paragraph,
)
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Words
from reportlab.platypus import Table as Grid

from generate.fonts import FontBook, MissingGlyphsError
from generate.paper import (
    BODY_PT,
    CAPTION_PT,
    LEADING_PT,
    NUMBER_PT,
    SMALL_PT,
    TITLE_PT,
    Align,
    Block,
    Figure,
    Heading,
    PageBreak,
    Paper,
    Paragraph,
    Table,
    cell_words,
)

_ALIGN: Mapping[Align, Literal[0, 1, 2]] = {"left": 0, "centre": 1, "right": 2}  # reportlab.lib.enums
_WITH_NEXT = 30 * mm
"""Room that a heading or a caption wants, its own and for the beginning of what follows."""
for _module in (textsplit, paragraph):  # 避头尾: reportlab's own list lacks these full-width forms
    vars(_module)["ALL_CANNOT_START"] += "，；：？！…"
_NO_GLYPH = "〓"
"""Stands for a character that no face has, as printers do: a list must not fail for one."""


def write_paper_pdf(path: Path, paper: Paper, fonts: FontBook | None = None) -> None:
    """Writes `path`; the same paper and fonts make the same bytes. Raises FontError, OSError."""
    path.write_bytes(_Writer(paper, fonts or FontBook()).written())


class _Writer:
    def __init__(self, paper: Paper, fonts: FontBook) -> None:
        self.paper, self.fonts = paper, fonts

    def written(self) -> bytes:
        width, height = (side * mm for side in self.paper.size_mm)
        top, right, bottom, left = (margin * mm for margin in self.paper.margins_mm)
        buffer = io.BytesIO()
        document = BaseDocTemplate(buffer, pagesize=(width, height), invariant=1, title=self.paper.title)
        frame = Frame(left, bottom, width - left - right, height - top - bottom, 0, 0, 0, 0)
        document.addPageTemplates(PageTemplate("page", [frame], onPage=self._number_page))
        document.build(list(self._story()))
        return buffer.getvalue()

    def _number_page(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        """“— 1 —” outside: to the right on odd pages, to the left on even ones."""
        number = int(canvas.getPageNumber())
        words = f"— {number} —"
        _, right, bottom, left = self.paper.margins_mm
        size = NUMBER_PT if not self.paper.wide else SMALL_PT
        y = (bottom - 7.0 - (0 if self.paper.wide else 5.0)) * mm
        x = left * mm + size
        if number % 2:
            x = (self.paper.size_mm[0] - right) * mm - size - self.fonts.width(words, "song", size) * mm
        line = canvas.beginText(x, y)
        for run in self.fonts.runs(words, "song"):
            line.setFont(run.face, size)
            line.textOut(run.text)
        canvas.drawText(line)

    def _story(self) -> Iterator[Flowable]:
        yield self._words(self.paper.title, "title", TITLE_PT, align="centre", leading=TITLE_PT * 1.45)
        if self.paper.subtitle:
            yield self._words(self.paper.subtitle, "kai", CAPTION_PT, align="centre", leading=20)
        yield Spacer(1, 8)
        for block in self.paper.blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[Flowable]:
        if isinstance(block, Heading):
            role = "hei" if block.level == 1 else "kai"
            yield CondPageBreak(_WITH_NEXT)
            yield self._words(block.words, role, self._body, leading=self._leading, indent=True)
        elif isinstance(block, Paragraph):
            size = SMALL_PT if block.small else self._body
            leading = size * 1.5 if block.small else self._leading
            yield self._words(block.words, "fang", size, block.align, leading, block.indent)
        elif isinstance(block, Table):
            yield from self._table(block)
        elif isinstance(block, Figure):
            yield Spacer(1, 4)
            yield _centred(block.drawing)
            yield self._words(block.caption, "hei", CAPTION_PT, "centre", 20)
        elif isinstance(block, PageBreak):
            yield NewPage()

    @property
    def _body(self) -> float:
        return SMALL_PT if self.paper.wide else BODY_PT

    @property
    def _leading(self) -> float:
        return SMALL_PT * 1.5 if self.paper.wide else LEADING_PT

    def _table(self, table: Table) -> Iterator[Flowable]:
        size = self.paper.table_pt
        if table.caption:
            yield CondPageBreak(_WITH_NEXT)
            yield self._words(table.caption, "hei", CAPTION_PT, "centre", 22)
        headings = [self._words(c.heading, "hei", size, "centre", size * 1.3) for c in table.columns]
        rows = [
            [
                self._words(cell_words(cell), "song", size, column.align, size * 1.35)
                for cell, column in zip(row, table.columns, strict=True)
            ]
            for row in table.rows
        ]
        widths = table.widths(self.paper.text_mm * mm)
        grid = Grid([headings, *rows], colWidths=widths, repeatRows=1)
        grid.setStyle(
            TableStyle(
                [
                    ("GRID", (0, 0), (-1, -1), 0.5, colors.Color(0.35, 0.35, 0.35)),
                    ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.92, 0.94, 0.96)),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                    ("LEFTPADDING", (0, 0), (-1, -1), 2.5),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
                    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
                ]
            )
        )
        yield grid
        yield Spacer(1, 10)

    def _words(
        self,
        words: str,
        role: str,
        size: float,
        align: Align = "left",
        leading: float = 0.0,
        indent: bool = False,
    ) -> Words:
        style = ParagraphStyle(
            "words",
            fontSize=size,
            leading=leading or size * 1.3,
            alignment=_ALIGN[align],
            firstLineIndent=2 * size if indent else 0,
            wordWrap="CJK",
            allowWidows=0,
            allowOrphans=0,
        )
        return Words(markup(self.fonts, words, role), style)


def markup(fonts: FontBook, words: str, role: str) -> str:
    """The words with the face of each run; characters that no face has become 〓."""
    try:
        runs = fonts.runs(words, role)
    except MissingGlyphsError as error:
        for character in error.characters:
            words = words.replace(character, _NO_GLYPH)
        runs = fonts.runs(words, role)
    return "".join(f'<font name="{escape(run.face)}">{escape(run.text)}</font>' for run in runs)


def _centred(drawing: Drawing) -> Drawing:
    drawing.hAlign = "CENTER"
    return drawing
