"""Who a sheet is: damaged codes, foreign ones, forged ones, and never a wrong answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_sheets import KEY, damaged, sheet, shelf

from benchmarks.damage import (
    CLASSES,
    Damage,
    Shot,
    chain,
    code_lost,
    code_stained,
    filled,
    phone,
    resolution,
    sealed,
    some_markers_lost,
    turned,
)
from ingest.engines import PaddleEngine
from ingest.identify import Known, NotKnown, SerialReader, identify, serial_region
from ingest.locate import find_markers
from ingest.model import Image, PageResult, PageState, Shelf
from ingest.page import Sheet, find_sheet, find_sheets
from ingest.qr import read_codes
from ingest.sampling import Pyramid, ink_channel
from layouts import Identity, Key
from layouts.identity import ALPHABET
from layouts.model import PageFrame


def all_identified(
    picture: Image | Shot, known: Shelf | None = None, reader: SerialReader | None = None
) -> list[Known | NotKnown]:
    scan = Pyramid(ink_channel(picture.image if isinstance(picture, Shot) else picture))
    return identify(scan, find_markers(scan.image, (PageFrame(),)), known or shelf(), reader)


def identified(
    picture: Image | Shot, known: Shelf | None = None, reader: SerialReader | None = None
) -> Known | NotKnown:
    (found,) = all_identified(picture, known, reader)
    return found


def with_code(code: Image | None) -> Image:
    """A printed page whose QR code is another one, or none."""
    page = sheet().shot.image.copy()
    left, top, side = (round(v * page.shape[1] / 210.0) for v in PageFrame().qr)
    page[top - 8 : top + side + 8, left - 8 : left + side + 8] = 255
    if code is not None:
        pixels = round(side / code.shape[0]) or 1
        large = np.kron(code, np.ones((pixels, pixels), np.uint8))
        page[top : top + large.shape[0], left : left + large.shape[1]] = large
    return page


def qr(text: str, format_: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.QRCode) -> Image:
    """The code's modules, one pixel each, without the white around."""
    modules = np.array(zxingcpp.create_barcode(text, format_, ec_level="Q").to_image(scale=1))
    rows, columns = np.nonzero(modules == 0)
    return modules[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(np.uint8)


def coded(key: Key, serial: str, form: str = "2-5", page: int = 1) -> Image:
    return with_code(qr(key.encode(Identity(serial, form, page))))


# --- ours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["2-5", "2-2"])
@pytest.mark.parametrize("page", [1, 2])
def test_a_clean_page_says_who_it_is(form: str, page: int) -> None:
    found = identified(sheet(form, page).shot)
    assert isinstance(found, Known)
    assert found.identity == sheet(form, page).identity
    assert found.by == "qr"


@settings(max_examples=10, deadline=None)
@given(st.floats(0, 360), st.integers(0, 3))
def test_any_way_up_with_any_number_of_markers(angle: float, lost: int) -> None:
    damage = chain(some_markers_lost(lost), turned(angle, angle, grow=1.1, flip=False))
    found = identified(damaged(damage, seed=round(angle)))
    assert isinstance(found, Known)
    assert found.identity == sheet().identity


@pytest.mark.parametrize("dpi", [110, 600])
def test_any_resolution(dpi: float) -> None:
    assert isinstance(identified(damaged(resolution(dpi))), Known)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "damage",
    [code_stained(0.33), chain(sealed("code"), turned(1, 3)), chain(code_stained(0.25), turned(2, 4))],
)
def test_a_lost_corner_or_a_seal_on_the_code(damage: Damage, seed: int) -> None:
    found = identified(damaged(damage, seed))
    assert isinstance(found, Known)
    assert found.identity == sheet().identity


def test_modules_are_read_where_zxing_sees_no_code() -> None:
    shot = damaged(code_stained(0.33), seed=2)
    assert read_codes(shot.image) == []
    found = identified(shot)
    assert isinstance(found, Known)
    assert found.by == "modules"


# --- the serial in the foot ----------------------------------------------------------------------


def test_a_page_without_a_code_is_known_by_its_printed_serial() -> None:
    engine = PaddleEngine()

    def reader(line: Image) -> str:
        return "".join(character.text for character in engine.read(line))

    found = identified(damaged(chain(code_lost, turned(1, 2))), reader=reader)
    assert isinstance(found, Known)
    assert (found.by, found.identity) == ("serial", sheet().identity)


def test_the_serial_is_looked_for_where_it_is_printed() -> None:
    page, scale = sheet().shot.image, sheet().shot.image.shape[1] / 210.0
    x, y, w, h = (round(v * scale) for v in serial_region(PageFrame()))
    assert (page[y : y + h, x : x + w] < 60).mean() > 0.05
    around = page[y - 12 : y + h + 12, x : x + w].copy()
    around[12:-12] = 255
    assert (around > 100).all(), "the line is cut"


