"""What is written on a page is what the truth says, and lies where the layout says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from forms.model import Kind, Value
from layouts import Box, BoxKind, Layout
from samples.answers import Circumstances, answer
from samples.filling import PageTruth, Scribes, fill
from samples.glyphs import FACES, glyph, installed
from samples.hands import PENS, Hand, Mark, Writer
from samples.names import RARE
from samples.pens import Paper

DONE = Circumstances(completed=1.0)
BLACK = PENS[0][0]


def blank(layout: Layout, dpi: float, colour: bool = False) -> Paper:
    size = (round(layout.frame.height / 25.4 * dpi), round(layout.frame.width / 25.4 * dpi))
    return Paper(np.full((*size, 3) if colour else size, 255, np.uint8), dpi / 25.4)


def neat(name: str = "neat", **habits: object) -> Hand:
    return replace(Hand.of(name, 1), pen=BLACK, style=Mark.TICK, reach=0.6, **habits)  # type: ignore[arg-type]


def written(
    layout: Layout, page: int, answers: Mapping[str, Value], seed: int, careless: float, dpi: float = 100
) -> tuple[Paper, PageTruth]:
    paper = blank(layout, dpi)
    truth = fill(
        paper, layout, page, answers, Scribes(neat(), neat("other")), np.random.default_rng(seed), careless
    )
    return paper, truth


def ink(paper: Paper, box: Box) -> float:
    """Share of the box's inside that is dark."""
    x, y, w, h = (v * paper.scale for v in (box.x, box.y, box.w, box.h))
    inside: NDArray[np.uint8] = paper.pixels[round(y) : round(y + h), round(x) : round(x + w)]
    return float((inside < 128).mean())


@pytest.mark.parametrize("seed", range(4))
def test_careful_people_write_what_they_mean(household: Layout, seed: int) -> None:
    answers = answer(household.form, np.random.default_rng(seed), DONE)
    for page in range(1, household.pages + 1):
        _, truth = written(household, page, answers, seed, careless=0.0)
        asked = {f.key for f in household.fields_on_page(page) if f.kind is not Kind.PREFILL}
        assert truth.fields == {key: answers[key] for key in asked}
        assert set(truth.how) == asked
        assert truth.ambiguous == ()


def test_ink_is_in_the_chosen_boxes_and_in_no_other(household: Layout) -> None:
    for seed in range(3):
        answers = answer(household.form, np.random.default_rng(seed), DONE)
        paper, truth = written(household, 1, answers, seed, careless=0.0)
        corrected = {key for key, how in truth.how.items() if how == "corrected"}
        for box in household.on_page(1):
            if box.kind is not BoxKind.CHECKBOX or box.field in corrected:
                continue
            value = answers[box.field]
            chosen = box.option in (value if isinstance(value, list) else [value])
            assert (ink(paper, box) > 0.03) == chosen, box


def test_digits_and_words_are_in_their_places(household: Layout) -> None:
    answers = {**answer(household.form, np.random.default_rng(2), DONE), "phone": "13812345678"}
    answers["companions"] = "张珺"
    paper, _ = written(household, 1, answers, 2, careless=0.0)
    cells = [box for box in household.on_page(1) if box.field == "phone"]
    assert all(ink(paper, cell) > 0.02 for cell in cells)
    [line] = [box for box in household.on_page(1) if box.field == "companions"]
    assert ink(paper, line) > 0.01


def test_nothing_is_written_where_nothing_is_said(household: Layout) -> None:
    paper, truth = written(household, 2, {}, 3, careless=0.0)
    assert all(value in (None, [], False) for value in truth.fields.values())
    boxes = [box for box in household.on_page(2) if box.field.startswith(("rate", "card"))]
    assert boxes
    assert all(ink(paper, box) == 0 for box in boxes)


def test_same_seed_same_ink(household: Layout) -> None:
    answers = answer(household.form, np.random.default_rng(5), DONE)
    first, second = (written(household, 1, answers, 9, 0.1)[0].pixels for _ in range(2))
    assert (first == second).all()
    assert (first != written(household, 1, answers, 10, 0.1)[0].pixels).any()


def test_the_truth_does_not_depend_on_the_resolution(enterprise: Layout) -> None:
    answers = answer(enterprise.form, np.random.default_rng(5), DONE)
    truths = [written(enterprise, 1, answers, 9, 0.3, dpi)[1] for dpi in (75, 100, 150)]
    assert truths[0] == truths[1] == truths[2]


