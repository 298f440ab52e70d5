"""Word documents as LibreOffice prints them: where things lie, and that what is written there is read."""

import shutil
from io import BytesIO

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from on_paper import characters, picture
from PIL import Image

from benchmarks.word import PrintedPage, print_from_word
from campaign.config import Acceptance
from forms import Kind
from generate import CardPrint, CardSet, blank_pages, write_docx
from generate.cards import CARD_H, CARD_W
from ingest.model import PageState, PrintedLayout, Shelf
from ingest.page import read_page
from layouts import Identity
from layouts.identity import readable
from samples.answers import Circumstances, answer
from samples.filling import Scribes, fill
from samples.hands import Hand
from samples.pens import Paper
from samples.scanner import office_scanner, scan

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed; ./run test installs it"
)

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
    print_from_word(folder / "packet.docx")
    return folder / "packet.pdf", entries


@pytest.fixture(scope="module")
def sides(printed, sheets):
    """(page of the file, side) of every sheet."""
    by_serial = {side.serial: side for sides in sheets.values() for side in sides}
    return [(e.page, by_serial[e.serial]) for e in printed[1] if e.serial in by_serial]


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
            empty, _ = picture(path, entry.page)
            assert (empty == 255).all(), "the back of a sheet with one side is empty"


def test_every_page_is_the_sheet_that_its_code_and_serial_say(printed, sides):
    for page, side in sides:
        image, _ = picture(printed[0], page)
        found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        assert [code.text for code in found] == [side.code]
        words = "".join(text for n, text, *_ in characters(printed[0]) if n == page)
        assert readable(side.serial) in words


def test_markers_codes_boxes_and_lines_are_where_the_layout_says(printed, sides):
    for page, side in sides:
        there = PrintedPage(printed[0], page, side)
        markers, boxes = list(there.markers_off()), list(there.boxes_off())
        assert len(markers) == 4
        assert max(markers) < MOST_OFF
        assert there.code_off() < MOST_OFF
        assert all(off < MOST_OFF for off in boxes), (side.layout.form.id, page, boxes)


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
    image, scale = picture(path, backs[0].page)
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
