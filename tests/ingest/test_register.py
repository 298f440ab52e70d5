"""Putting pages straight: how near every box is to its place, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_sheets import DPI, KEY, damaged, sheet, shelf

from benchmarks.damage import (
    CLASSES,
    Damage,
    Shot,
    chain,
    coloured,
    crumpled,
    curled,
    cut,
    dimmed,
    filled,
    noisy,
    phone,
    resolution,
    sealed,
    some_markers_lost,
    straight,
    stretched,
    turned,
    wobbled,
)
from benchmarks.prints import printed_pages
from ingest import thresholds
from ingest.bend import Bend
from ingest.model import PageResult, PageState
from ingest.page import Sheet, find_sheet
from ingest.register import RegisteredPage
from layouts import BoxKind


def put_straight(shot: Shot) -> Sheet:
    found = find_sheet(shot.image, shelf())
    assert isinstance(found, Sheet), found
    assert found.identity == sheet(shot.layout.form.id, shot.page).identity
    return found


def errors(found: Sheet, shot: Shot) -> np.ndarray:
    """How far each box's middle is thought to be from where it is, mm."""
    boxes = list(shot.layout.on_page(shot.page))
    middles = np.array([(box.x + box.w / 2, box.y + box.h / 2) for box in boxes])
    off = found.registered.where(middles) - shot.where(middles)
    return np.linalg.norm(off, axis=1) / found.registered.px_per_mm


def flat() -> RegisteredPage:
    return put_straight(damaged(turned(1, 1))).registered


# --- how near ------------------------------------------------------------------------------------


def test_digits_beside_the_lines_of_a_comb_do_not_bend_the_page() -> None:
    """Strokes of digits look like the cells' lines, a little beside them: form 2-7 was bent by a date."""
    known, (front, *_) = printed_pages(KEY, DPI, ("2-7",))
    shot, scale = front.shot, DPI / 25.4
    image = shot.image.copy()
    for box in shot.layout.on_page(1):
        if box.kind is BoxKind.COMB:
            top, bottom = ((box.y + part * box.h) * scale for part in (0.1, 0.9))
            x = round((box.x + box.w - 1.6) * scale)
            image[round(top) : round(bottom), x : x + 4] = 40
    found = find_sheet(image, known)
    assert isinstance(found, Sheet)
    assert found.registered.registration.bend is None
    assert errors(found, shot).max() < 0.1


@settings(max_examples=12, deadline=None)
@given(st.floats(0, 360))
def test_any_angle(angle: float) -> None:
    shot = damaged(chain(filled, turned(angle, angle, grow=1.1, flip=False)), seed=round(angle))
    assert errors(put_straight(shot), shot).max() < 0.1


@pytest.mark.parametrize(
    "damage",
    [turned(4, 5), stretched(0.03), phone(0.1), resolution(110), resolution(300), chain(turned(1, 2), cut)],
    ids=["skew", "stretched", "phone", "110 dpi", "300 dpi", "cut off"],
)
@pytest.mark.parametrize("page", [1, 2])
def test_flat_pages(damage: Damage, page: int) -> None:
    shot = damaged(chain(filled, damage), seed=page, form="2-2", page=page)
    assert errors(put_straight(shot), shot).max() < 0.15


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_lost_markers(lost: int, seed: int) -> None:
    shot = damaged(chain(filled, some_markers_lost(lost), turned(0, 5)), seed)
    found = put_straight(shot)
    assert errors(found, shot).max() < 0.2
    assert f"markers:{4 - lost}" in found.registered.registration.found_from


@pytest.mark.parametrize(
    "damage",
    [curled(3.0), curled(8.0), wobbled(1.0), crumpled(0.4)],
    ids=["curl", "strong curl", "wobble", "crumple"],
)
@pytest.mark.parametrize("page", [1, 2])
def test_paper_that_is_not_flat(damage: Damage, page: int) -> None:
    shot = damaged(chain(filled, damage), seed=page, page=page)
    found = put_straight(shot)
    assert found.registered.bend is not None
    off = errors(found, shot)
    assert (off < 0.3).mean() > 0.95
    assert off.max() < 1.0


def test_bent_and_photographed_with_two_markers_lost() -> None:
    shot = damaged(chain(filled, some_markers_lost(2), curled(2.0), phone(0.05)), seed=3)
    assert (errors(put_straight(shot), shot) < 0.3).mean() > 0.95


