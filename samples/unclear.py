"""Fields of which a scan leaves unclear, to people as well, what was written."""

from __future__ import annotations

import copy

import numpy as np
from numpy.random import Generator

from forms.model import Kind
from layouts.model import Box, Layout
from samples.damage import seal_centre
from samples.filling import PageTruth
from samples.scanner import Recipe
from samples.seals import SEAL_MM


def unclear(truth: PageTruth, layout: Layout, page: int, recipe: Recipe, rng: Generator) -> tuple[str, ...]:
    """Keys of such fields. `rng` is as `samples.scanner.scan` will get it, and is left so."""
    lost = [key for key, how in truth.how.items() if how == "faint"] if _loses_faint_ink(recipe) else []
    seals = _seals(layout, recipe, rng)
    stamped = [
        box.field
        for box in layout.on_page(page)
        if truth.fields.get(box.field) is False
        and layout.form.field(box.field).kind is Kind.SIGNATURE
        and any(_meets(box, seal) for seal in seals)
    ]
    return tuple({*truth.ambiguous, *lost, *stamped})


def _loses_faint_ink(recipe: Recipe) -> bool:
    return recipe.colour == "black" or any(name == "photocopy" for name, _ in recipe.steps)


def _seals(layout: Layout, recipe: Recipe, rng: Generator) -> list[tuple[float, float]]:
    """Centres of the seals that come down anywhere, mm."""
    own = copy.deepcopy(rng).spawn(len(recipe.steps) + 1)
    size = layout.frame.width, layout.frame.height
    steps = zip(recipe.steps, own, strict=False)
    return [seal_centre(size, chance) for (name, _), chance in steps if name == "seal"]


def _meets(box: Box, seal: tuple[float, float]) -> bool:
    """Whether a part of the seal lies in a box: who signs with a seal presses it like this, too."""
    nearest = np.clip(seal, (box.x, box.y), (box.x + box.w, box.y + box.h))
    return bool(np.hypot(*(nearest - seal)) < SEAL_MM / 2)
