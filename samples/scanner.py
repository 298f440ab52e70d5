"""How sheets become pictures: feeders, old copiers, phones.

A `Recipe` is a row of damages in the order in which they befall a sheet; the geometry of neighbouring
ones is joined, so that pixels are resampled once. Presets draw recipes at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from samples.damage import BENDS, Points, bent, bleed_through, carried, damage, grey_of, size_of
from samples.picture import Image


@dataclass(frozen=True)
class Recipe:
    """How one sheet was scanned.

    dpi     of the scan
    colour  "colour", "grey" or "black" (1 bit, fax-like)
    steps   (damage, strength) in the order in which they happen
    quality of the JPEG, if it becomes one
    """

    dpi: int
    colour: str
    steps: tuple[tuple[str, float], ...]
    quality: int = 80


def scan(page: Image, recipe: Recipe, rng: Generator, back: Image | None = None) -> Image:
    """The picture that comes out. `page` has the recipe's dpi, and so has its `back`, which may show
    through. Each damage has a generator of its own, spawned from `rng`.

    Raises KeyError for an unknown damage.
    """
    grey = recipe.colour != "colour"
    pixels = grey_of(page) if grey else page
    behind = grey_of(back) if grey and back is not None else back
    outside: int | None = 255  # the lid is white; around a photographed page the desk goes on
    waiting = np.eye(3)
    *own, last = rng.spawn(len(recipe.steps) + 1)
    for (name, strength), chance in zip(recipe.steps, own, strict=True):
        if name in BENDS:
            waiting = BENDS[name](size_of(pixels), strength, chance, recipe.dpi) @ waiting
            continue
        pixels = bent(pixels, waiting, outside)
        waiting = np.eye(3)
        if name == "bleed_through":
            pixels = bleed_through(pixels, strength, chance, recipe.dpi, behind)
        else:
            pixels = damage(pixels, name, strength, chance, recipe.dpi, outside)
        outside = None if name == "background" else outside
    pixels = bent(pixels, waiting, outside)
    return damage(pixels, "black_and_white", 0.3, last, recipe.dpi) if recipe.colour == "black" else pixels


def trace(places: Points, size: tuple[int, int], recipe: Recipe, rng: Generator) -> Points:
    """Where `scan`, with the generator in the same state, puts places (px, (N, 2)) of a page of `size`
    (height, width). Raises KeyError for an unknown damage."""
    *own, _ = rng.spawn(len(recipe.steps) + 1)
    for (name, strength), chance in zip(recipe.steps, own, strict=True):
        places, size = carried(places, size, name, strength, chance, recipe.dpi)
    return places


# --- how sheets are usually scanned --------------------------------------------------------------


def office_scanner(rng: Generator, dpi: int | None = None, colour: str | None = None) -> Recipe:
    """A sheet feeder on a good day: slightly askew, a little noise, JPEG."""
    steps = [("skew", _half(rng, 0.25)), ("stretch", _half(rng, 0.15)), ("shift", _half(rng, 0.3))]
    extras = (
        ("bleed_through", 0.10, 0.4), ("dirt", 0.15, 0.4), ("dot_gain", 0.2, 0.4), ("fold", 0.12, 0.4),
        ("duplex_offset", 0.3, 0.7), ("punch_holes", 0.06, 0.5), ("staple", 0.06, 0.5), ("toner", 0.15, 0.4),
        ("streak", 0.03, 0.3),
    )  # fmt: skip
    before = [(name, float(rng.uniform(0.1, most))) for name, chance, most in extras if rng.random() < chance]
    turn = [("quarter_turns", 0.5)] if rng.random() < 0.12 else []
    after = [("tone", float(rng.uniform(0, 0.4))), ("blur", float(rng.uniform(0.05, 0.3)))]
    return Recipe(
        dpi=dpi or int(rng.choice([200, 300], p=[0.75, 0.25])),
        colour=colour or str(rng.choice(["grey", "colour", "black"], p=[0.62, 0.26, 0.12])),
        steps=(*before, *turn, *steps, *after, ("noise", float(rng.uniform(0.05, 0.3)))),
        quality=int(rng.integers(60, 92)),
    )


def worn_office(rng: Generator, dpi: int | None = None, colour: str | None = None) -> Recipe:
    """An old copier in a village: what it does to paper is anyone's guess."""
    among = ("duplex_offset", "skew", "stretch", "shift", "blur", "noise", "tone", "photocopy", "dot_gain",
             "toner", "fold", "punch_holes", "staple", "torn_corner", "dog_ear", "coffee", "seal",
             "bleed_through", "dirt", "streak", "feed_wobble", "cut_edge", "larger_glass", "uneven_light",
             "crumple")  # fmt: skip
    chosen = [n for n in range(len(among)) if rng.random() < 0.22]
    turn = [("quarter_turns", 1.0)] if rng.random() < 0.3 else []
    return Recipe(
        dpi=dpi or int(rng.choice([150, 200, 300])),
        colour=colour or str(rng.choice(["grey", "colour", "black"], p=[0.5, 0.3, 0.2])),
        steps=tuple(_ordered([(among[n], float(rng.uniform(0.1, 0.7))) for n in chosen] + turn)),
        quality=int(rng.integers(40, 85)),
    )


def phone(rng: Generator, dpi: int | None = None, colour: str | None = None) -> Recipe:
    """A photograph on a desk: perspective, curl, shadow, another light."""
    steps = [
        ("curl", float(rng.uniform(0.0, 0.5))), ("background", float(rng.uniform(0.2, 0.8))),
        ("perspective", float(rng.uniform(0.1, 0.6))), ("skew", _half(rng, 0.5)),
        ("lens", float(rng.uniform(0.0, 0.5))), ("uneven_light", float(rng.uniform(0.2, 0.7))),
        ("shadow", float(rng.uniform(0.0, 0.6))), ("blur", float(rng.uniform(0.1, 0.5))),
        ("noise", float(rng.uniform(0.1, 0.5))),
    ]  # fmt: skip
    if rng.random() < 0.2:
        steps.insert(-2, ("motion_blur", float(rng.uniform(0.05, 0.4))))
    for name, chance in (
        ("finger", 0.15),
        ("glare", 0.15),
        ("dog_ear", 0.1),
        ("crumple", 0.1),
        ("fold", 0.2),
    ):
        if rng.random() < chance:
            steps.insert(0, (name, float(rng.uniform(0.1, 0.6))))
    if rng.random() < 0.3:
        steps.append(("quarter_turns", 1.0))
    return Recipe(
        dpi=dpi or int(rng.choice([150, 200])),
        colour=colour or "colour",
        steps=tuple(steps),
        quality=int(rng.integers(60, 92)),
    )


PRESETS: Mapping[str, Callable[[Generator, int | None, str | None], Recipe]] = MappingProxyType(
    {"office": office_scanner, "worn": worn_office, "phone": phone}
)


def _half(rng: Generator, most: float) -> float:
    """A strength that is mostly small."""
    return float(abs(rng.normal(0, most / 2)))


def _ordered(steps: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """What happens to paper, then to its light, then to the picture."""
    order = {name: n for n, name in enumerate(_LIFE)}
    return sorted(steps, key=lambda step: order[step[0]])


_LIFE = (
    "duplex_offset", "toner", "dot_gain", "bleed_through", "seal", "coffee", "dirt", "photocopy",
    "punch_holes", "staple", "torn_corner", "dog_ear", "fold", "crumple", "quarter_turns", "feed_wobble",
    "skew", "stretch", "shift", "cut_edge", "larger_glass", "uneven_light", "streak", "blur", "tone", "noise",
)  # fmt: skip
