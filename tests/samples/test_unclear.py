"""What nobody can tell from a scan is no mistake of the reader."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forms import load_catalogue
from forms.model import Kind
from layouts import place
from samples.filling import PageTruth
from samples.pens import Paper
from samples.scanner import Recipe, scan
from samples.unclear import unclear

LAYOUT = place(load_catalogue()["SLIP"])
SIGNED = [f for f in LAYOUT.fields_on_page(1) if f.kind is Kind.SIGNATURE]
TRUTH = PageTruth({f.key: False for f in SIGNED}, {f.key: "blank" for f in SIGNED}, ())
RECIPE = Recipe(50, "colour", (("noise", 0.0), ("seal", 0.9)))


def test_an_empty_place_to_sign_is_unclear_exactly_where_the_seal_came_down():
    boxes = {box.field: box for box in LAYOUT.on_page(1)}
    stamped = set()
    for seed in range(40):
        told = unclear(TRUTH, LAYOUT, 1, RECIPE, np.random.default_rng(seed))
        scale = RECIPE.dpi / 25.4
        size = (round(LAYOUT.frame.height * scale), round(LAYOUT.frame.width * scale), 3)
        paper = Paper(np.full(size, 255, np.uint8), scale)
        red = scan(paper.pixels, RECIPE, np.random.default_rng(seed))[:, :, 1] < 200
        for field in SIGNED:
            box = boxes[field.key]
            window = red[
                int((box.y + 1) * scale) : int((box.y + box.h - 1) * scale),
                int((box.x + 1) * scale) : int((box.x + box.w - 1) * scale),
            ]
            if window.any():
                assert field.key in told
                stamped.add(field.key)
            elif not red[:, int(box.x * scale) : int((box.x + box.w) * scale)].any():
                assert field.key not in told
    assert stamped


def test_a_signed_place_stays_clear_and_looking_changes_nothing():
    signed = replace(TRUTH, fields={f.key: True for f in SIGNED})
    rng = np.random.default_rng(3)
    assert all(unclear(signed, LAYOUT, 1, RECIPE, np.random.default_rng(n)) == () for n in range(20))
    unclear(TRUTH, LAYOUT, 1, RECIPE, rng)
    white = np.full((300, 200, 3), 255, np.uint8)
    assert (scan(white, RECIPE, rng) == scan(white, RECIPE, np.random.default_rng(3))).all()


def test_a_faint_mark_is_unclear_in_black_and_white_only():
    truth = PageTruth({"a": "x", "b": "y"}, {"a": "faint", "b": "tick"}, ())
    for colour, expected in (("black", ("a",)), ("grey", ())):
        recipe = Recipe(200, colour, ())
        assert unclear(truth, LAYOUT, 1, recipe, np.random.default_rng(1)) == expected
