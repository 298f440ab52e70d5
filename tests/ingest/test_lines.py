"""Streaks of dusty glass and creases go, what people wrote stays."""

from dataclasses import replace

import numpy as np
from ink_pages import PX_PER_MM, comb, ink_of, printed, stroke

from ingest.lines import without_lines

BOXES = comb(3)


def _streaked(*, slant: float = 0.0, upto: float = 80.0) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """A page with a seven in the first cell and a line down the page through it; and where the line is."""
    page = printed(BOXES)
    stroke(page, [(21.0, 32.0), (25.0, 32.0), (22.0, 37.0)])
    before = page.copy()
    stroke(page, [(23.0 - slant / 2, 0.0), (23.0 + slant / 2, upto)], 0.25, 0.5)
    return page, page != before


def _registered(page: np.ndarray):  # type: ignore[no-untyped-def,type-arg]
    return replace(ink_of(page, printed(BOXES), BOXES).page, scan=page)


def test_a_streak_is_lightened_and_the_stroke_that_it_crosses_stays():
    page, streak = _streaked()
    cleaned = without_lines(_registered(page)).scan
    free = streak.copy()
    free[round(28 * PX_PER_MM) : round(40 * PX_PER_MM)] = False  # the cells and what is written there
    free[:, : round(22 * PX_PER_MM)] = False
    assert np.median(page[free]) < 160
    assert np.percentile(cleaned[free], 10) > 225
    top = round(32.0 * PX_PER_MM)
    crossed = cleaned[top - 2 : top + 3, round(23.0 * PX_PER_MM)]
    assert crossed.min() < 80, "the seven lost its upper stroke"


def test_a_leaning_crease_is_lightened_too():
    page, crease = _streaked(slant=3.0)
    cleaned = without_lines(_registered(page)).scan
    crease[round(28 * PX_PER_MM) : round(40 * PX_PER_MM)] = False
    assert np.percentile(cleaned[crease], 10) > 215


def test_a_line_that_somebody_drew_stays():
    page, _ = _streaked(upto=35.0)
    registered = _registered(page)
    assert without_lines(registered) is registered


def test_a_line_from_margin_to_margin_that_somebody_drew_stays():
    page = printed(BOXES)
    stroke(page, [(16.0, 60.0), (104.0, 60.5)])
    registered = _registered(page)
    assert without_lines(registered) is registered


def test_a_clean_page_is_left_alone():
    registered = _registered(printed(BOXES))
    assert without_lines(registered) is registered


def _ruled() -> np.ndarray:  # type: ignore[type-arg]
    """A form of rows from top to bottom, as ours are: rules every 6 mm, pale and dark ones."""
    page = printed(BOXES)
    for n, y in enumerate(np.arange(4.0, 78.0, 6.0)):
        stroke(page, [(0.0, y), (60.0, y)], 0.2, 0.1 + 0.4 * (n % 2))
    return page


def test_a_streak_is_found_among_printed_rows():
    page = _ruled()
    stroke(page, [(40.0, 0.0), (40.0, 80.0)], 0.25, 0.5)
    registered = replace(ink_of(page, _ruled(), BOXES).page, scan=page)
    cleaned = without_lines(registered).scan
    line = cleaned[round(41 * PX_PER_MM) : round(45 * PX_PER_MM), round(40.0 * PX_PER_MM)]
    assert line.min() > 215


def test_printed_rules_stay_however_dark_they_came_out():
    dark = np.clip(255 - 1.6 * (255.0 - _ruled()), 0, 255).astype(np.uint8)
    registered = replace(ink_of(dark, _ruled(), BOXES).page, scan=dark)
    assert without_lines(registered) is registered
