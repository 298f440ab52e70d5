import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pdfplumber
import pytest
import zxingcpp
from on_paper import MM, characters, undrawn, words_on
from PIL import Image

from forms import Kind
from generate import MissingGlyphsError, SheetPrint, TooLongError, blank_pages, write_pdf
from layouts import BoxKind
from layouts.identity import readable
from layouts.model import MARKER_DICTIONARY, QR_MODULES, QR_QUIET_MODULES
from layouts.typeset import width_mm

FORMS = ("2-2", "2-5")
each = pytest.mark.parametrize("form", FORMS)
MOST_OFF = 0.1  # mm


def near(a, b):
    return all(abs(x - y) < MOST_OFF for x, y in zip(a, b, strict=True))


@each
def test_every_box_is_drawn_where_the_layout_says(form, layouts, packets):
    with pdfplumber.open(packets[form].path) as document:
        for n, number in packets[form].pages.items():
            page = document.pages[number - 1]
            rects = [[r[k] * MM for k in ("x0", "top", "width", "height")] for r in page.rects]
            lines = [[r[k] * MM for k in ("x0", "bottom", "x1")] for r in page.lines]
            for box in layouts[form].on_page(n):
                if box.kind in (BoxKind.CHECKBOX, BoxKind.COMB):
                    assert any(near(rect, (box.x, box.y, box.w, box.h)) for rect in rects), box
                elif box.kind in (BoxKind.TEXT, BoxKind.LINES):
                    assert any(near(line, (box.x, box.y + box.h, box.x + box.w)) for line in lines), box


@each
def test_writing_lines_part_a_field_of_lines_evenly(form, layouts, packets):
    with pdfplumber.open(packets[form].path) as document:
        for n, number in packets[form].pages.items():
            page = document.pages[number - 1]
            lines = [[r[k] * MM for k in ("x0", "bottom", "x1")] for r in page.lines]
            for box in layouts[form].on_page(n):
                for m in range(1, box.lines + 1):
                    at = box.x, box.y + box.h / box.lines * m, box.x + box.w
                    assert any(near(line, at) for line in lines), (box, m)


@each
def test_a_reader_finds_the_four_markers_in_their_places(form, layouts, packets):
    detector = cv2.aruco.ArucoDetector(
        cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    )
    detector.setDetectorParameters(_subpixel())
    for page in range(1, layouts[form].pages + 1):
        image, scale = packets[form].picture(page)
        corners, ids, _ = detector.detectMarkers(image)
        found = {int(i): c[0] / scale for i, c in zip(ids.ravel(), corners, strict=True)}
        expected = layouts[form].frame.markers()
        assert set(found) == set(expected)
        for marker, places in expected.items():
            assert np.abs(found[marker] - np.array(places)).max() < 0.15, marker


def _subpixel():
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    return parameters


@each
def test_the_qr_says_which_sheet_this_is_and_has_its_quiet_zone(form, sheets, packets):
    for sheet in sheets[form]:
        image, scale = packets[form].picture(sheet.page)
        found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        assert [code.text for code in found] == [sheet.code]
        x, y, side = sheet.layout.frame.qr
        corner = found[0].position.top_left
        assert near((corner.x / scale, corner.y / scale), (x, y))
        quiet = side / QR_MODULES * QR_QUIET_MODULES
        around = image[_px(y - quiet, scale) : _px(y + side + quiet, scale)]
        around = around[:, _px(x - quiet, scale) : _px(x + side + quiet, scale)].copy()
        inside = slice(_px(quiet, scale) - 1, _px(quiet + side, scale) + 1)
        around[inside, inside] = 255
        assert (around == 255).all()


def _px(mm, scale):
    return round(mm * scale)


@each
def test_the_serial_stands_in_the_foot_and_words_where_facts_belong(form, sheets, packets):
    for sheet in sheets[form]:
        words = packets[form].words(sheet.page)
        assert readable(sheet.serial) in words
        assert f"第{sheet.page}页 共{sheet.pages}页" in words
        for box in sheet.layout.on_page(sheet.page):
            if box.kind is BoxKind.PREFILL:
                assert packets[form].within(box) == sheet.facts[box.field]


@each
def test_every_character_is_embedded_with_its_outline(form, packets):
    assert undrawn(packets[form].path) == set()


@each
def test_no_words_run_into_others(form, packets):
    by_line = {}
    for page, text, x0, x1, top, bottom, _ in characters(packets[form].path):
        if not text.isspace():
            middle = (top + bottom) / 2
            by_line.setdefault(page, []).append((x0, x1, middle, min(bottom - top, 3.0), text))
    for found in by_line.values():
        for n, (x0, x1, y, height, text) in enumerate(found):
            for other in found[n + 1 :]:
                apart = other[0] >= x1 - 0.3 or other[1] <= x0 + 0.3 or abs(other[2] - y) >= height
                assert apart, (text, other, x0, y)


@each
def test_words_are_no_longer_than_the_layout_reckons(form, layouts, fonts):
    for text in layouts[form].texts:
        assert fonts.width(text.text, text.font, text.size) <= width_mm(text.text, text.size) + 0.3, text


@each
def test_a_blank_page_is_the_page_without_what_is_personal(form, sheets, packets, fonts):
    for sheet, png in zip(sheets[form], blank_pages(sheets[form][0].layout, fonts), strict=True):
        with Image.open(BytesIO(png)) as opened:
            assert opened.mode == "L"
            blank = np.asarray(opened).astype(int)
        printed, scale = packets[form].picture(sheet.page)
        assert blank.shape == printed.shape
        differs = np.abs(blank - printed) > 8
        x, y, side = sheet.layout.frame.qr
        middle, baseline = sheet.layout.frame.serial_baseline
        personal = [(x, y, side, side), (middle - 18, baseline - 4, 36, 6), (155, baseline - 4, 33, 6)]
        personal += [
            (box.x, box.y, box.w, box.h)
            for box in sheet.layout.on_page(sheet.page)
            if box.kind is BoxKind.PREFILL
        ]
        for left, top, width, height in personal:
            rows = slice(_px(top, scale) - 2, _px(top + height, scale) + 2)
            columns = slice(_px(left, scale) - 2, _px(left + width, scale) + 2)
            assert differs[rows, columns].any(), (left, top)
            differs[rows, columns] = False
        assert not differs.any()