def misread(serial: str, places: tuple[int, ...]) -> str:
    letters = list(serial)
    for place in places:
        letters[place] = ALPHABET[(ALPHABET.index(letters[place]) + 7) % 32]
    return "-".join("".join(letters)[n : n + 4] for n in (0, 4, 8))


@pytest.mark.parametrize("places", [(), (3,), (0, 11)])
def test_up_to_two_misread_characters_still_lead_to_the_sheet(places: tuple[int, ...]) -> None:
    text = "编号 " + misread(sheet().identity.serial, places)
    found = identified(with_code(None), reader=lambda line: text)
    assert isinstance(found, Known)
    assert found.identity == sheet().identity


@pytest.mark.parametrize("text", [misread("0" * 12, (1,)), "", "编号", "7K3M-9QPX", "走访" * 20])
def test_what_is_no_serial_is_no_identity(text: str) -> None:
    found = identified(with_code(None), reader=lambda line: text)
    assert isinstance(found, NotKnown)
    assert (found.state, found.problem.kind) == (PageState.UNREADABLE, "code_unreadable")


def test_three_misread_characters_are_too_many() -> None:
    text = misread(sheet().identity.serial, (0, 5, 9))
    assert isinstance(identified(with_code(None), reader=lambda line: text), NotKnown)


def test_a_serial_of_this_key_that_was_never_printed_is_not_taken() -> None:
    serial = KEY.new_serial()
    assert isinstance(identified(with_code(None), reader=lambda line: serial), NotKnown)


# --- not ours ------------------------------------------------------------------------------------


def refused(picture: Image | Shot, known: Shelf | None = None) -> NotKnown:
    """Even if somebody copied the serial of a true sheet into the foot."""
    found = identified(picture, known, reader=lambda line: sheet().identity.serial)
    assert isinstance(found, NotKnown)
    assert any("\u4e00" <= character <= "\u9fff" for character in found.problem.message)
    return found


def test_a_foreign_code_on_a_strange_page() -> None:
    page = np.full((2339, 1654), 255, np.uint8)
    page[300:500, 300:500] = np.kron(qr("https://example.org/health"), np.ones((7, 7), np.uint8))[:200, :200]
    found = refused(page)
    assert (found.state, found.problem.kind) == (PageState.FOREIGN, "foreign_code")


def test_a_forged_code() -> None:
    code = KEY.encode(sheet().identity)
    found = refused(with_code(qr(code[:-1] + ("0" if code[-1] != "0" else "1"))))
    assert (found.state, found.problem.kind) == (PageState.FOREIGN, "forged_code")


def test_a_code_of_another_town() -> None:
    other = Key(bytes(32))
    found = refused(coded(other, other.new_serial()))
    assert (found.state, found.problem.kind) == (PageState.FOREIGN, "forged_code")


def test_a_true_code_of_a_sheet_that_the_database_does_not_know() -> None:
    serial = KEY.new_serial()
    found = refused(coded(KEY, serial))
    assert (found.state, found.problem.kind, found.serial) == (PageState.UNKNOWN, "not_printed_here", serial)


@pytest.mark.parametrize(("form", "page"), [("2-5", 2), ("2-2", 1)])
def test_a_true_code_that_disagrees_with_what_was_printed(form: str, page: int) -> None:
    found = refused(coded(KEY, sheet().identity.serial, form, page))
    assert found.problem.kind == "code_disagrees"
    assert found.state is PageState.UNREADABLE


def test_micro_qr_codes_are_not_read() -> None:
    micro = qr("12345", zxingcpp.BarcodeFormat.MicroQRCode)
    page = np.full((600, 600), 255, np.uint8)
    large = np.kron(micro, np.ones((8, 8), np.uint8))
    page[100 : 100 + large.shape[0], 100 : 100 + large.shape[1]] = large
    assert zxingcpp.read_barcodes(page, zxingcpp.BarcodeFormat.QRCode), "the code is there to be seen"
    assert read_codes(page) == []


def test_a_page_without_anything_of_ours() -> None:
    page = np.full((2339, 1654), 255, np.uint8)
    page[400:1800:40, 200:1400] = 60
    found = refused(page)
    assert (found.state, found.problem.kind) == (PageState.UNKNOWN, "no_code")


# --- never a wrong one ---------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_a_code_with_any_modules_flipped_is_right_or_nothing(seed: int, flips: int) -> None:
    code = qr(KEY.encode(sheet().identity))
    rng = np.random.default_rng(seed)
    places = rng.choice(code.size, min(flips, code.size), replace=False)
    code.ravel()[places] = 255 - code.ravel()[places]
    found = identified(with_code(code))
    assert not isinstance(found, Known) or found.identity == sheet().identity


