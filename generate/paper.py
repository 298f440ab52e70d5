"""A document of the office: title, paragraphs, tables, figures. Say it once, write it as Word and as PDF.

The typography is GB/T 9704-2012's: A4 with margins of 37, 35, 28 and 26 mm; title 2号小标宋, body 3号仿宋
with 28 to 29 pt leading, headings 黑体 and 楷体; page numbers 4号宋体 between dashes, outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reportlab.graphics.shapes import Drawing

Align = Literal["left", "centre", "right"]

TOP_MM, BOTTOM_MM, LEFT_MM, RIGHT_MM = 37.0, 35.0, 28.0, 26.0
TABLE_MM = 15.0  # margins of wide tables, left, right and at the foot (domain.md §5)
A4_MM = (210.0, 297.0)
TITLE_PT, BODY_PT, LEADING_PT = 22.0, 16.0, 28.9
SMALL_PT, TABLE_PT, NUMBER_PT = 12.0, 10.5, 14.0
WIDE_TABLE_PT = 9.0
CAPTION_PT = 12.0


@dataclass(frozen=True)
class Heading:
    """`level` 1: 一、 in 黑体; 2: （一） in 楷体."""

    words: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """`small`: a note in 小四."""

    words: str
    indent: bool = True
    align: Align = "left"
    small: bool = False


@dataclass(frozen=True)
class Column:
    """A column's heading, and its width as a share of the sum of all shares."""

    heading: str
    share: float = 1.0
    align: Align = "left"


@dataclass(frozen=True)
class Table:
    """Rows of cells, as many as there are columns; the headings are repeated on every page."""

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[object]]
    caption: str = ""

    def widths(self, whole: float) -> list[float]:
        total = sum(column.share for column in self.columns)
        return [whole * column.share / total for column in self.columns]


@dataclass(frozen=True)
class Figure:
    """A chart, as wide as the text at most."""

    drawing: Drawing
    caption: str


@dataclass(frozen=True)
class PageBreak:
    pass


Block = Heading | Paragraph | Table | Figure | PageBreak


@dataclass(frozen=True)
class Paper:
    """A document. `wide`: landscape, for tables of many columns."""

    title: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    wide: bool = False

    @property
    def size_mm(self) -> tuple[float, float]:
        return (A4_MM[1], A4_MM[0]) if self.wide else A4_MM

    @property
    def margins_mm(self) -> tuple[float, float, float, float]:
        """Top, right, bottom, left."""
        if self.wide:
            return 22.0, TABLE_MM, 20.0, TABLE_MM
        return TOP_MM, RIGHT_MM, BOTTOM_MM, LEFT_MM

    @property
    def text_mm(self) -> float:
        """Width of the text."""
        _, right, _, left = self.margins_mm
        return self.size_mm[0] - left - right

    @property
    def table_pt(self) -> float:
        return WIDE_TABLE_PT if self.wide else TABLE_PT


def cell_words(cell: object) -> str:
    """A cell as words: nothing for None, no more decimals than say something."""
    if cell is None:
        return ""
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)


__all__ = [
    "Align",
    "Block",
    "Column",
    "Figure",
    "Heading",
    "PageBreak",
    "Paper",
    "Paragraph",
    "Table",
    "cell_words",
]