def test_a_dark_photograph_of_a_bent_page() -> None:
    shot = damaged(chain(filled, curled(2.0), dimmed(0.35), noisy(4)), seed=4)
    assert (errors(put_straight(shot), shot) < 0.3).mean() > 0.95


def test_the_residual_tells_good_from_bad() -> None:
    smooth = put_straight(damaged(filled)).registered.registration.residual_mm
    assert 0 < smooth < 0.2


@pytest.mark.parametrize(
    ("angle", "turned_by"), [(0, 0), (90, 270), (180, 180), (270, 90), (93, 270), (4, 0)]
)
def test_it_says_how_to_turn_the_scan_upright(angle: float, turned_by: int) -> None:
    shot = damaged(turned(angle, angle, flip=False))
    assert put_straight(shot).turned == turned_by


# --- what is refused -----------------------------------------------------------------------------


def unreadable(picture: np.ndarray) -> PageResult:
    found = find_sheet(picture, shelf())
    assert isinstance(found, PageResult)
    assert found.state is PageState.UNREADABLE
    assert found.serial == sheet().identity.serial
    assert found.registration is None
    assert found.problems[0].kind == "not_straight"
    assert found.serial in found.problems[0].message
    return found


def test_a_code_alone_does_not_make_a_page() -> None:
    shot = damaged(turned(2, 2))
    x, y, side = shot.layout.frame.qr
    keep = shot.where(np.array([[x - 4, y - 4], [x + side + 4, y + side + 4]])).astype(int)
    page = np.full_like(shot.image, 255)
    rows, columns = slice(keep[0, 1], keep[1, 1]), slice(keep[0, 0], keep[1, 0])
    page[rows, columns] = shot.image[rows, columns]
    unreadable(page)


@pytest.mark.parametrize("markers", [True, False])
def test_a_code_on_another_form_is_not_read_as_its_own(markers: bool) -> None:
    """A true code glued on other print: the layout does not match, with markers or without."""
    own, other = sheet().shot, sheet("2-2", 2).shot
    x, y, side = own.layout.frame.qr
    scale = own.image.shape[1] / own.layout.frame.width
    left, top, size = (round(v * scale) for v in (x - 2, y - 2, side + 4))
    page = other.image.copy()
    page[top : top + size, left : left + size] = own.image[top : top + size, left : left + size]
    shot = straight(page, other.layout, 2, other.dpi)
    if not markers:
        shot = some_markers_lost(4)(np.random.default_rng(0), shot)
    unreadable(shot.image)


