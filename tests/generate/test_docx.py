"""What is in the Word documents, as Word, WPS and LibreOffice find it; their pages are another module."""

import zipfile
from dataclasses import replace
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
import zxingcpp
from docx import Document
from docx.oxml.ns import qn
from lxml import etree
from PIL import Image

from generate import CardPrint, CardSet, MissingGlyphsError, TooLongError, write_docx, write_pdf
from generate.fonts import ROLES
from layouts import Identity
from layouts.identity import readable

WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
MM_PER_TWIP = 25.4 / 1440
HANDED_OUT_WITH_WINDOWS = {"宋体", "黑体", "楷体", "仿宋", "Times New Roman", "Arial", "Consolas"}


@pytest.fixture(scope="module")
def packet(sheets, fonts, tmp_path_factory):
    """Every side of every form, as the office would print a packet of everything."""
    path = tmp_path_factory.mktemp("word") / "packet.docx"
    return path, write_docx(path, [side for sides in sheets.values() for side in sides], fonts)


@pytest.fixture(scope="module")
def households(sheets, fonts, tmp_path_factory):
    """60 sides of household forms: 30 of a cadre's families, each with codes of its own."""
    path = tmp_path_factory.mktemp("word") / "households.docx"
    write_docx(path, sheets["2-5"] * 30, fonts)
    return path


def parts(path):
    """Name → root of every part that is XML; what is not well-formed would raise."""
    with zipfile.ZipFile(path) as package:
        return {
            n: etree.fromstring(package.read(n)) for n in package.namelist() if n.endswith((".xml", ".rels"))
        }


def stories(path):
    """The body and the page headers."""
    return {n: root for n, root in parts(path).items() if n.startswith(("word/document", "word/header"))}


def words_of(root):
    return ["".join(t.text for t in p.iter(qn("w:t"))) for p in root.iter(qn("w:p"))]


def test_the_pages_are_those_of_the_pdf(sheets, packet, fonts, tmp_path):
    everything = [side for sides in sheets.values() for side in sides]
    assert packet[1] == write_pdf(tmp_path / "packet.pdf", everything, fonts)


def test_a_header_for_each_side_of_a_form_however_many_sheets(households):
    document = Document(households)
    assert len(document.sections) == 1
    assert document.settings.odd_and_even_pages_header_footer
    section = document.sections[0]
    assert "群众入户调查表" in "".join(words_of(section.header._element))
    assert section.header._element is not section.even_page_header._element
    body = "".join(words_of(document.element.body))
    assert "群众入户调查表" not in body
    assert body.count("欧阳喆") == 30


def test_a_packet_is_small(households):
    assert households.stat().st_size < 150_000


def test_no_section_takes_over_the_header_of_another(packet):
    for section in Document(packet[0]).sections:
        assert not section.header.is_linked_to_previous
        assert not section.even_page_header.is_linked_to_previous


def test_paper_is_turned_where_a_form_is_wide(packet, sheets):
    wide = {sides[0].layout.frame.width > 250 for sides in sheets.values()}
    found = {section.page_width > section.page_height for section in Document(packet[0]).sections}
    assert found == wide


def test_every_word_of_the_form_can_be_edited(packet, sheets):
    words = [line for root in stories(packet[0]).values() for line in words_of(root)]
    for sides in sheets.values():
        for text in sides[0].layout.texts:
            assert any(text.text in line for line in words), text
        for side in sides:
            assert any(readable(side.serial) in line for line in words)
            printed = {box.field for box in side.layout.on_page(side.page) if box.kind == "prefill"}
            for field in printed & set(side.facts):
                assert any(side.facts[field] in line for line in words), field


def test_shapes_have_numbers_of_their_own(packet):
    numbers = [e.get("id") for root in stories(packet[0]).values() for e in root.iter(f"{WP}docPr")]
    assert len(numbers) > 50
    assert len(numbers) == len(set(numbers))


def test_everything_drawn_is_anchored_to_the_page(packet):
    for root in stories(packet[0]).values():
        for anchor in root.iter(f"{WP}anchor"):
            places = anchor.findall(f"{WP}positionH") + anchor.findall(f"{WP}positionV")
            assert [place.get("relativeFrom") for place in places] == ["page", "page"]
        assert not list(root.iter(f"{WP}inline"))


def test_a_page_costs_word_a_handful_of_shapes(packet):
    for name, root in stories(packet[0]).items():
        if name.startswith("word/header"):
            assert len(list(root.iter(f"{WPS}wsp"))) <= 10, name


def frames(root):
    """(left, top, right, bottom) in mm of every frame of a story, page by page."""
    pages = [[]]
    for paragraph in root.iter(qn("w:p")):
        if paragraph.find(f".//{qn('w:pageBreakBefore')}") is not None:
            pages.append([])
        frame = paragraph.find(f"{qn('w:pPr')}/{qn('w:framePr')}")
        if frame is not None:
            x, y, w, h = (int(frame.get(qn(f"w:{key}"))) * MM_PER_TWIP for key in "xywh")
            pages[-1].append((x, y, x + w, y + h))
        if paragraph.find(f".//{qn('w:sectPr')}") is not None:
            pages.append([])
    return pages


