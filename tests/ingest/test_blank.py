"""Empty backs, and what must not pass for one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from printed_sheets import sheet, shelf

from ingest.blank import is_blank
from ingest.model import Image, PageResult, PageState
from ingest.page import find_sheet

WIDTH, HEIGHT = 1654, 2339


def paper(grey: int = 245, noise: float = 4.0) -> Image:
    rng = np.random.default_rng(0)
    return (grey + rng.normal(0, noise, (HEIGHT, WIDTH))).clip(0, 255).astype(np.uint8)


def shining_through(page: Image, strength: float) -> Image:
    """The front of a sheet, mirrored, as thin paper shows it."""
    front = cv2.GaussianBlur(sheet().shot.image[:, ::-1], (0, 0), 2)[:HEIGHT, :WIDTH]
    return (page - strength * (255.0 - front)).clip(0, 255).astype(np.uint8)


def punched(page: Image) -> Image:
    for y in (850, 1480):
        cv2.circle(page, (95, y), 24, 30, -1)
    cv2.line(page, (60, 60), (150, 120), 80, 5)
    page[:, :14] = 40
    return page


@pytest.mark.parametrize(
    "page",
    [
        paper(),
        paper(210, 10),
        shining_through(paper(), 0.12),
        punched(paper()),
        np.full((20, 30), 255, np.uint8),
    ],
    ids=["white", "grey and noisy", "front shines through", "holes, staple, edge", "tiny"],
)
def test_empty_backs_are_blank(page: Image) -> None:
    assert is_blank(page)
    assert find_sheet(page, shelf()) == PageResult(PageState.BLANK)


@pytest.mark.parametrize("dpi", [100, 200, 400])
def test_one_written_word_is_not_blank(dpi: int) -> None:
    page = paper()
    cv2.polylines(page, [np.array([[800, 900], [860, 940], [800, 980], [870, 985]])], False, 60, 3)
    size = (WIDTH * dpi // 200, HEIGHT * dpi // 200)
    found = find_sheet(np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA)), shelf())
    assert isinstance(found, PageResult)
    assert found.state is PageState.UNKNOWN


def test_a_printed_page_is_not_blank() -> None:
    assert not is_blank(sheet().shot.image)