def test_carelessness_of_every_kind_comes_about_and_doubts_are_owned(
    household: Layout, enterprise: Layout
) -> None:
    seen: set[str] = set()
    doubtful: set[str] = set()
    layouts = (household, enterprise)
    concerned: dict[str, Value] = {"concerns": ["education", "medical", "roads"]}
    troubled: dict[str, Value] = {"difficulties": ["land"], "services": ["policy"]}
    for seed in range(24):
        full = [(layout, answer(layout.form, np.random.default_rng(seed), DONE)) for layout in layouts]
        for layout, answers in [*full, (household, concerned), (enterprise, troubled)]:
            for page in range(1, layout.pages + 1):
                _, truth = written(layout, page, answers, seed, careless=1.0, dpi=50)
                seen |= set(truth.how.values())
                doubtful |= {truth.how[key] for key in truth.ambiguous}
    assert seen >= {
        "scribbled out", "correction fluid", "words ringed", "words underlined", "on the words", "faint",
        "tiny", "running out", "two marks", "between", "too many", "contradiction", "rewritten above",
        "overwritten", "regardless of cells", "sprawling", "dashed", "short date", "word replaced", "large",
        "characters struck", "between the lines", "missed", "other words ringed",
    }  # fmt: skip
    assert doubtful == {"two marks", "between", "contradiction", "overwritten", "other words ringed"}


def test_corrections_leave_a_black_box_and_a_mark(household: Layout) -> None:
    for seed in range(40):
        answers = answer(household.form, np.random.default_rng(seed), DONE)
        paper, truth = written(household, 1, answers, seed, careless=0.0, dpi=60)
        singles = [f for f in household.fields_on_page(1) if f.kind is Kind.SINGLE]
        for field in (f for f in singles if truth.how[f.key] == "corrected"):
            boxes = {b.option: ink(paper, b) for b in household.on_page(1) if b.field == field.key}
            blackest = max(boxes, key=lambda option: boxes[option])
            assert blackest != answers[field.key]
            assert boxes[blackest] > 0.7
            assert 0 < boxes[str(answers[field.key])] < 0.7
            return
    pytest.fail("nobody corrected anything")


@pytest.mark.parametrize("style", list(Mark))
def test_every_style_of_mark_inks_its_box_or_the_ring_around_it(style: Mark) -> None:
    paper = Paper(np.full((200, 200), 255, np.uint8), 8.0)
    writer = Writer(neat(), paper, np.random.default_rng(1))
    writer.mark((10, 10, 4, 4), style)
    dark = np.argwhere(paper.pixels < 128) / 8.0
    assert len(dark) > 10
    assert dark.min() > 7
    assert dark.max() < 17


def test_blue_ink_is_blue_and_two_strokes_are_darker_than_one() -> None:
    blue = next(pen for pen, _ in PENS if pen.name == "blue ballpoint")
    paper = Paper(np.full((80, 160, 3), 255, np.uint8), 8.0)
    writer = Writer(replace(neat(), pen=blue), paper, np.random.default_rng(1))
    writer.line([(2, 5), (18, 5)], wobble=0)
    once = paper.pixels.reshape(-1, 3).min(axis=0).astype(int)
    assert once[2] > once[0] + 30
    writer.line([(2, 5), (18, 5)], wobble=0)
    assert paper.pixels.reshape(-1, 3).min(axis=0).sum() < once.sum()


@pytest.mark.parametrize("character", [*RARE, "村", "0", "9", "，"])
def test_every_hand_can_write_rare_characters(character: str) -> None:
    assert len(installed()) >= 6
    shapes = {glyph(character, [face]).distances.tobytes() for face in FACES}
    assert all(glyph(character, [face]).distances.min() == 0 for face in FACES)
    assert len(shapes) > 1


def test_hands_differ_and_are_themselves() -> None:
    hands = [Hand.of(f"w{n}", 1) for n in range(60)]
    assert len({hand.faces[0] for hand in hands}) >= 6
    assert len({hand.pen for hand in hands}) >= 5
    assert len({hand.style for hand in hands}) >= 4
    assert Hand.of("w3", 1) == hands[3]
