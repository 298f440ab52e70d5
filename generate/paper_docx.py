"""A `Paper` as a Word document that an office goes on editing: real headings, tables and page numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as Words

from generate.charts import WIDTH_PT, to_png
from generate.drawingml import FACES
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

_LATIN = "Times New Roman"
_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "centre": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}
_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # of the file's properties: the same paper, the same file


def write_paper_docx(path: Path, paper: Paper) -> None:
    """Writes `path`. Raises OSError."""
    writer = _Writer(paper)
    buffer = io.BytesIO()
    writer.written().save(buffer)
    path.write_bytes(buffer.getvalue())


class _Writer:
    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.document: Any = Document()

    def written(self) -> Any:
        self._set_page()
        self._set_style()
        self._words(self.paper.title, "title", TITLE_PT, "centre", leading=TITLE_PT * 1.45)
        if self.paper.subtitle:
            self._words(self.paper.subtitle, "kai", CAPTION_PT, "centre", leading=20, after=8)
        for block in self.paper.blocks:
            self._block(block)
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = self.paper.title, "", ""
        properties.created = properties.modified = _FIRST_DAY
        return self.document

    def _set_page(self) -> None:
        section = self.document.sections[0]
        width, height = self.paper.size_mm
        section.page_width, section.page_height = Mm(width), Mm(height)
        if self.paper.wide:
            section.orientation = WD_ORIENT.LANDSCAPE
        top, right, bottom, left = self.paper.margins_mm
        section.top_margin, section.bottom_margin = Mm(top), Mm(bottom)
        section.left_margin, section.right_margin = Mm(left), Mm(right)
        section.footer_distance = Mm(max(bottom - 10.0, 8.0))
        self.document.settings.odd_and_even_pages_header_footer = True
        self._number_pages(section.footer, "right")
        self._number_pages(section.even_page_footer, "left")

    def _number_pages(self, footer: Any, align: Align) -> None:
        """“— 1 —”, outside."""
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.alignment = _ALIGN[align]
        size = SMALL_PT if self.paper.wide else NUMBER_PT
        for part in ("— ", None, " —"):
            run = paragraph.add_run(part or "")
            _set_face(run, "song", size)
            if part is None:
                for kind, words in (("begin", ""), ("", "PAGE"), ("end", "")):
                    run._r.append(_field_part(kind, words))

    def _set_style(self) -> None:
        normal = self.document.styles["Normal"]
        normal.font.name, normal.font.size = _LATIN, Pt(self._body)
        normal.element.rPr.rFonts.set(qn("w:eastAsia"), FACES["fang"][1])
        normal.paragraph_format.space_after = Pt(0)
        for level in (1, 2):
            style = self.document.styles[f"Heading {level}"]
            properties = style.element.get_or_add_rPr()
            for child in list(properties):
                properties.remove(child)
            style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)

    @property
    def _body(self) -> float:
        return SMALL_PT if self.paper.wide else BODY_PT

    @property
    def _leading(self) -> float:
        return SMALL_PT * 1.5 if self.paper.wide else LEADING_PT

    def _block(self, block: Block) -> None:
        if isinstance(block, Heading):
            role = "hei" if block.level == 1 else "kai"
            words = self._words(block.words, role, self._body, leading=self._leading, indent=True)
            words.style = self.document.styles[f"Heading {block.level}"]
            words.paragraph_format.keep_with_next = True
        elif isinstance(block, Paragraph):
            size = SMALL_PT if block.small else self._body
            leading = size * 1.5 if block.small else self._leading
            self._words(block.words, "fang", size, block.align, leading, block.indent)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Figure):
            self._figure(block)
        elif isinstance(block, PageBreak):
            self.document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)

    def _figure(self, figure: Figure) -> None:
        paragraph = self.document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        width = min(WIDTH_PT, figure.drawing.width)
        paragraph.add_run().add_picture(io.BytesIO(to_png(figure.drawing)), width=Pt(width))
        self._words(figure.caption, "hei", CAPTION_PT, "centre", 20, after=6)

    def _table(self, table: Table) -> None:
        if table.caption:
            caption = self._words(table.caption, "hei", CAPTION_PT, "centre", 22)
            caption.paragraph_format.keep_with_next = True
        grid = self.document.add_table(rows=1, cols=len(table.columns))
        grid.style, grid.alignment, grid.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
        widths = [Mm(width) for width in table.widths(self.paper.text_mm)]
        for width, part in zip(widths, grid._tbl.tblGrid.findall(qn("w:gridCol")), strict=True):
            part.set(qn("w:w"), str(round(width.twips)))
        self._fill(grid.rows[0], [column.heading for column in table.columns], table, widths, heading=True)
        grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        if table.rows:
            pattern = grid.add_row()
            self._fill(pattern, [""] * len(table.columns), table, widths, heading=False)
            pattern._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            grid._tbl.remove(pattern._tr)
            grid._tbl.extend(_like(pattern._tr, row) for row in table.rows)
        self.document.add_paragraph().paragraph_format.line_spacing = Pt(10)

    def _fill(self, row: Any, words: list[str], table: Table, widths: list[Any], heading: bool) -> None:
        size = self.paper.table_pt
        for cell, text, column, width in zip(row.cells, words, table.columns, widths, strict=True):
            cell.width = width
            align: Align = "centre" if heading else column.align
            role = "hei" if heading else "song"
            _set(cell.paragraphs[0], text, role, size, align, size * 1.35)
            properties = cell._tc.get_or_add_tcPr()
            if heading:
                properties.append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="EBF0F5"/>'))
            properties.append(
                parse_xml(
                    f'<w:tcMar {nsdecls("w")}><w:top w:w="50" w:type="dxa"/><w:left w:w="50" w:type="dxa"/>'
                    '<w:bottom w:w="50" w:type="dxa"/><w:right w:w="50" w:type="dxa"/></w:tcMar>'
                )
            )
            properties.append(parse_xml(f'<w:vAlign {nsdecls("w")} w:val="center"/>'))

    def _words(
        self,
        words: str,
        role: str,
        size: float,
        align: Align = "left",
        leading: float = 0.0,
        indent: bool = False,
        after: float = 0.0,
    ) -> Words:
        paragraph: Words = self.document.add_paragraph()
        _set(paragraph, words, role, size, align, leading)
        if indent:
            paragraph.paragraph_format.first_line_indent = Pt(2 * size)
        paragraph.paragraph_format.space_after = Pt(after)
        return paragraph


def _like(pattern: Any, cells: Sequence[object]) -> Any:
    """A row that looks like the pattern: building each anew takes ten times as long."""
    row = deepcopy(pattern)
    for cell, words in zip(row.tc_lst, cells, strict=True):
        cell.p_lst[0].r_lst[0].text = _printable(cell_words(words))
    return row


def _set(paragraph: Words, words: str, role: str, size: float, align: Align, leading: float) -> None:
    paragraph.alignment = _ALIGN[align]
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(leading or size * 1.3)
    _set_face(paragraph.add_run(_printable(words)), role, size)


def _set_face(run: Any, role: str, size: float) -> None:
    run.font.size, run.font.name = Pt(size), _LATIN
    run.font.bold = False
    run._r.get_or_add_rPr().rFonts.set(qn("w:eastAsia"), FACES[role][1])


def _field_part(kind: str, words: str) -> Any:
    if kind:
        part = OxmlElement("w:fldChar")
        part.set(qn("w:fldCharType"), kind)
        return part
    part = OxmlElement("w:instrText")
    part.text = words
    return part


def _printable(words: str) -> str:
    """Without the control characters that XML refuses."""
    return "".join(c for c in words if c >= " " or c in "\t\n")
