"""Every damage runs on grey and on colour pages, keeps their size and type, and grows with its strength."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layouts import Layout
from samples.cases import CASES
from samples.damage import BENDS, WARPS, damage, kinds
from samples.picture import Image
from samples.scanner import PRESETS, Recipe, scan, trace
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


GROWING = sorted(
    {*kinds()} - {"quarter_turns", "torn_corner", "dog_ear", "punch_holes", "background", "moire"}
)


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
    first, second, _ = np.random.default_rng(1).spawn(3)
    twice = damage(damage(page, "shift", 0.5, first, DPI), "shift", 0.5, second, DPI)
    sharpness = [float(cv2.Laplacian(image, cv2.CV_64F).var()) for image in (joined, twice)]
    assert sharpness[0] > sharpness[1]


MOVING = sorted({*BENDS, *WARPS, "background", "quarter_turns"})


@pytest.mark.parametrize("steps", [*((kind,) for kind in MOVING), ("curl", "quarter_turns", "perspective")])
def test_where_a_place_went_can_be_told(steps: tuple[str, ...]) -> None:
    places = np.array([(150.0, 200.0), (420.0, 260.0), (300.0, 430.0), (180.0, 640.0), (450.0, 700.0)])
    dots = np.full((877, 620), 255, np.uint8)
    for x, y in places.astype(int):
        cv2.rectangle(dots, (x - 3, y - 3), (x + 3, y + 3), (0,), -1)
    recipe = Recipe(DPI, "grey", tuple((kind, 0.8) for kind in steps))
    out = scan(dots, recipe, np.random.default_rng(5))
    went = trace(places, (877, 620), recipe, np.random.default_rng(5))
    for x, y in went:
        window = out[round(y) - 8 : round(y) + 9, round(x) - 8 : round(x) + 9].astype(float)
        darkness = (window.max() - window) * (window < window.max() / 2)
        rows, columns = np.indices(window.shape)
        assert abs((rows * darkness).sum() / darkness.sum() - 8 - (y - round(y))) < 0.6
        assert abs((columns * darkness).sum() / darkness.sum() - 8 - (x - round(x))) < 0.6


def test_the_other_side_shows_through(page: Image) -> None:
    blank = np.full_like(page, 255)
    recipe = Recipe(DPI, "grey", (("bleed_through", 1.0),))
    assert scan(blank, recipe, np.random.default_rng(1)).min() == 255
    through = scan(blank, recipe, np.random.default_rng(1), back=page)
    assert 150 < through.min() < 240


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
