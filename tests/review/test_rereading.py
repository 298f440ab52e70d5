"""Reading again a picture on which two sheets lie: each is read as itself."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from benchmarks.prints import Print, printed_pages
from ingest.model import Image, PageResult, PageState, Shelf
from ingest.page import read_picture
from layouts import Key
from review import rereading
from store import PageInfo

OFFICE = None
"""Asked for its shelf alone."""


@cache
def printed() -> tuple[Shelf, list[Print]]:
    return printed_pages(Key(bytes(range(32))), 150.0, ("2-5",))


@pytest.fixture(autouse=True)
def _shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "shelf_of", lambda office: printed()[0])


def glass() -> Image:
    front, back = (one.shot.image for one in printed()[1])
    return np.hstack((front, back))


def stored(result: PageResult, part: int) -> PageInfo:
    homography = list(result.registration.homography) if result.registration else []
    registration: dict[str, object] | None = {"homography": homography} if homography else None
    where = (result.serial, result.form, result.page, result.turned, registration)
    return PageInfo(part, "a" * 64, 1, 1, result.state, *where, datetime.now(UTC), part)


def test_a_page_is_read_again_as_itself_beside_the_other() -> None:
    pages = [stored(one, part) for part, one in enumerate(read_picture(glass(), printed()[0]), 1)]
    for page, other in (pages, pages[::-1]):
        (again,) = rereading.read_again(OFFICE, glass(), page, [other])
        assert (again.state, again.serial) == (PageState.READ, page.serial)


def test_a_sheet_that_was_not_known_of_comes_with_the_page() -> None:
    first = stored(read_picture(glass(), printed()[0])[0], 1)
    again = rereading.read_again(OFFICE, glass(), first, [])
    assert again[0].serial == first.serial
    assert len({one.serial for one in again}) == 2


def test_a_serial_that_a_person_says_is_looked_for_on_the_paper_that_is_left() -> None:
    left, right = (stored(one, part) for part, one in enumerate(read_picture(glass(), printed()[0]), 1))
    assert right.serial is not None
    read = rereading.read_as(OFFICE, glass(), right.serial, [left])
    assert read.registration is not None
    assert right.registration is not None
    assert read.registration.homography == pytest.approx(right.registration["homography"], rel=1e-3, abs=0.5)
