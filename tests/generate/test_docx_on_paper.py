"""Word documents as LibreOffice prints them: where things lie, and that what is written there is read.

Distances are measured on the rendered page at 300 dpi: a mark's or a line's middle by its weight of ink,
good to about 0.02 mm.
"""

import shutil
import subprocess
from functools import cache
from io import BytesIO

import cv2
import numpy as np
import pypdfium2
import pytest
import zxingcpp
from on_paper import characters, picture
from PIL import Image

from campaign.config import Acceptance
from forms import Kind
from generate import CardPrint, CardSet, blank_pages, write_docx
from generate.cards import CARD_H, CARD_W
from ingest.model import PageState, PrintedLayout, Shelf
from ingest.page import read_page
from layouts import BoxKind, Identity
from layouts.identity import readable
from layouts.model import MARKER_DICTIONARY
from samples.answers import Circumstances, answer
from samples.filling import Scribes, fill
from samples.hands import Hand
from samples.pens import Paper
from samples.scanner import office_scanner, scan

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed; ./run test installs it"
)

DPI = 300
MOST_OFF = 0.1  # mm; reading suffers from 0.3 on (EVIDENCE)
WORDS_MOST_OFF = 0.6  # mm; other faces than ours, and LibreOffice parts digits from Chinese


@pytest.fixture(scope="module")
def cards(catalogue, key):
    facts = {"campaign": "大走访", "name": "张𠮷喆", "position": "副局长", "mobile": "13861112345"}
    serials = [key.new_serial() for _ in range(3)]
    return [CardPrint(serial, key.encode(Identity(serial, "2-8", 2)), facts) for serial in serials]


@pytest.fixture(scope="module")
def printed(catalogue, sheets, cards, fonts, tmp_path_factory):
    """A packet of all forms, two families and cards, printed from Word by LibreOffice: one conversion."""
    folder = tmp_path_factory.mktemp("libreoffice")
    items = [side for sides in (*sheets.values(), sheets["2-5"]) for side in sides]
    items.append(CardSet(catalogue["2-8"], tuple(cards)))
    entries = write_docx(folder / "packet.docx", items, fonts)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run([*command, str(folder / "packet.docx")], check=True, capture_output=True, timeout=300)
    return folder / "packet.pdf", entries


@pytest.fixture(scope="module")
def sides(printed, sheets):
    """(page of the file, side) of every sheet."""
    by_serial = {side.serial: side for sides in sheets.values() for side in sides}
    return [(e.page, by_serial[e.serial]) for e in printed[1] if e.serial in by_serial]


@cache
def page_of(path, number):
    return picture(path, number, DPI)


def test_page_by_page_as_the_manifest_says(printed, sides):
    path, entries = printed
    with pypdfium2.PdfDocument(path) as document:
        sizes = [page.get_size() for page in document]
    assert len(sizes) == entries[-1].page
    for page, side in sides:
        frame = side.layout.frame
        assert np.allclose(np.array(sizes[page - 1]) / 72 * 25.4, (frame.width, frame.height), atol=0.05)
    for entry in entries:
        if entry.form is None:
            assert (page_of(path, entry.page)[0] == 255).all(), "the back of a sheet with one side is empty"


def test_every_page_is_the_sheet_that_its_code_and_serial_say(printed, sides):
    for page, side in sides:
        image, _ = page_of(printed[0], page)
        found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        assert [code.text for code in found] == [side.code]
        words = "".join(text for n, text, *_ in characters(printed[0]) if n == page)
        assert readable(side.serial) in words


def test_markers_are_where_the_layout_says(printed, sides):
    off = [distance for page, side in sides for distance in markers_off(printed[0], page, side)]
    assert max(off) < MOST_OFF


def markers_off(path, page, side):
    image, scale = page_of(path, page)
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(image)
    found = {int(i): (c[0] + 0.5) / scale for i, c in zip(ids.ravel(), corners, strict=True)}
    expected = side.layout.frame.markers()
    assert set(found) == set(expected)
    return [np.abs(found[n] - np.array(places)).max() for n, places in expected.items()]


def test_codes_are_where_the_layout_says(printed, sides):
    assert max(code_off(printed[0], page, side) for page, side in sides) < MOST_OFF


def code_off(path, page, side):
    image, scale = page_of(path, page)
    x, y, size = side.layout.frame.qr
    left, top = round((x - 2) * scale), round((y - 2) * scale)
    part = image[top : round((y + size + 2) * scale), left : round((x + size + 2) * scale)] < 128
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    ends = left + columns[0], left + columns[-1] + 1, top + rows[0], top + rows[-1] + 1
    return np.abs(np.array(ends) / scale - (x, x + size, y, y + size)).max()


def test_boxes_are_where_the_layout_says(printed, sides):
    off = [distance for page, side in sides for distance in boxes_off(printed[0], page, side)]
    assert len(off) > 1000
    assert np.percentile(off, 95) < 0.05
    assert max(off) < MOST_OFF


