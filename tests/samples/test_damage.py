"""Every damage runs on grey and on colour pages, keeps their size and type, and grows with its strength."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layouts import Layout
from samples.cases import CASES
from samples.damage import BENDS, DAMAGES, damage, kinds
from samples.picture import Image
from samples.scanner import PRESETS, Recipe, scan
from samples.strangers import STRANGERS

DPI = 75


@pytest.fixture(scope="module")
def page(household: Layout) -> Image:
    """A page of A4 at 75 dpi with boxes and words."""
    pixels = np.full((877, 620, 3), 255, np.uint8)
    for box in household.on_page(1):
        corner = round(box.x / 25.4 * DPI), round(box.y / 25.4 * DPI)
        size = round(box.w / 25.4 * DPI), round(box.h / 25.4 * DPI)
        cv2.rectangle(pixels, corner, (corner[0] + size[0], corner[1] + size[1]), (90, 90, 90), 1)
    for marker in household.frame.markers().values():
        x, y = (round(v / 25.4 * DPI) for v in marker[0])
        cv2.rectangle(pixels, (x, y), (x + 24, y + 24), (0, 0, 0), -1)
    return pixels


@pytest.mark.parametrize("grey", [True, False], ids=["grey", "colour"])
@pytest.mark.parametrize("kind", kinds())
def test_size_and_type_stay(page: Image, kind: str, grey: bool) -> None:
    pixels = page[..., 0].copy() if grey else page.copy()
    before = pixels.copy()
    out = damage(pixels, kind, 0.8, np.random.default_rng(3), DPI)
    assert out.dtype == np.uint8
    turned = kind == "quarter_turns"
    assert sorted(out.shape[:2]) == sorted(pixels.shape[:2]) if turned else out.shape == pixels.shape
    assert out.shape != before.shape or (out != before).any()
    assert (pixels == before).all(), "a damage must not write on what it was given"


GROWING = sorted({*BENDS, *DAMAGES} - {"quarter_turns", "torn_corner", "punch_holes", "background", "moire"})


@pytest.mark.parametrize("kind", GROWING)
def test_more_strength_does_more(page: Image, kind: str) -> None:
    def change(strength: float) -> float:
        outs = [damage(page, kind, strength, np.random.default_rng(n), DPI) for n in range(6)]
        return float(np.mean([np.abs(out.astype(int) - page).mean() for out in outs]))

    assert change(0.02) < change(0.9)


def test_the_seed_places_the_damage(page: Image) -> None:
    def fold(seed: int) -> Image:
        return damage(page, "fold", 0.9, np.random.default_rng(seed), DPI)

    assert (fold(1) == fold(1)).all()
    assert (fold(1) != fold(2)).any()


def test_quarter_turns_can_be_undone(page: Image) -> None:
    out = damage(page, "quarter_turns", 0.5, np.random.default_rng(1), DPI)
    assert (np.rot90(out, 2) == page).all()


def test_geometry_is_joined_into_one_resampling(page: Image) -> None:
    """Turned to and fro by the same skew, a page is as sharp as before."""
    steps = (("shift", 0.5), ("shift", 0.5))
    joined = scan(page, Recipe(DPI, "colour", steps), np.random.default_rng(1))
    rng = np.random.default_rng(1)
    twice = damage(damage(page, "shift", 0.5, rng, DPI), "shift", 0.5, rng, DPI)
    sharpness = [float(cv2.Laplacian(image, cv2.CV_64F).var()) for image in (joined, twice)]
    assert sharpness[0] > sharpness[1]


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("colour", ["grey", "colour", "black"])
def test_presets_scan(page: Image, preset: str, colour: str) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        recipe = PRESETS[preset](rng, DPI, colour)
        out = scan(page, recipe, rng)
        assert out.ndim == (3 if colour == "colour" else 2)
        if colour == "black":
            assert set(np.unique(out)) <= {0, 255}


def test_a_table_of_at_least_forty_cases_of_all_kinds(page: Image) -> None:
    assert len(CASES) >= 40
    for name, recipe in CASES.items():
        out = scan(page, Recipe(DPI, recipe.colour, recipe.steps, recipe.quality), np.random.default_rng(1))
        assert 15 < out.mean() < 255, name
    assert {step for recipe in CASES.values() for step, _ in recipe.steps} >= {*kinds()} - {"black_and_white"}


def test_unknown_damage(page: Image) -> None:
    with pytest.raises(KeyError):
        damage(page, "fire", 1.0, np.random.default_rng(1), DPI)


@pytest.mark.parametrize("kind", sorted(STRANGERS))
def test_pages_that_are_not_ours(kind: str) -> None:
    grey = STRANGERS[kind](np.random.default_rng(2), DPI, False)
    colour = STRANGERS[kind](np.random.default_rng(2), DPI, True)
    assert colour.shape == (*grey.shape, 3)
    assert (grey.min() == 255) == (kind == "blank")
