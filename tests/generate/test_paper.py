"""Documents of the office: the same words in Word and PDF, charts that hold what they are given."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from docx import Document
from docx.shared import Mm, Pt
from PIL import Image

from generate.charts import SCALE, Bar, Charts, _round_up, to_png
from generate.fonts import FontBook
from generate.paper import Column, Figure, Heading, Paper, Paragraph, Table
from generate.paper_docx import write_paper_docx
from generate.paper_pdf import markup, write_paper_pdf


@pytest.fixture(scope="module")
def fonts() -> FontBook:
    return FontBook()


def paper(fonts: FontBook, rows: int = 3, wide: bool = False) -> Paper:
    chart = Charts(fonts).bars([Bar("滆东村", 3, "3/5", 5), Bar("青舍村", 5, "5/5", 5)])
    cells = [[n, f"第{n}件 <b>&", None if n % 2 else 1.25] for n in range(1, rows + 1)]
    table = Table(
        (Column("序号", 1, "centre"), Column("内容", 4), Column("数", 1, "right")), cells, "表1 清单"
    )
    blocks = (Heading("一、情况"), Paragraph("走访了喆、堃两户。"), Figure(chart, "图1 进度"), table)
    return Paper("走访情况总结", blocks, "2017年4月30日", wide)


def test_word_and_pdf_have_the_same_words(fonts: FontBook, tmp_path: Path) -> None:
    write_paper_docx(tmp_path / "a.docx", paper(fonts))
    write_paper_pdf(tmp_path / "a.pdf", paper(fonts), fonts)
    document: Any = Document(str(tmp_path / "a.docx"))
    cells = [cell.text for row in document.tables[0].rows for cell in row.cells]
    words = "".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    with pdfplumber.open(tmp_path / "a.pdf") as pdf:
        text = "".join(page.extract_text() for page in pdf.pages)
    drawn = "滆东村3/5青舍村5/5—1—"
    assert sorted(re.sub(r"\s", "", text)) == sorted(re.sub(r"\s", "", words) + drawn)


def test_the_page_is_the_standards(fonts: FontBook, tmp_path: Path) -> None:
    """GB/T 9704: margins of 37, 35, 28 and 26 mm; title 22 pt, body 16 pt."""
    write_paper_docx(tmp_path / "a.docx", paper(fonts))
    document: Any = Document(str(tmp_path / "a.docx"))
    (section,) = document.sections
    margins = section.top_margin, section.bottom_margin, section.left_margin, section.right_margin
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]
    assert (round(section.page_width / Mm(1)), round(section.page_height / Mm(1))) == (210, 297)
    title, _, heading, body = document.paragraphs[:4]
    assert title.runs[0].font.size == Pt(22)
    assert body.runs[0].font.size == Pt(16)
    assert heading.style.name == "Heading 1"
    with_pages = section.footer.paragraphs[0]._p.xml
    assert "PAGE" in with_pages


def test_a_long_table_goes_on_with_its_headings(fonts: FontBook, tmp_path: Path) -> None:
    write_paper_pdf(tmp_path / "a.pdf", paper(fonts, rows=80, wide=True), fonts)
    with pdfplumber.open(tmp_path / "a.pdf") as pdf:
        texts = [page.extract_text() for page in pdf.pages]
        assert (round(pdf.pages[0].width), round(pdf.pages[0].height)) == (842, 595)
    assert len(texts) > 2
    assert all("序号" in text for text in texts)
    assert [n for n in range(1, 81) if not any(f"第{n}件" in text for text in texts)] == []


def test_the_same_paper_is_the_same_file(fonts: FontBook, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_paper_pdf(tmp_path / f"{name}.pdf", paper(fonts), fonts)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_a_character_that_no_face_has_does_not_stop_a_list(fonts: FontBook) -> None:
    assert "〓" in markup(fonts, "字\U0010fffe字", "song")


def test_charts_hold_what_they_are_given(fonts: FontBook) -> None:
    charts = Charts(fonts)
    drawings = [
        charts.bars([]),
        charts.shares(
            [("村务公开", [3, 1, 0])], ["满意", "不满意", "不了解"], [SCALE[0], SCALE[3], SCALE[4]]
        ),
        charts.weeks(["9周"], [0], [0], ("累计", "计划")),
        charts.weeks(["9周", "10周"], [10, 106], [50, 100], ("累计", "计划")),
    ]
    for drawing in drawings:
        picture = Image.open(io.BytesIO(to_png(drawing, dpi=72)))
        assert picture.width == pytest.approx(drawing.width, abs=2)


@pytest.mark.parametrize("value", [1, 3, 5, 19, 21, 99, 101, 106, 25_000])
def test_an_axis_is_little_longer_than_what_is_on_it(value: int) -> None:
    top = _round_up(value)
    assert value <= top <= max(2 * value, 4)
    assert top % 4 == 0


def test_no_line_begins_with_a_comma(tmp_path: Path) -> None:
    words = "本周走访三十个对象，" * 30
    write_paper_pdf(tmp_path / "p.pdf", Paper("题", (Paragraph(words),)))
    with pdfplumber.open(tmp_path / "p.pdf") as pdf:
        lines = (pdf.pages[0].extract_text() or "").splitlines()
    assert len(lines) > 8
    assert not [line for line in lines if line[0] in "，。；：？！"]