def test_half_a_page_is_put_straight_and_a_strip_is_not() -> None:
    shot = damaged(turned(1, 1))
    height = shot.image.shape[0]
    half = replace(shot, image=np.ascontiguousarray(shot.image[: height * 6 // 10]))
    assert errors(put_straight(half), half).max() < 0.3
    unreadable(np.ascontiguousarray(shot.image[: height // 8]))


# --- looking at regions --------------------------------------------------------------------------


def test_a_patch_shows_what_was_printed_there() -> None:
    page = flat()
    for region in ((60.0, 15.0, 60.0, 12.0), (12.0, 160.0, 180.0, 40.0)):
        seen, print_ = page.patch(*region), page.blank_patch(*region)
        assert seen.shape == print_.shape
        correlation = np.corrcoef(seen.ravel(), print_.ravel())[0, 1]
        assert correlation > 0.95


@pytest.mark.parametrize("mm_per_px", [0.05, 0.127, 0.25, 1.0])
def test_patches_have_the_scale_that_was_asked_for(mm_per_px: float) -> None:
    seen = flat().patch(50.0, 80.0, 30.0, 10.0, mm_per_px)
    assert seen.shape == (round(10 / mm_per_px), round(30 / mm_per_px))


def test_a_shift_moves_the_patch() -> None:
    page = flat()
    moved = page.patch(50.0, 80.0, 30.0, 10.0, shift=(2.54, -1.27))
    assert (moved == page.patch(52.54, 78.73, 30.0, 10.0)).all()


def test_beyond_the_scan_there_is_white() -> None:
    assert (flat().patch(-30.0, -30.0, 10.0, 10.0) == 255).all()


def test_grey_scans_have_no_colour_and_a_red_seal_is_not_dark() -> None:
    assert flat().colour_patch(50, 80, 10, 10) is None
    page = put_straight(damaged(chain(coloured, sealed("middle")))).registered
    region = (95.0, 155.0, 50.0, 50.0)
    colour = page.colour_patch(*region)
    assert colour is not None
    red = (colour[..., 0].astype(int) - colour[..., 1]) > 100
    assert red.mean() > 0.05
    assert np.median(page.patch(*region)[red]) > 190


def test_a_600_dpi_fax_is_smooth_at_reading_scale() -> None:
    page = put_straight(damaged(CLASSES["600 dpi, 1 bit"])).registered
    seen = page.patch(60.0, 15.0, 60.0, 12.0)
    assert len(np.unique(seen)) > 8, "greys between black and white come from averaging"


# --- alignment of one field ----------------------------------------------------------------------


def field_region() -> tuple[float, float, float, float]:
    boxes = [box for box in sheet().shot.layout.on_page(1) if box.field == "concerns"]
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    return x, y, max(b.x + b.w for b in boxes) - x, max(b.y + b.h for b in boxes) - y


def test_a_field_in_its_place_is_not_moved() -> None:
    alignment = flat().align_field(*field_region())
    assert alignment.shift_mm == (0.0, 0.0)
    assert alignment.residual_mm < 0.1
    assert alignment.score > 0.9


@pytest.mark.parametrize("off", [(0.3, 0.0), (-0.25, 0.35)])
def test_a_field_beside_its_place_is_found(off: tuple[float, float]) -> None:
    page = flat()
    matrix = page.registration.matrix() @ np.array([[1, 0, -off[0]], [0, 1, -off[1]], [0, 0, 1.0]])
    moved = replace(page, registration=replace(page.registration, homography=tuple(matrix.ravel())))
    alignment = moved.align_field(*field_region())
    assert alignment.shift_mm == pytest.approx(off, abs=0.06)


def test_writing_does_not_draw_a_field_away() -> None:
    shot = damaged(chain(filled, turned(1, 1)))
    page = put_straight(shot).registered
    for field in {box.field for box in shot.layout.on_page(1)}:
        own = [box for box in shot.layout.on_page(1) if box.field == field]
        x, y = min(box.x for box in own), min(box.y for box in own)
        w, h = max(b.x + b.w for b in own) - x, max(b.y + b.h for b in own) - y
        assert np.hypot(*page.align_field(x, y, w, h).shift_mm) < 0.15, field


def test_a_field_that_is_torn_off_has_no_place() -> None:
    shot = damaged(turned(1, 1))
    x, y, w, h = field_region()
    hole = shot.where(np.array([[x - 6, y - 6], [x + w + 6, y + h + 6]])).astype(int)
    shot.image[hole[0, 1] : hole[1, 1], hole[0, 0] : hole[1, 0]] = 240
    alignment = put_straight(shot).registered.align_field(x, y, w, h)
    assert alignment.residual_mm >= thresholds.ALIGN_RADIUS_FLAT_MM * 0.9


def test_a_bend_is_kept_with_the_page() -> None:
    """What review shows of a curled page is cut out along the curl."""
    found = put_straight(damaged(curled(6.0))).registered
    assert found.bend is not None
    assert found.registration.bend is not None
    kept = Bend.unpacked(found.registration.bend)
    assert np.abs(kept.nodes - found.bend.nodes).max() <= 0.0051
    assert len(found.registration.bend) < 12_000


def test_what_is_no_bend_is_refused() -> None:
    with pytest.raises(ValueError, match="bend"):
        Bend.unpacked("2,2,eAAA")


def test_on_bent_paper_what_lies_far_from_recognised_print_is_not_trusted() -> None:
    shot = damaged(curled(20.0), form="2-2", page=2)
    found = put_straight(shot)
    boxes = list(shot.layout.on_page(2))
    unsure = np.array([found.registered.unfollowed_mm([box]) for box in boxes])
    trusted = unsure <= thresholds.RESIDUAL_MM
    assert 0.5 < trusted.mean() < 1, "half of the page is empty"
    assert errors(found, shot)[trusted].max() < thresholds.RESIDUAL_MM
    assert flat().unfollowed_mm(boxes) == 0.0


def test_a_bend_is_looked_up_at_any_number_of_places():
    bend = Bend(np.random.default_rng(1).normal(0, 1, (60, 42, 2)).astype(np.float32))
    places = np.random.default_rng(2).uniform(0, 200, (70_000, 2))
    assert np.allclose(bend.at(places)[::997], bend.at(places[::997]))
