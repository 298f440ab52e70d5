"""Finding markers: any way up, any resolution, any number of them left."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_sheets import damaged, sheet

from benchmarks.damage import CLASSES, Shot, chain, one_bit, phone, resolution, turned, without_markers
from ingest.locate import Markers, find_markers
from ingest.model import Image
from layouts.model import MARKER_DICTIONARY, MARKER_IDS, PageFrame

PORTRAIT, LANDSCAPE = PageFrame(), PageFrame(297.0, 210.0)
FRAMES = (PORTRAIT, LANDSCAPE)


def grey(shot: Shot) -> Image:
    return shot.image if shot.image.ndim == 2 else np.ascontiguousarray(shot.image[..., 0])


def off_mm(found: Markers, shot: Shot) -> float:
    """Largest distance of a corner from where it truly is."""
    page, scan = found.points()
    return float(np.linalg.norm(shot.where(page) - scan, axis=1).max() * 25.4 / shot.dpi)


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 360))
def test_markers_are_found_at_any_angle(angle: float) -> None:
    shot = damaged(turned(angle, angle, grow=1.1, flip=False))
    (found,) = find_markers(grey(shot), FRAMES)
    assert set(found.corners) == set(MARKER_IDS)
    assert found.frame == PORTRAIT
    assert off_mm(found, shot) < 0.15


@pytest.mark.parametrize("dpi", [110, 150, 300, 600])
def test_markers_are_found_at_any_resolution(dpi: float) -> None:
    shot = damaged(resolution(dpi))
    (found,) = find_markers(grey(shot), FRAMES)
    assert len(found) == 4
    assert off_mm(found, shot) < 0.15


@pytest.mark.parametrize("lost", [(0,), (2,), (0, 1), (1, 3), (0, 2, 3), (0, 1, 2)])
def test_those_that_are_left_are_found(lost: tuple[int, ...]) -> None:
    shot = damaged(chain(without_markers(*lost), turned(3, 5)))
    found = find_markers(grey(shot), FRAMES)
    assert len(found) == (1 if len(lost) < 3 else len(FRAMES)), "a marker alone fits every paper"
    assert set(found[0].corners) == set(MARKER_IDS) - set(lost)
    assert off_mm(found[0].on(PORTRAIT), shot) < 0.15


def test_markers_in_a_photograph_and_on_a_fax() -> None:
    for damage in (phone(0.1), chain(turned(2, 2), one_bit)):
        shot = damaged(damage)
        (found,) = find_markers(grey(shot), FRAMES)
        assert len(found) == 4
        assert off_mm(found, shot) < 0.25


def test_two_sheets_on_one_glass_are_kept_apart() -> None:
    left, right = damaged(turned(1, 1)), damaged(CLASSES["upside down"], page=2)
    height = max(left.image.shape[0], right.image.shape[0])
    pages = [
        np.pad(s.image, ((0, height - s.image.shape[0]), (0, 30)), constant_values=90) for s in (left, right)
    ]
    found = find_markers(np.hstack(pages), FRAMES)
    assert [len(markers) for markers in found] == [4, 4]
    middles = sorted(markers.points()[1].mean(0)[0] for markers in found)
    assert middles[0] < left.image.shape[1] < middles[1]


def test_the_paper_that_fits_is_chosen() -> None:
    picture = np.full((1654, 2339), 255, np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    for marker, corners in LANDSCAPE.markers().items():
        x, y = (round(v * 2339 / 297) for v in corners[0])
        picture[y : y + 63, x : x + 63] = cv2.aruco.generateImageMarker(dictionary, marker, 63)
    (found,) = find_markers(picture, FRAMES)
    assert found.frame == LANDSCAPE
    assert len(found) == 4


def test_where_no_sheet_is_none_is_found() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (1200, 900), np.uint8)
    words = sheet().shot.image[300:2100].copy()
    for picture in (np.full((1200, 900), 255, np.uint8), noise, words):
        assert find_markers(picture, FRAMES) == []
