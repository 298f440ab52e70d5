"""Printed pages for the tests of finding, made once per run, and the damage that is done to them."""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.damage import Damage, Shot
from benchmarks.prints import Print, printed_pages
from ingest.model import Shelf
from layouts import Key

KEY = Key(bytes(range(32)))
DPI = 200.0


@cache
def printed() -> tuple[Shelf, tuple[Print, ...]]:
    shelf, prints = printed_pages(KEY, DPI)
    return shelf, tuple(prints)


def shelf() -> Shelf:
    return printed()[0]


def sheet(form: str = "2-5", page: int = 1) -> Print:
    return next(p for p in printed()[1] if (p.identity.form, p.identity.page) == (form, page))


def damaged(damage: Damage, seed: int = 1, form: str = "2-5", page: int = 1) -> Shot:
    return damage(np.random.default_rng(seed), sheet(form, page).shot)
