"""The marks that the classifier is trained on are labelled as what a person would call them."""

from __future__ import annotations

import numpy as np
import pytest

from forms import load_catalogue
from layouts import place
from training.draw_marks import (
    MARKS,
    Pen,
    Sheet,
    black_out,
    label,
    press_seal,
    put,
    put_on_words,
    strike_out,
)  # fmt: skip

LAYOUT = place(load_catalogue()["2-6"])
PEN = Pen(0.5, 0.9, 0.0)


def _sheet() -> Sheet:
    page = np.full((3508, 2480), 255, np.uint8)
    return Sheet(LAYOUT, 1, page, page, np.zeros(page.shape, np.float32), set(), set())


@pytest.mark.parametrize("shape", [shape for shape, _ in MARKS], ids=lambda shape: shape.__name__[1:])
def test_whatever_is_drawn_for_a_box_marks_it(shape):
    for seed in range(30):
        sheet = _sheet()
        box = sheet.boxes()[seed % len(sheet.boxes())]
        put(sheet, box, shape, PEN, np.random.default_rng(seed))
        assert label(sheet, box) in ("marked", "filled")


def test_a_filled_box_is_solid_and_a_tick_is_not():
    shapes = {shape.__name__: shape for shape, _ in MARKS}
    found = {"_solid": set(), "_tick": set()}
    for name, labels in found.items():
        for seed in range(20):
            sheet = _sheet()
            put(sheet, sheet.boxes()[0], shapes[name], PEN, np.random.default_rng(seed))
            labels.add(label(sheet, sheet.boxes()[0]))
    assert found == {"_solid": {"filled"}, "_tick": {"marked"}}


@pytest.mark.parametrize(
    "befall",
    [lambda sheet, rng: strike_out(sheet, PEN, rng), press_seal, black_out],
    ids=["line", "seal", "black"],
)
def test_what_befalls_a_page_marks_nothing(befall):
    seen = set()
    for seed in range(20):
        sheet = _sheet()
        befall(sheet, np.random.default_rng(seed))
        seen |= {label(sheet, box) for box in sheet.boxes()}
    assert seen == {"empty", "stray"}


def test_of_a_mark_that_is_blacked_out_nothing_can_be_learnt():
    hidden = 0
    for seed in range(20):
        sheet = _sheet()
        for box in sheet.boxes():
            put(sheet, box, MARKS[0][0], PEN, np.random.default_rng(seed))
        black_out(sheet, np.random.default_rng(seed))
        lost = {box for box in sheet.boxes() if box not in sheet.meant}
        assert {label(sheet, box) for box in lost} <= {"stray"}
        hidden += len(lost)
    assert hidden > 20


def test_an_option_marked_on_its_words_is_not_marked_in_its_box():
    for seed in range(40):
        sheet = _sheet()
        box = next(box for box in sheet.boxes() if LAYOUT.words_of(box))
        put_on_words(sheet, box, PEN, np.random.default_rng(seed))
        assert sheet.on_words == {box}
        assert {label(sheet, other) for other in sheet.boxes()} <= {"empty", "stray"}