def test_a_card_laid_on_a_sheet_does_not_lend_it_its_markers() -> None:
    """The code that is read lies where no sheet has its code: it must not be put straight by this paper."""
    other = sheet(page=2)
    page = damaged(code_lost).image.copy()
    card = np.kron(qr(KEY.encode(other.identity)), np.ones((6, 6), np.uint8))
    page[1500 : 1500 + card.shape[0], 600 : 600 + card.shape[1]] = card
    found = identified(page)
    assert isinstance(found, Known)
    assert found.markers is None


def test_every_class_of_damage_is_identified_right_or_not_at_all() -> None:
    for name, damage in CLASSES.items():
        if "600" not in name:
            found = identified(damaged(damage, seed=7))
            assert not isinstance(found, Known) or found.identity == sheet().identity, name


def test_before_anything_was_printed_every_code_is_unknown() -> None:
    found = find_sheet(sheet().shot.image, Shelf(KEY, {}, {}))
    assert isinstance(found, PageResult)
    assert found.state is PageState.UNKNOWN


# --- several sheets on one picture ---------------------------------------------------------------


def on_glass(*shots: Shot) -> Image:
    """Side by side on a white glass, each as it is turned."""
    height = max(shot.image.shape[0] for shot in shots)
    padded = [
        np.pad(shot.image, ((0, height - shot.image.shape[0]), (0, 0)), constant_values=255) for shot in shots
    ]
    return np.hstack(padded)


SIDES = (("2-5", 1), ("2-2", 2))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (turned(0, 2), turned(178, 182)),
        (turned(88, 92), turned(0, 1)),
        (chain(some_markers_lost(2), turned(0, 2)), some_markers_lost(1)),
        (turned(0, 1), some_markers_lost(4)),
    ],
    ids=["upside down", "on its side", "markers lost", "all markers of one lost"],
)
def test_two_sheets_on_one_glass_are_both_put_straight(left: Damage, right: Damage) -> None:
    one, other = SIDES
    shots = damaged(left, 1, *one), damaged(right, 2, *other)
    found = find_sheets(on_glass(*shots), shelf())
    assert all(isinstance(sheet_, Sheet) for sheet_ in found), found
    sheets = {sheet_.identity: sheet_ for sheet_ in found if isinstance(sheet_, Sheet)}
    assert set(sheets) == {sheet(*side).identity for side in SIDES}
    offset = np.array((shots[0].image.shape[1], 0.0))
    for shot, side, moved in zip(shots, SIDES, (0.0 * offset, offset), strict=True):
        registered = sheets[sheet(*side).identity].registered
        places = np.array([(box.x, box.y) for box in shot.layout.on_page(shot.page)])
        off = registered.where(places) - (shot.where(places) + moved)
        assert np.linalg.norm(off, axis=1).max() / registered.px_per_mm < 0.3


def test_two_sheets_in_one_photograph() -> None:
    shots = damaged(filled, 1, "2-5", 1), damaged(filled, 2, "2-2", 2)
    glass = replace(shots[0], image=on_glass(*shots))
    photograph = chain(resolution(150), phone(0.04))(np.random.default_rng(3), glass).image
    found = find_sheets(photograph, shelf())
    assert {s.identity for s in found if isinstance(s, Sheet)} == {sheet(*side).identity for side in SIDES}


def test_a_sheet_without_a_code_beside_another_says_so_itself() -> None:
    left, right = damaged(code_lost), sheet(page=2).shot
    found = all_identified(on_glass(left, right))
    known = [one for one in found if isinstance(one, Known)]
    assert [one.identity for one in known] == [sheet(page=2).identity]
    assert known[0].markers is not None
    assert known[0].markers.points()[1].mean(0)[0] > left.image.shape[1]
    assert [one.problem.kind for one in found if isinstance(one, NotKnown)] == ["code_unreadable"]


def test_one_sheet_on_a_larger_glass_is_one_sheet() -> None:
    for seed in range(4):
        shot = damaged(turned(0, 180, 1.5), seed)
        assert isinstance(identified(shot), Known)


def test_a_second_sheet_that_is_only_glimpsed_is_not_lost_without_a_word() -> None:
    left, right = sheet().shot, damaged(chain(code_lost, some_markers_lost(3)), form="2-2")
    found = all_identified(on_glass(left, right))
    assert [one.identity for one in found if isinstance(one, Known)] == [sheet().identity]
    assert [one.problem.kind for one in found if isinstance(one, NotKnown)] == ["several_sheets"]
