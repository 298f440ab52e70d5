from dataclasses import replace

import cv2
import numpy as np
import pytest
from ink_pages import FRAME, checkboxes, comb, ink_of, printed, stroke, tick

from ingest import marks, strikes
from ingest.bend import Bend
from ingest.model import BLANK_DPI, Registration
from layouts.model import Area, Box

ROW = [*comb(4, x=12.0), *checkboxes(*((44.0 + 9.0 * n, 32.0) for n in range(6)))]
AREAS: list[Area] = [(12.0, 30.0, 24.0, 8.0), (44.0, 32.0, 49.0, 4.0)]


def _page(draw):  # type: ignore[no-untyped-def]
    blank = printed(ROW)
    page = blank.copy()
    draw(page)
    return ink_of(page, blank, ROW)


def _boxes() -> list[Box]:
    return [box for box in ROW if box.option]


def _level(page, dark: float = 0.9) -> None:  # type: ignore[no-untyped-def]
    stroke(page, [(14.0, 35.0), (55.0, 34.2), (98.0, 34.6)], dark=dark)


def _crossed(page) -> None:  # type: ignore[no-untyped-def]
    stroke(page, [(13.0, 31.0), (98.0, 37.0)])
    stroke(page, [(13.0, 37.0), (98.0, 31.0)])


def _wave(page) -> None:  # type: ignore[no-untyped-def]
    x = np.linspace(13.0, 98.0, 60)
    stroke(page, list(zip(x, 34.0 + 1.5 * np.sin(x / 4.5), strict=True)))


@pytest.mark.parametrize("draw", [_level, _crossed, _wave, lambda page: _level(page, dark=0.3)])
def test_a_line_through_a_row_is_followed_and_taken_out(draw):
    ink = _page(draw)
    found = strikes.find(ink, AREAS)
    assert strikes.length_in(found, AREAS[1]) >= 45.0
    blank = marks.measure(strikes.without(ink, found), _boxes())["f"]
    assert max(look.features["inside"] for look in blank.boxes) < 0.012


def _with_a_short_one(page) -> None:  # type: ignore[no-untyped-def]
    _level(page)
    stroke(page, [(14.0, 37.0), (32.0, 31.5)])


def test_a_shorter_line_in_what_is_struck_out_goes_with_it():
    ink = _page(_with_a_short_one)
    assert len(strikes.find(ink, AREAS)) == 2
    alone = _page(lambda page: stroke(page, [(14.0, 37.0), (32.0, 31.5)]))
    assert strikes.find(alone, AREAS) == []


def test_strokes_of_characters_in_a_row_are_no_line():
    def characters(page) -> None:  # type: ignore[no-untyped-def]
        rng = np.random.default_rng(1)
        for x in np.arange(13.0, 60.0, 3.2):
            start, end = rng.uniform(31.5, 36.5, 2)
            stroke(page, [(x, start), (x + 2.8, end)])

    assert strikes.find(_page(characters), AREAS) == []


def test_where_a_line_may_go_on_beyond_its_end_is_known():
    (line,) = strikes.find(_page(_level), AREAS)
    words: Area = (102.0, 33.0, 6.0, 3.0)
    assert strikes.reach([line], words)
    assert not strikes.reach([line], (102.0, 40.0, 6.0, 3.0))
    assert not strikes.reach([line], (110.0, 33.0, 6.0, 3.0))
    assert not strikes.reach([line], None)


def test_where_frames_hide_the_line_it_is_followed_across():
    """In black and white, frames and pen are alike: of the line only the pieces between them are seen."""
    blank = printed(ROW)
    page = blank.copy()
    _level(page)
    ink = ink_of(np.where(page < 150, 0, 255).astype(np.uint8), blank, ROW)
    assert len(strikes.find(ink, AREAS)) == 1


def test_a_tick_on_a_line_stays_a_tick():
    def both(page) -> None:  # type: ignore[no-untyped-def]
        _level(page)
        tick(page, _boxes()[2], reach=1.3)

    ink = _page(both)
    looks = marks.measure(strikes.without(ink, strikes.find(ink, AREAS)), _boxes())["f"].boxes
    assert [look.features["inside"] > 0.03 for look in looks] == [n == 2 for n in range(6)]


def _down(page) -> None:  # type: ignore[no-untyped-def]
    """Through boxes that stand one above the other: an answer to several questions at once."""
    stroke(page, [(46.0, 10.0), (46.4, 70.0)])


def _ticks(page) -> None:  # type: ignore[no-untyped-def]
    for box in _boxes():
        tick(page, box, reach=1.6)


@pytest.mark.parametrize("draw", [_down, _ticks, lambda page: None])
def test_what_strikes_nothing_out_is_left_alone(draw):
    ink = _page(draw)
    assert strikes.find(ink, [(0.0, 0.0, FRAME.width, FRAME.height)]) == []
    assert strikes.without(ink, []) is ink


def test_a_line_on_bent_paper_is_taken_out_where_it_lies():
    ink = _page(_level)
    bend = Bend(np.full((17, 25, 2), 0.3, np.float32))
    bent = replace(ink, page=replace(ink.page, bend=bend))
    found = strikes.find(bent, AREAS)
    assert strikes.length_in(found, AREAS[1]) >= 45.0
    assert strikes.find(strikes.without(bent, found), AREAS) == []


def test_no_pixel_of_a_line_is_left_in_a_finer_scan():
    ink = _page(_level)
    scan = cv2.resize(ink.page.scan, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    scale = 3 * BLANK_DPI / 25.4
    at = Registration((scale, 0.0, -0.5, 0.0, scale, -0.5, 0.0, 0.0, 1.0), 0.05, "test")
    fine = replace(ink, page=replace(ink.page, scan=scan, registration=at))
    left = strikes.without(fine, strikes.find(fine, AREAS)).page.scan
    between = left[round(30.5 * scale) : round(37.5 * scale), round(37.0 * scale) : round(43.0 * scale)]
    assert between.min() > 235


def test_nothing_is_sought_where_there_are_no_blocks():
    assert strikes.find(_page(_level), []) == []
    assert strikes.length_in([], None) == 0.0
