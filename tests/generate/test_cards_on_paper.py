from dataclasses import replace

import pdfplumber
import pytest
import zxingcpp
from on_paper import MM, characters, picture, undrawn, words_on

from generate import CardPrint, CardSet, TooLongError, write_pdf
from generate.cards import CARD_H, CARD_W
from layouts import Identity
from layouts.identity import readable

FACTS = {
    "campaign": "孟河镇大走访活动",
    "name": "张𠮷",
    "position": "经济发展局副局长",
    "mobile": "13861112345",
    "office_phone": "0519-83500123",
    "activity_office_phone": "0519-83501234",
    "supervision_phone": "0519-83505678",
    "hotline": "12345",
}


@pytest.fixture(scope="module")
def form(catalogue):
    return catalogue["2-8"]


def card(key, facts=FACTS):
    serial = key.new_serial()
    return CardPrint(serial, key.encode(Identity(serial, "2-8", 2)), facts)


@pytest.fixture(scope="module")
def thirteen(form, key, fonts, tmp_path_factory):
    path = tmp_path_factory.mktemp("cards") / "cards.pdf"
    cards = tuple(card(key) for _ in range(13))
    return path, cards, write_pdf(path, [CardSet(form, cards)], fonts)


def test_ten_to_a_sheet_fronts_before_backs(thirteen):
    """A front carries no code: its page is one entry; each back is one of its own."""
    _, cards, entries = thirteen
    on = {page: [e.serial for e in entries if e.page == page] for page in (1, 2, 3, 4)}
    serials = [card.serial for card in cards]
    assert on == {1: [None], 2: serials[:10], 3: [None], 4: serials[10:]}
    assert {(e.page % 2, e.form_page) for e in entries} == {(1, 1), (0, 2)}
    assert all((e.x_mm is None) == (e.serial is None) for e in entries)


def front_of(back):
    """Where the front lies when the sheet is turned over its long edge."""
    return replace(back, x_mm=210 - back.x_mm - CARD_W)


def test_cards_lie_side_by_side_on_the_paper(thirteen):
    _, _, entries = thirteen
    corners = sorted((e.x_mm, e.y_mm) for e in entries if e.page == 2)
    assert corners == [(15.0 + 90 * c, 13.5 + 54 * r) for c in range(2) for r in range(5)]


def test_each_back_has_its_cards_code_and_number(thirteen):
    path, cards, entries = thirteen
    codes = {card.serial: card.code for card in cards}
    words = characters(path)
    for page in (2, 4):
        image, scale = picture(path, page)
        found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        backs = [e for e in entries if e.page == page]
        assert len(found) == len(backs)
        for back in backs:
            here = [code.text for code in found if _on(back, code.position.top_left, scale)]
            assert here == [codes[back.serial]]
            text = "".join(w[1] for w in words if w[0] == page and _inside(back, w))
            assert readable(back.serial) in text
            assert FACTS["supervision_phone"] in text


def _on(entry, point, scale):
    x, y = point.x / scale - entry.x_mm, point.y / scale - entry.y_mm
    return 0 <= x <= CARD_W and 0 <= y <= CARD_H


def _inside(entry, word):
    _, _, x0, x1, top, bottom, _ = word
    return (
        entry.x_mm <= x0 and x1 <= entry.x_mm + CARD_W and entry.y_mm <= top and bottom <= entry.y_mm + CARD_H
    )


def test_fronts_are_in_register_with_their_backs_and_nothing_crosses_a_cut(thirteen):
    path, _, entries = thirteen
    words = characters(path)
    for page in (1, 3):
        fronts = [front_of(e) for e in entries if e.page == page + 1]
        inside = [w for w in words if w[0] == page and any(_inside(front, w) for front in fronts)]
        assert len(inside) == len([w for w in words if w[0] == page])
        for front in fronts:
            text = "".join(w[1] for w in words if w[0] == page and _inside(front, w))
            assert "张\u3000𠮷" in text
            assert FACTS["position"] in text
            assert "138 6111 2345" in text


def test_every_character_is_embedded_with_its_outline(thirteen):
    assert undrawn(thirteen[0]) == set()


def test_cut_marks_are_hairlines_outside_the_cards(thirteen):
    with pdfplumber.open(thirteen[0]) as document:
        marks = [line for line in document.pages[0].lines if line["linewidth"] < 0.3]
    places = {(round(m["x0"] * MM, 2), round(m["x1"] * MM, 2)) for m in marks if m["x0"] == m["x1"]}
    assert {x for x, _ in places} == {15.0, 105.0, 195.0}
    for mark in marks:
        x0, x1, top, bottom = (mark[k] * MM for k in ("x0", "x1", "top", "bottom"))
        assert x1 < 15 or x0 > 195 or bottom < 13.5 or top > 283.5


def test_what_is_not_known_is_left_out(form, key, fonts, tmp_path):
    facts = {k: v for k, v in FACTS.items() if k != "office_phone"}
    write_pdf(tmp_path / "card.pdf", [CardSet(form, (card(key, facts),))], fonts)
    assert form.field("office_phone").label not in words_on(tmp_path / "card.pdf", 1)
    assert form.field("mobile").label in words_on(tmp_path / "card.pdf", 1)


def test_a_position_too_long_for_a_card_is_named(form, key, fonts, tmp_path):
    long = card(key, {**FACTS, "position": "综合行政执法局" * 8})
    with pytest.raises(TooLongError, match="综合行政执法局"):
        write_pdf(tmp_path / "card.pdf", [CardSet(form, (long,))], fonts)


def test_cards_begin_on_a_fresh_piece_of_paper(form, key, fonts, sheets, tmp_path):
    items = [sheets["2-5"][0], CardSet(form, (card(key),))]
    entries = write_pdf(tmp_path / "packet.pdf", items, fonts)
    assert [(e.page, e.form, e.form_page) for e in entries] == [
        (1, "2-5", 1), (2, "2-5", None), (3, "2-8", 1), (4, "2-8", 2),
    ]  # fmt: skip