def test_long_names_are_set_small_or_on_two_lines(sheets, printed):
    long = {
        "household_code": "320411104203012034",
        "village": "孟河镇小河中心社",
        "group": "第十二村民小组",
        "head": "买买提·艾力江·吐尔逊",
        "door": "孟河镇小河中心社区通江北路西侧沿河一弄128号乙单元302室",
        "visitor": "欧阳震华",
    }
    sheet = replace(sheets["2-5"][0], facts=long)
    packet = printed([sheet])
    for box in sheet.layout.on_page(1):
        if box.kind is BoxKind.PREFILL:
            assert packet.within(box) == long[box.field]


def test_an_enterprise_with_a_name_of_28_characters_stays_on_one_line(sheets, printed):
    name = "江苏省常州市新北区孟河镇长江汽车零部件集团股份有限公司厂"
    assert len(name) == 28
    sheet = replace(sheets["2-2"][0], facts={"name": name})
    packet = printed([sheet])
    box = next(box for box in sheet.layout.boxes if box.field == "name")
    heights = {
        round(top, 1)
        for _, text, x0, _, top, _, _ in characters(packet.path)
        if text in name and box.x <= x0 <= box.x + box.w and box.y <= top <= box.y + box.h
    }
    assert len(heights) == 1


def test_words_that_do_not_fit_are_named_and_nothing_is_written(sheets, fonts, tmp_path):
    sheet = replace(sheets["2-5"][0], facts={"head": "阿卜杜热合曼" * 4})
    with pytest.raises(TooLongError, match=r"阿卜杜热合曼.*head"):
        write_pdf(tmp_path / "out.pdf", [sheet], fonts)
    assert not (tmp_path / "out.pdf").exists()


def test_characters_that_no_face_has_are_named_and_nothing_is_written(sheets, fonts, tmp_path):
    sheet = replace(sheets["2-5"][0], facts={"head": "王\U0010fffd"})
    with pytest.raises(MissingGlyphsError, match=r"U\+10FFFD.*王"):
        write_pdf(tmp_path / "out.pdf", [sheet], fonts)
    assert not (tmp_path / "out.pdf").exists()


def test_a_sealed_side_shows_no_fact_and_has_a_piece_of_paper_of_its_own(sheets, layouts, packets):
    layout, packet = layouts["2-2"], packets["2-2"]
    for page in layout.sealed_pages:
        assert packet.pages[page] % 2 == 1
        for field in layout.form.fields():
            if field.kind is Kind.PREFILL:
                assert sheets["2-2"][0].facts[field.key] not in packet.words(page)


def test_a_sheet_without_facts_leaves_room_to_write_them(sheets, printed):
    packet = printed([replace(sheets["2-5"][0], facts={})])
    for box in sheets["2-5"][0].layout.on_page(1):
        if box.kind is BoxKind.PREFILL:
            assert packet.within(box) == ""


def test_the_static_part_is_drawn_once_however_many_sheets(sheets, fonts, tmp_path):
    def size(copies):
        write_pdf(tmp_path / "many.pdf", sheets["2-5"] * copies, fonts)
        return (tmp_path / "many.pdf").stat().st_size

    assert (size(21) - size(1)) / 40 < 1500  # bytes a page


def test_a_first_side_begins_on_a_fresh_piece_of_paper(sheets, fonts, tmp_path):
    first, second = sheets["2-5"]
    entries = write_pdf(tmp_path / "packet.pdf", [first, first, second], fonts)
    assert [(entry.page, entry.form_page) for entry in entries] == [(1, 1), (2, None), (3, 1), (4, 2)]
    assert entries[1].serial is None
    assert words_on(tmp_path / "packet.pdf", 2) == ""


SCRIPT = """
import sys
from pathlib import Path
from forms import load_catalogue
from generate import SheetPrint, write_pdf
from layouts import place

layout = place(load_catalogue()["2-5"])
facts = {"head": "欧阳喆", "village": "塘口村", "visitor": "陆建明"}
sides = [SheetPrint(layout, n, 2, "7K3M9QPXW2AB", "Z17K3M9QPXW2AB12-59ZJHR0V0", facts) for n in (1, 2)]
write_pdf(Path(sys.argv[1]), sides)
"""


def test_the_same_sheets_make_the_same_bytes(tmp_path):
    paths = [tmp_path / "one.pdf", tmp_path / "two.pdf"]
    for seed, path in enumerate(paths):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        subprocess.run([sys.executable, "-c", SCRIPT, str(path)], check=True, env=environment)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_pages_of_a_diary_share_their_paper_and_begin_on_a_front(layouts, fonts, tmp_path):
    def side(form):
        return SheetPrint(layouts[form], 1, layouts[form].pages, "0" * 12, "Z1" + "0" * 24)

    items = [side("2-9"), *(side("DIARY") for _ in range(4)), side("COVER")]
    entries = write_pdf(tmp_path / "packet.pdf", items, fonts)
    assert [(entry.form, entry.form_page) for entry in entries] == [
        ("2-9", 1), ("2-9", None), *[("DIARY", 1)] * 4, ("COVER", 1),
    ]  # fmt: skip