def boxes_off(path, page, side):
    """Of every side of every box and of every writing line: how far its middle is from its place."""
    image, scale = page_of(path, page)
    dark = 255.0 - image.astype(float)
    for box in side.layout.on_page(side.page):
        right, bottom = box.x + box.w, box.y + box.h
        if box.kind in (BoxKind.CHECKBOX, BoxKind.COMB):
            yield line_off(dark, scale, box.y, (box.x + 1, right - 1))
            yield line_off(dark, scale, bottom, (box.x + 1, right - 1))
            yield line_off(dark.T, scale, box.x, (box.y + 1, bottom - 1))
            yield line_off(dark.T, scale, right, (box.y + 1, bottom - 1))
        elif box.kind in (BoxKind.TEXT, BoxKind.LINES):
            yield line_off(dark, scale, bottom, (box.x + 1, right - 1))


def line_off(dark, scale, at, along):
    """From `at`, mm, to the middle of the line near it; the line runs over all of `along`."""
    reach = 0.4  # a row's rule is 0.5 mm from its boxes
    first = round((at - reach) * scale)
    strip = dark[first : round((at + reach) * scale), round(along[0] * scale) : round(along[1] * scale)]
    profile = np.median(strip, 1)  # words that touch the strip do not count
    assert profile.max() > 40, f"there is no line at {at:.1f} mm"
    middle = (profile * (np.arange(len(profile)) + first + 0.5)).sum() / profile.sum() / scale
    return abs(middle - at)


def test_no_word_is_lost_or_far_from_its_place(printed, sides):
    by_page = {}
    for n, text, x0, x1, top, bottom, _ in characters(printed[0]):
        by_page.setdefault(n, []).append((x0, x1, (top + bottom) / 2, text))
    for page, side in sides:
        for text in side.layout.texts:
            if text.page == side.page:
                assert words_at(by_page[page], text) == text.text.replace(" ", ""), text


def words_at(found, text):
    """The characters at a text's place, from left to right."""
    em = text.size * 25.4 / 72
    middle = text.y - 0.36 * em
    near = sorted(c for c in found if abs(c[2] - middle) < 0.4 * em + 0.3 and not c[3].isspace())
    words = text.text.replace(" ", "")
    length = len(words)
    starts = [n for n in range(len(near)) if "".join(c[3] for c in near[n : n + length]) == words]
    ends = {"left": lambda n: near[n][0], "right": lambda n: near[n + length - 1][1]}
    ends["centre"] = lambda n: (near[n][0] + near[n + length - 1][1]) / 2
    close = [n for n in starts if abs(ends[text.align](n) - text.x) < WORDS_MOST_OFF]
    return "".join(c[3] for n in close[:1] for c in near[n : n + length])


def test_cards_have_their_codes_in_their_places(printed, cards):
    path, entries = printed
    codes = {card.serial: card.code for card in cards}
    backs = [e for e in entries if e.serial in codes and e.form_page == 2]
    assert len(backs) == len(cards)
    image, scale = page_of(path, backs[0].page)
    for back in backs:
        left, top = round(back.x_mm * scale), round(back.y_mm * scale)
        card = image[top : top + round(CARD_H * scale), left : left + round(CARD_W * scale)]
        assert zxingcpp.read_barcode(card).text == codes[back.serial]


# --- filled in and read back ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf(key, layouts, sides):
    """What the reader knows: blank pages as for PDF."""

    def known(layout):
        return PrintedLayout(layout, tuple(np.asarray(Image.open(BytesIO(p))) for p in blank_pages(layout)))

    serials = {side.serial: (side.layout.digest, side.page) for _, side in sides}
    return Shelf(key, {lay.digest: known(lay) for lay in layouts.values()}, serials)


def returned(path, page, side, seed):
    """The sheet filled in with care and scanned, and what was written on it."""
    rng = np.random.default_rng(seed)
    with pypdfium2.PdfDocument(path) as document:
        pixels = document[page - 1].render(scale=200 / 72, rev_byteorder=True).to_numpy()
        paper = Paper(pixels.copy(), 200 / 25.4)
    told = answer(side.layout.form, np.random.default_rng([seed, page]), Circumstances())
    scribes = Scribes(Hand.of("clerk", seed), Hand.of("subject", seed))
    truth = fill(paper, side.layout, side.page, told, scribes, rng, carelessness=0.0)
    return scan(paper.pixels, office_scanner(rng, 200, "grey"), rng), truth


def test_a_packet_printed_from_word_is_read_as_it_was_filled_in(printed, sides, shelf):
    ticked = right = 0
    for page, side in sides:
        if side.layout.form.id in ("2-1", "2-2", "2-5", "2-6"):
            pixels, truth = returned(printed[0], page, side, seed=3)
            result = read_page(pixels, shelf)
            assert (result.state, result.serial, result.page) == (PageState.READ, side.serial, side.page)
            assert result.registration.residual_mm < 0.4
            for reading in result.readings:
                kind = side.layout.form.field(reading.field).kind
                if kind in (Kind.SINGLE, Kind.MULTIPLE) and reading.field not in truth.ambiguous:
                    as_meant = (reading.value or None) == (truth.fields[reading.field] or None)
                    assert as_meant or reading.confidence < Acceptance().threshold(kind), reading
                    ticked += 1
                    right += as_meant
    assert ticked > 80
    assert right >= 0.97 * ticked, f"{right} of {ticked}"