def overlap(a, b):
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return across > 0.02 and down > 0.02


def test_no_frame_lies_over_another_for_word_would_move_it(packet):
    for name, root in stories(packet[0]).items():
        for page in frames(root):
            for a, b in combinations(page, 2):
                assert not overlap(a, b), (name, a, b)


def test_long_names_lie_in_frames_that_do_not_touch(sheets, fonts, tmp_path):
    long = {"head": "买买提·艾力江·吐尔逊", "door": "孟河镇小河中心社区通江北路西侧沿河一弄128号乙单元302室"}
    write_docx(tmp_path / "long.docx", [replace(sheets["2-5"][0], facts=long)], fonts)
    body = parts(tmp_path / "long.docx")["word/document.xml"]
    assert all(not overlap(a, b) for page in frames(body) for a, b in combinations(page, 2))
    for words in long.values():
        assert words in "".join(words_of(body))


def test_faces_are_those_that_offices_have_or_say_what_is_like_them(packet):
    found = parts(packet[0])
    named = {
        value
        for name, root in found.items()
        if name.startswith(("word/document", "word/header"))
        for faces in root.iter(qn("w:rFonts"))
        for key, value in faces.attrib.items()
        if key != qn("w:hint")
    }
    table = found["word/fontTable.xml"]
    alike = {f.get(qn("w:name")) for f in table if f.find(qn("w:altName")) is not None}
    assert "宋体" in named
    assert named <= HANDED_OUT_WITH_WINDOWS | alike


def test_every_role_has_a_face():
    from generate.drawingml import FACES

    assert set(FACES) == set(ROLES)


def test_codes_are_pictures_that_say_which_sheet_this_is(households, sheets):
    with zipfile.ZipFile(households) as package:
        names = [name for name in package.namelist() if name.startswith("word/media/")]
        pictures = [Image.open(BytesIO(package.read(name))) for name in names]
    assert len(names) == 2, "thirty sheets with the same code share its picture"
    said = [
        zxingcpp.read_barcodes(np.pad(np.asarray(p.convert("L")), 50, constant_values=255)) for p in pictures
    ]
    assert {codes[0].text for codes in said} == {side.code for side in sheets["2-5"]}


def test_codes_are_never_recompressed_and_word_is_not_in_compatibility_mode(packet):
    settings = parts(packet[0])["word/settings.xml"]
    assert settings.find(qn("w:doNotAutoCompressPictures")) is not None
    modes = [s.get(qn("w:val")) for s in settings.iter(qn("w:compatSetting"))]
    assert modes == ["15"]


def test_the_file_names_no_author_and_no_tool(packet):
    properties = Document(packet[0]).core_properties
    assert (properties.author, properties.comments, properties.last_modified_by) == ("", "", "")


def test_every_relationship_leads_somewhere(packet):
    with zipfile.ZipFile(packet[0]) as package:
        names = set(package.namelist())
    for name, root in parts(packet[0]).items():
        if name.endswith(".rels"):
            folder = name.removesuffix(name.rpartition("/")[2]).removesuffix("_rels/")
            for relationship in root:
                target = relationship.get("Target")
                assert target.lstrip("/") in names or folder + target in names, (name, target)


def test_every_card_has_its_number_and_its_words(catalogue, key, fonts, tmp_path):
    facts = {
        "campaign": "大走访",
        "name": "张𠮷喆",
        "position": "副局长",
        "mobile": "13861112345",
        "hotline": "12345",
    }
    serials = [key.new_serial() for _ in range(3)]
    cards = tuple(CardPrint(s, key.encode(Identity(s, "2-8", 2)), facts) for s in serials)
    items = [CardSet(catalogue["2-8"], cards)]
    entries = write_docx(tmp_path / "cards.docx", items, fonts)
    assert entries == write_pdf(tmp_path / "cards.pdf", items, fonts)
    body = parts(tmp_path / "cards.docx")["word/document.xml"]
    joined = "|".join(words_of(body))
    assert [joined.count(readable(serial)) for serial in serials] == [1, 1, 1]
    assert joined.count("张𠮷喆") == 3
    assert all(not overlap(a, b) for page in frames(body) for a, b in combinations(page, 2))


@pytest.mark.parametrize(
    ("head", "error"), [("阿卜杜热合曼" * 4, TooLongError), ("王\U0010fffd", MissingGlyphsError)]
)
def test_words_that_cannot_be_printed_are_named_and_nothing_is_written(sheets, fonts, tmp_path, head, error):
    sheet = replace(sheets["2-5"][0], facts={"head": head})
    with pytest.raises(error):
        write_docx(tmp_path / "out.docx", [sheet], fonts)
    assert not (tmp_path / "out.docx").exists()


def test_the_same_sheets_make_the_same_bytes_on_any_day(sheets, fonts, tmp_path):
    paths = [tmp_path / "one.docx", tmp_path / "two.docx"]
    for path in paths:
        write_docx(path, sheets["2-5"], fonts)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
