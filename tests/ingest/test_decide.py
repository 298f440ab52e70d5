"""Judging is pure: made-up measurements in, readings out; no image, no engine."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.model import Check, Field, Form, Kind, Option, Page, Row, Section
from ingest import mark_models, thresholds
from ingest.confidence import Calibration, Curve, Judgement, fit
from ingest.decide import decide
from ingest.mark_models import Mark
from ingest.model import BoxSeen, Character, Measurement, Reading, TextSeen, WordSeen

ABC = (Option("a", "甲"), Option("b", "乙"), Option("c", "丙"))
PLAIN = Calibration("plain", {})


@pytest.fixture(autouse=True)
def _told_classes(monkeypatch):
    """Boxes here say their classes themselves; the model has tests of its own."""

    def told(boxes):  # type: ignore[no-untyped-def]
        return tuple(Mark(seen, *(seen.features[c] for c in mark_models.CLASSES)) for seen in boxes)

    monkeypatch.setattr(mark_models, "classify", told)


def _form(*fields: Field, checks: tuple[Check, ...] = ()) -> Form:
    rows = tuple(Row((field,)) for field in fields)
    return Form("T", 1, "测试", "", (), (Page((Section("", rows),)),), checks)


def _box(option: str | None, kind: str = "empty", p: float = 0.999, **features: float) -> BoxSeen:
    classes = dict.fromkeys(mark_models.CLASSES, (1 - p) / 3) | {kind: p}
    fill = {"empty": 0.0, "marked": 0.2, "filled": 0.95, "stray": 0.05}[kind]
    return BoxSeen(option, None, {"print": 1.0, "fill": fill, "dark": 0.4, **classes, **features})


def _empty(option: str, print_: float = 1.0) -> BoxSeen:
    """One without ink: only its frame was looked at."""
    seen = _box(option, print=print_)
    return replace(seen, features={name: value for name, value in seen.features.items() if name != "fill"})


def _choice(kinds: str, **more: object) -> Measurement:
    """One letter per option: e(mpty), m(arked), f(illed), s(tray)."""
    names = {name[0]: name for name in mark_models.CLASSES}
    boxes = tuple(_box(key, names[kind]) for key, kind in zip("abc", kinds, strict=False))
    return replace(Measurement("q", 0.0, boxes=boxes), **more)  # type: ignore[arg-type]


def _single(kinds: str, **more: object) -> Reading:
    field = Field("q", "问", Kind.SINGLE, ABC)
    return decide(_form(field), [_choice(kinds, **more)], {}, PLAIN)[0]


def _multiple(kinds: str, options: tuple[Option, ...] = ABC, most: int = 0) -> Reading:
    field = Field("q", "问", Kind.MULTIPLE, options, max_choices=most)
    return decide(_form(field), [_choice(kinds)], {}, PLAIN)[0]


# --- choices --------------------------------------------------------------------------------------


def test_one_mark_is_the_answer():
    assert _single("eme").value == "b"
    assert _single("eme").confidence > 0.99
    assert _single("eme").doubt == ""


def test_no_mark_is_no_answer():
    assert _single("eee").value is None
    assert _single("eee").confidence > 0.99
    assert _multiple("eee").value == []


def test_two_marks_are_doubted_and_both_are_named():
    found = _single("mem")
    assert found.value in ("a", "c")
    assert found.confidence <= thresholds.CONTRADICTED
    assert "甲" in found.doubt
    assert "丙" in found.doubt


def test_a_filled_box_beside_a_marked_one_was_deleted():
    assert (_single("fme").value, _multiple("fmm").value) == ("b", ["b", "c"])
    assert _single("fme").confidence > 0.99


def test_a_filled_box_alone_is_a_mark_that_someone_should_see():
    found = _single("efe")
    assert found.value == "b"
    assert 0.5 < found.confidence < 0.95
    assert found.doubt


def test_who_fills_all_boxes_means_it():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(4)]
    seen = [replace(_choice("efe"), field=field.key) for field in fields]
    found = decide(_form(*fields), seen, {}, PLAIN)
    assert [(reading.value, reading.doubt) for reading in found] == [("b", "")] * 4
    assert min(reading.confidence for reading in found) > 0.99


def test_who_ticks_elsewhere_probably_deleted_a_lone_filled_box():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(5)]
    kinds = ["mee", "eme", "eem", "mee", "efe"]
    seen = [replace(_choice(kind), field=field.key) for kind, field in zip(kinds, fields, strict=True)]
    found = decide(_form(*fields), seen, {}, PLAIN)
    assert found[4].confidence < _single("efe").confidence
    assert min(reading.confidence for reading in found[:4]) > 0.99


def test_unexplained_ink_is_no_confident_blank():
    boxes = (_box("a"), _box("b", "stray", 0.95), _box("c"))
    found = decide(
        _form(Field("q", "问", Kind.SINGLE, ABC)), [Measurement("q", 0.0, boxes=boxes)], {}, PLAIN
    )[0]
    assert found.value is None
    assert found.confidence <= thresholds.UNEXPLAINED
    assert _single("sme").confidence > 0.99


def test_what_is_surely_dirt_needs_nobody():
    assert _single("ese").value is None
    assert _single("ese").confidence > 0.99


def test_a_box_with_faint_strokes_is_asked_about_where_the_pen_is_no_darker():
    def read(faint: float, kind: str = "empty", dark: float = 0.0) -> Reading:
        asked = Measurement("q", 0.0, boxes=(_box("a", kind), _box("b", faint=faint), _box("c")))
        marked = tuple(
            Measurement(f"q{n}", 0.0, boxes=(_box("a", "marked", dark=dark), _box("b"), _box("c")))
            for n in range(3 if dark else 0)
        )
        fields = [Field(key, "问", Kind.SINGLE, ABC) for key in ("q", "q0", "q1", "q2")]
        return decide(_form(*fields), [asked, *marked], {}, PLAIN)[0]

    assert (read(0.05).value, read(0.05).confidence <= thresholds.UNEXPLAINED) == (None, True)
    assert "乙" in read(0.05).doubt
    assert read(0.005).confidence > 0.99
    assert read(0.05, "marked").confidence > 0.99  # an answer was given
    assert read(0.05, dark=0.25).doubt
    assert read(0.05, dark=0.6).confidence > 0.99  # the back shines through
    assert read(0.8).confidence > 0.99  # a shade


@pytest.mark.parametrize(("faint", "asked"), [(1, 0), (2, 2), (3, 4)])
def test_a_block_with_faint_strokes_in_several_boxes_is_asked_about(faint, asked):
    keys = [f"row_1.q{n}" for n in range(4)]
    seen = [
        Measurement(key, 0.0, boxes=(_box("a"), _box("b", faint=0.04 * (n < faint)), _box("c")))
        for n, key in enumerate(keys)
    ]
    readings = decide(_form(*(Field(key, "问", Kind.SINGLE, ABC) for key in keys)), seen, {}, PLAIN)
    assert sum(one.confidence <= thresholds.UNEXPLAINED for one in readings) == asked


def test_where_no_mark_and_only_pale_digits_are_seen_marks_may_be_lost():
    fields = (Field("q", "问", Kind.SINGLE, ABC), Field("n", "数", Kind.DIGITS, cells=4))

    def read(dark: float, traces: float = 0.015) -> Reading:
        cells = tuple(_cell(n, "5") for n in range(4))
        cells = tuple(replace(cell, features={**cell.features, "dark": dark}) for cell in cells)
        number = Measurement("n", 0.1, boxes=cells, texts=(_strip("5555"),))
        boxes = tuple(_box(option, faint=traces) for option in "abc")
        return decide(_form(*fields), [Measurement("q", 0.0, boxes=boxes), number], {}, PLAIN)[0]

    assert (read(0.12).value, read(0.12).confidence <= thresholds.UNEXPLAINED) == (None, True)
    assert read(0.12, traces=0.002).confidence > 0.99
    assert read(0.4).confidence > 0.99


def test_a_blank_place_with_faint_strokes_is_asked_about():
    def read(kind: Kind, faint_mm2: float) -> Reading:
        seen = Measurement("t", 0.0, faint_mm2=faint_mm2)
        return decide(_form(Field("t", "写", kind)), [seen], {}, PLAIN)[0]

    for kind in (Kind.TEXT, Kind.LINES, Kind.SIGNATURE):
        assert read(kind, 3.0).confidence <= thresholds.UNEXPLAINED
        assert "很淡" in read(kind, 3.0).doubt
        assert read(kind, 0.2).confidence > 0.99


def test_what_covers_a_box_may_cover_its_mark():
    covered = (_box("a"), _box("b", "stray", fill=1.0), _box("c"))
    field = Field("q", "问", Kind.SINGLE, ABC)
    found = decide(_form(field), [Measurement("q", 0.0, boxes=covered)], {}, PLAIN)[0]
    assert (found.value, found.confidence <= thresholds.UNEXPLAINED) == (None, True)


def test_where_print_is_lost_writing_may_be_lost_with_it():
    broken = (_empty("a", 0.6), _box("b"), _box("c"))
    single, multiple = (Field("q", "问", kind, ABC) for kind in (Kind.SINGLE, Kind.MULTIPLE))

    def read(field: Field, boxes: Sequence[BoxSeen]) -> Reading:
        return decide(_form(field), [Measurement("q", 0.0, boxes=tuple(boxes))], {}, PLAIN)[0]

    answered = (*broken[:2], _box("c", "marked"))
    assert [read(field, broken).confidence <= thresholds.UNEXPLAINED for field in (single, multiple)] == [
        True
    ] * 2
    assert "残缺" in read(single, broken).doubt
    # One answer shows that the rest was left blank, unless there may be several.
    assert read(single, answered).confidence > 0.99
    assert read(multiple, answered).confidence <= thresholds.UNEXPLAINED


def test_a_page_of_broken_print_has_no_field_that_is_surely_blank():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(4)]
    text = Field("t", "备注", Kind.TEXT)

    def blank_text(frame: float) -> Reading:
        boxes = [_box("a", "marked"), _empty("b", frame), _empty("c", frame)]
        seen = [Measurement(field.key, 0.0, boxes=tuple(boxes)) for field in fields]
        return decide(_form(*fields, text), [*seen, Measurement("t", 0.0)], {}, PLAIN)[-1]

    assert blank_text(1.0).confidence > 0.99
    assert blank_text(0.93).confidence <= thresholds.UNEXPLAINED


def test_a_blank_field_whose_printed_lines_are_gone_is_covered():
    fields = [
        Field("n", "人数", Kind.DIGITS, cells=2),
        Field("t", "备注", Kind.TEXT),
        Field("s", "签名", Kind.SIGNATURE),
    ]
    others = [Field(f"o{n}", "其他", Kind.TEXT) for n in range(20)]

    def read(field: Field, share: float | None, of_others: float) -> Reading:
        boxes = (_cell(0), _cell(1)) if field.kind is Kind.DIGITS else ()
        seen = [Measurement(field.key, 0.0, boxes=boxes, print_share=share)]
        seen += [Measurement(other.key, 0.0, print_share=of_others) for other in others]
        return decide(_form(field, *others), seen, {}, PLAIN)[0]

    for field in fields:
        for share, sure in ((1.0, True), (0.1, False), (None, True)):
            found = read(field, share, 1.0)
            assert (found.confidence > 0.98) == sure
            assert ("看不到" in found.doubt) != sure
        # Where pale lines are lost all over the page, one that is lost is not covered, but pens may be lost.
        assert "残缺" in read(field, 0.1, 0.2).doubt


def test_who_ticks_elsewhere_may_have_scribbled_a_mark_out():
    fields = [Field(f"q{n}", "问", Kind.MULTIPLE, ABC) for n in range(4)]
    seen = [replace(_choice("mee"), field=field.key) for field in fields]
    scribbled = (_box("a", "marked"), _box("b", "marked", fill=0.7), _box("c"))
    seen[3] = Measurement("q3", 0.0, boxes=scribbled)
    found = decide(_form(*fields), seen, {}, PLAIN)
    assert found[3].confidence <= thresholds.UNEXPLAINED
    assert "划掉" in found[3].doubt
    assert min(reading.confidence for reading in found[:3]) > 0.99


def test_a_stroke_that_only_passes_through_does_not_keep_a_question_from_being_blank():
    box = _box("b", "stray", leaves=1.0, reach=3.0)
    seen = Measurement("q", 0.0, boxes=(_box("a"), box, _box("c")))
    found = decide(_form(Field("q", "问", Kind.SINGLE, ABC)), [seen], {}, PLAIN)[0]
    assert found.value is None
    assert found.confidence > 0.99


def test_where_a_copier_has_nearly_lost_the_ink_nothing_is_surely_unanswered():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(5)]

    def read(dark: float) -> list[Reading]:
        seen = []
        for field, kind in zip(fields, ("marked", "marked", "marked", "marked", "empty"), strict=True):
            boxes = (_box("a", kind, dark=dark), _box("b"), _box("c"))
            seen.append(Measurement(field.key, 0.0, boxes=boxes))
        return list(decide(_form(*fields), seen, {}, PLAIN))

    assert read(0.7)[4].confidence > 0.99
    assert read(0.12)[4].confidence <= thresholds.UNEXPLAINED
    assert read(0.12)[0].confidence > 0.99


def test_ink_on_the_words_of_an_unanswered_question_is_pointed_out():
    found = _single("eee", around=9.0)
    assert found.value is None
    assert found.confidence <= thresholds.UNEXPLAINED
    assert found.doubt


def test_ink_on_words_counts_although_other_options_are_ticked():
    field = Field("q", "问", Kind.MULTIPLE, ABC)
    found = decide(_form(field), [_choice("mee", around=9.0)], {}, PLAIN)[0]
    assert found.value == ["a"]
    assert found.confidence <= thresholds.UNEXPLAINED
    assert _single("mee", around=9.0).confidence > 0.99


def test_what_is_left_of_a_ring_around_an_empty_box_is_asked_about():
    field = Field("q", "问", Kind.SINGLE, ABC)
    for features, asked in (({"sides": 0.6, "p": 0.9}, True), ({"sides": 0.2, "p": 0.9}, False)):
        boxes = tuple(_box(key, p=features["p"], sides=features["sides"]) for key in "abc")
        found = decide(_form(field), [Measurement("q", 0.0, boxes=boxes)], {}, PLAIN)[0]
        assert ("画了圈" in found.doubt) == asked
    surely_empty = tuple(_box(key, sides=0.6) for key in "abc")
    assert decide(_form(field), [Measurement("q", 0.0, boxes=surely_empty)], {}, PLAIN)[0].doubt == ""


def test_people_are_asked_about_the_option_whose_words_are_marked():
    boxes = tuple(_box(key, words_marked=0.9 if key == "b" else 0.1) for key in "abc")
    seen = Measurement("q", 0.0, boxes=boxes)
    single, several = Field("q", "问", Kind.SINGLE, ABC), Field("q", "问", Kind.MULTIPLE, ABC)
    found = decide(_form(single), [seen], {}, PLAIN)[0]
    assert (found.value, found.alternatives[0][0]) == ("b", None)
    assert found.confidence <= thresholds.UNEXPLAINED
    ticked = replace(seen, boxes=(_box("a", "marked"), *boxes[1:]))
    assert decide(_form(several), [ticked], {}, PLAIN)[0].value == ["a", "b"]
    two = decide(_form(single), [ticked], {}, PLAIN)[0]
    assert (two.value, two.confidence <= thresholds.UNEXPLAINED) == ("a", True)
    assert "文字上有笔迹" in two.doubt


def test_someone_who_fills_all_boxes_corrects_none_by_filling_it():
    several = [Field(f"q{n}", "问", Kind.MULTIPLE, ABC) for n in range(3)]

    def read(p: float) -> Reading:
        halves = {"marked": p, "filled": 0.99 - p, "empty": 0.005, "stray": 0.005, "fill": 0.9, "dark": 0.4}
        boxes = (_box("a", "filled"), BoxSeen("b", None, {"print": 1.0, **halves}), _box("c"))
        others = [
            Measurement(f"q{n}", 0.0, boxes=(_box("a", "filled"), _box("b"), _box("c"))) for n in (1, 2)
        ]
        return decide(_form(*several), [Measurement("q0", 0.0, boxes=boxes), *others], {}, PLAIN)[0]

    assert read(0.6).value == ["a", "b"]
    assert read(0.6).confidence > 0.95


def test_who_fills_and_ticks_by_turns_is_asked_what_a_fill_beside_a_tick_means():
    several = [Field(f"q{n}", "问", Kind.MULTIPLE, ABC) for n in range(6)]

    def read(fills: int) -> Reading:
        kinds = ["mfe", *["fee"] * fills, *["mee"] * (5 - fills)]
        seen = [replace(_choice(kind), field=field.key) for kind, field in zip(kinds, several, strict=True)]
        return decide(_form(*several), seen, {}, PLAIN)[0]

    assert (read(1).value, read(1).confidence > 0.99) == (["a"], True)
    assert read(2).confidence < thresholds.DOUBTFUL


def test_crosses_with_a_broad_pen_are_no_fills():
    several = [Field(f"q{n}", "问", Kind.MULTIPLE, ABC) for n in range(3)]
    cross = {"fill": 0.55}
    seen = [
        Measurement(f"q{n}", 0.0, boxes=(_box("a", "marked", **cross), _box("b"), _box("c")))
        for n in range(3)
    ]
    deleted = replace(seen[0], boxes=(_box("a", "marked", **cross), _box("b", "filled"), _box("c")))
    assert decide(_form(*several), [deleted, *seen[1:]], {}, PLAIN)[0].value == ["a"]


def test_a_box_filled_beside_crosses_that_nearly_fill_theirs_is_asked_about():
    several = [Field(f"q{n}", "问", Kind.MULTIPLE, ABC) for n in range(4)]
    broad = BoxSeen(
        "a", None, {"print": 1.0, "fill": 0.8, "marked": 0.7, "filled": 0.299, "empty": 5e-4, "stray": 5e-4}
    )
    crossed = [Measurement(f"q{n}", 0.0, boxes=(broad, _box("b"), _box("c"))) for n in range(4)]
    deleted = replace(crossed[0], boxes=(broad, _box("b", "filled"), _box("c")))
    found = decide(_form(*several), [deleted, *crossed[1:]], {}, PLAIN)
    assert found[0].confidence < thresholds.DOUBTFUL


def test_a_stroke_beside_the_boxes_is_asked_about_and_its_option_proposed():
    single, several = (Field("q", "问", kind, ABC) for kind in (Kind.SINGLE, Kind.MULTIPLE))

    def read(field: Field, *boxes: BoxSeen) -> Reading:
        return decide(_form(field), [Measurement("q", 0.0, boxes=boxes)], {}, PLAIN)[0]

    missed = (_box("a"), _box("b", beside=1.2), _box("c"))
    assert (read(single, *missed).value, read(several, *missed).value) == ("b", ["b"])
    assert max(read(field, *missed).confidence for field in (single, several)) <= thresholds.UNEXPLAINED
    ticked = (_box("a", "marked"), *missed[1:])
    assert read(single, *ticked).confidence > 0.99
    assert read(several, *ticked).confidence <= thresholds.UNEXPLAINED
    between = (_box("a", beside=1.2), _box("b", beside=1.2), _box("c"))
    assert (read(single, *between).value, bool(read(single, *between).doubt)) == (None, True)


def test_a_dot_on_a_page_of_specks_may_be_one():
    field = Field("q", "问", Kind.SINGLE, ABC)
    for dot, asked in (
        ({"reach": 0.3, "specks": 9.0}, True),
        ({"reach": 0.3, "specks": 1.0}, False),
        ({"reach": 0.9, "specks": 9.0}, False),
    ):
        seen = Measurement("q", 0.0, boxes=(_box("a", "marked", **dot), _box("b"), _box("c")))
        found = decide(_form(field), [seen], {}, PLAIN)[0]
        assert (found.value, "污点" in found.doubt) == ("a", asked)


def test_a_dot_among_ticks_may_be_a_drop():
    tick, dot = {"reach": 1.1, "slender": 0.8}, {"reach": 0.5, "hollow": 0.0, "slender": 0.1}
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(5)]

    def read(usual: dict[str, float]) -> Reading:
        marks = (dot, usual, usual, usual, usual)
        seen = [
            Measurement(f"q{n}", 0.0, boxes=(_box("a", "marked", **mark), _box("b"), _box("c")))
            for n, mark in enumerate(marks)
        ]
        return decide(_form(*fields), seen, {}, PLAIN)[0]

    assert (read(tick).value, "一个点" in read(tick).doubt) == ("a", True)
    assert read(dot).doubt == ""  # somebody who dots


def test_a_mark_that_is_part_of_a_far_longer_line_is_asked_about():
    field = Field("q", "问", Kind.SINGLE, ABC)
    for length, asked in ((12.0, False), (60.0, True)):
        boxes = (_box("a", "marked", stroke_mm=length), _box("b"), _box("c"))
        found = decide(_form(field), [Measurement("q", 0.0, boxes=boxes)], {}, PLAIN)[0]
        assert (found.value, "很长" in found.doubt) == ("a", asked)


def test_of_a_page_that_is_crossed_out_nothing_is_accepted():
    assert _single("mee", crossed_out=True).confidence <= thresholds.UNEXPLAINED
    assert "整页" in _single("eee", crossed_out=True).doubt


def test_a_scribble_that_sprawls_over_its_box_may_be_one_out():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(4)]

    def read(ring: float) -> Reading:
        thin = [Measurement(f"q{n}", 0.0, boxes=(_box("a", "marked", fill=0.3), _box("b"))) for n in range(3)]
        wide = Measurement("q3", 0.0, boxes=(_box("a", "marked", fill=0.45, ring=ring), _box("b")))
        return decide(_form(*fields), [*thin, wide], {}, PLAIN)[3]

    assert read(0.0).confidence > 0.99
    assert read(0.3).confidence <= thresholds.UNEXPLAINED


# --- blocks ---------------------------------------------------------------------------------------

BLOCK = [
    *(Field(f"row_1.{name}", "问", Kind.SINGLE, ABC) for name in ("result", "form", "card")),
    Field("row_1.date", "日期", Kind.DIGITS, cells=4),
]


def _block(*kinds: str, around: float = 0.0, struck_mm: Sequence[float] = (0.0,) * 4) -> list[Reading]:
    """A block of three questions and a number that is blank."""
    keys = [field.key for field in BLOCK]
    seen = [
        _choice(kind, field=key, around=around, struck_mm=mm)
        for key, kind, mm in zip(keys, kinds, struck_mm, strict=False)
    ]
    cells = tuple(_cell(n) for n in range(4))
    seen.append(Measurement(keys[3], 0.0, boxes=cells, struck_mm=struck_mm[3]))
    return list(decide(_form(*BLOCK), seen, {}, PLAIN))


def test_a_mark_beside_which_nothing_of_its_block_is_sure_may_be_none():
    assert _block("eme", "mee", "eee")[0].confidence > 0.99
    assert _block("eme", "eee", "eee")[0].confidence <= thresholds.UNEXPLAINED


def test_specks_in_a_block_that_nobody_used_are_no_question():
    assert _block("eee", "eee", "eee", around=1.5)[0].confidence > 0.99
    assert _block("eee", "mee", "mee", around=1.5)[0].confidence <= thresholds.UNEXPLAINED
    assert _block("eee", "eee", "eee", around=4.0)[0].confidence <= thresholds.UNEXPLAINED


def test_a_line_through_a_block_says_that_it_is_not_needed_or_cancels_it():
    unused = _block("eee", "eee", "eee", struck_mm=[12.0] * 4)
    assert [one.value for one in unused] == [None] * 4
    assert min(one.confidence for one in unused) > 0.99
    cancelled = _block("eme", "mee", "eee", struck_mm=[12.0] * 4)
    assert max(one.confidence for one in cancelled) <= thresholds.UNEXPLAINED


@pytest.mark.parametrize(
    ("text", "ink", "used"), [("", 0.003, False), ("修路", 0.003, True), ("", 0.05, True)]
)
def test_dust_in_what_is_struck_out_is_no_answer(text, ink, used):
    question = Field("row_1.result", "问", Kind.SINGLE, ABC)
    note = Field("row_1.note", "说明", Kind.TEXT)
    read = TextSeen("engine 1", text, tuple(Character(c, 0.99) for c in text))
    seen = [
        _choice("eee", field=question.key, struck_mm=20.0),
        Measurement(note.key, ink, texts=(read,), struck_mm=20.0),
    ]
    first, _ = decide(_form(question, note), seen, {}, PLAIN)
    assert (first.confidence <= thresholds.UNEXPLAINED) is used


def test_a_line_through_one_field_is_about_it_and_through_two_about_the_block():
    one = _block("eme", "mee", "eme", struck_mm=(4.0, 0.0, 0.0, 0.0))
    assert [found.confidence > 0.99 for found in one] == [False, True, True, True]
    two = _block("eme", "mee", "eme", struck_mm=(4.0, 4.0, 0.0, 0.0))
    assert max(found.confidence for found in two) <= thresholds.UNEXPLAINED


def test_where_digits_are_lost_an_unmarked_question_may_have_lost_its_mark():
    number, question = Field("n", "数", Kind.DIGITS, cells=24), Field("q", "问", Kind.SINGLE, ABC)

    def read(**classes: float) -> Reading:
        cells = tuple(BoxSeen(None, n, {"ink": 0.3, **classes}) for n in range(24))
        seen = [Measurement("n", 0.05, boxes=cells), _choice("eee")]
        return decide(_form(number, question), seen, {}, PLAIN)[1]

    assert read(none=1.0).confidence <= thresholds.UNEXPLAINED
    assert read(d4=0.99).confidence > 0.99


def test_marks_beside_a_blot_are_doubted():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(3)]
    blot = (_box("a", "stray", fill=0.4), _box("b"), _box("c"))
    seen = [_choice("mee", field="q0"), Measurement("q1", 0.1, boxes=blot), _choice("eee", field="q2")]
    found = decide(_form(*fields), seen, {}, PLAIN)
    assert found[0].confidence <= thresholds.UNEXPLAINED
    assert found[2].confidence > 0.99


def test_a_mark_much_paler_than_the_others_may_shine_through():
    fields = [Field(f"q{n}", "问", Kind.SINGLE, ABC) for n in range(4)]
    seen = [
        Measurement(
            f.key, 0.0, boxes=(_box("a", "marked", dark=0.25 if n == 3 else 0.8), _box("b"), _box("c"))
        )
        for n, f in enumerate(fields)
    ]
    found = decide(_form(*fields), seen, {}, PLAIN)
    assert found[3].value == "a"
    assert found[3].confidence <= thresholds.UNEXPLAINED
    assert min(reading.confidence for reading in found[:3]) > 0.99


def test_a_box_that_cannot_be_seen_is_not_empty():
    box = _box("b", print=0.1)
    seen = Measurement("q", 0.0, boxes=(_box("a"), box, _box("c")))
    found = decide(_form(Field("q", "问", Kind.SINGLE, ABC)), [seen], {}, PLAIN)[0]
    assert found.confidence <= thresholds.HIDDEN
    assert "乙" in found.doubt


def test_a_field_out_of_its_place_is_not_trusted():
    assert _single("eme", residual_mm=2.0).confidence <= thresholds.HIDDEN


def test_exclusive_options_and_the_most_choices():
    exclusive = (*ABC[:2], Option("c", "无", exclusive=True))
    assert _multiple("mee", exclusive).doubt == ""
    assert "无" in _multiple("mem", exclusive).doubt
    assert _multiple("mem", exclusive).confidence <= thresholds.CONTRADICTED
    assert "最多" in _multiple("mmm", most=2).doubt
    assert _multiple("mme", most=2).confidence > 0.99


@settings(deadline=None)
@given(st.lists(st.sampled_from("emfs"), min_size=3, max_size=3).map("".join))
def test_confidence_is_a_probability_and_values_are_options(kinds):
    found = _single(kinds)
    assert 0 <= found.confidence <= 1
    assert found.value in (None, "a", "b", "c")
    assert all(value != found.value for value, _ in found.alternatives)
    many = _multiple(kinds)
    assert many.value == sorted(many.value)  # type: ignore[arg-type,type-var]
    assert 0 <= many.confidence <= 1


@settings(deadline=None)
@given(st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_a_clearer_mark_is_never_less_certain(p, q):
    def confidence(p: float) -> float:
        seen = Measurement("q", 0.0, boxes=(_box("a"), _box("b", "marked", p), _box("c")))
        return decide(_form(Field("q", "问", Kind.SINGLE, ABC)), [seen], {}, PLAIN)[0].confidence

    low, high = sorted((p, q))
    assert confidence(low) <= confidence(high) + 1e-9


# --- numbers --------------------------------------------------------------------------------------


def _cell(n: int, digit: str = "", p: float = 0.999, none: float = 0.0, ink: float = 3.0) -> BoxSeen:
    if not digit:
        return BoxSeen(None, n, {"ink": 0.0})
    rest = (1 - p - none) / 9
    return BoxSeen(
        None, n, {"ink": ink, "none": none} | {f"d{d}": p if str(d) == digit else rest for d in range(10)}
    )


def _strip(text: str, p: float = 0.999) -> TextSeen:
    return TextSeen("engine 1", text, tuple(Character(c, p) for c in text))


def _number(field: Field, cells: str, *texts: TextSeen, p: float = 0.999) -> Reading:
    """`cells`: a digit or a space per cell."""
    boxes = tuple(_cell(n, c.strip(), p) for n, c in enumerate(cells))
    ink = 0.1 if cells.strip() else 0.0
    return decide(_form(field), [Measurement("n", ink, boxes=boxes, texts=texts)], {}, PLAIN)[0]


COUNT = Field("n", "数", Kind.DIGITS, cells=5)
DATE = Field("n", "日期", Kind.DATE, cells=8)
MOBILE = Field("n", "手机", Kind.DIGITS, cells=11, rule="mobile")


def test_a_zero_that_is_left_out_of_a_month_or_a_day_is_understood():
    month_day = Field("n", "月日", Kind.DIGITS, cells=4, rule="month_day")
    for cells in ("2017 4 5", "20174 5 ", "20174  5", "2017 405"):
        found = _number(DATE, cells, _strip(cells.replace(" ", "")))
        assert (found.value, found.doubt) == ("2017-04-05", "")
        assert found.confidence > 0.99
    assert _number(month_day, " 312", _strip("312")).value == "0312"
    assert _number(month_day, "4 2 ", _strip("42")).value == "0402"
    # Of other numbers a blank cell among the digits says nothing, nor does a month that is missing.
    assert _number(COUNT, "1 42 ", _strip("142")).doubt
    assert _number(DATE, "2017  15", _strip("201715")).doubt


def test_no_zero_is_understood_beside_specks_or_a_digit_that_stands_aside():
    def read(**more: float) -> Reading:
        cells = [_cell(n, digit.strip()) for n, digit in enumerate("2017 405")]
        blank, four = (BoxSeen(None, n, {**cells[n].features, **more}) for n in (4, 5))
        boxes = (
            *cells[:4],
            blank if "ink" in more else cells[4],
            four if "aside" in more else cells[5],
            *cells[6:],
        )
        seen = Measurement("n", 0.1, boxes=tuple(boxes), texts=(_strip("2017405"),))
        return decide(_form(DATE), [seen], {}, PLAIN)[0]

    assert read(aside=0.1).doubt == ""
    assert read(aside=0.4).doubt
    assert read(ink=0.2).doubt


def test_two_readers_that_agree_are_believed():
    assert _number(COUNT, "  142", _strip("142")).value == "142"
    assert _number(COUNT, "  142", _strip("142")).confidence > 0.998


@pytest.mark.parametrize(
    ("feature", "value", "words"),
    [
        ("dark", 0.2, "很淡"),
        ("edge", 0.05, "模糊"),
        ("from_beyond", 1.5, "伸到"),
        ("ticks", 0.5, "打√"),
        ("runs_on", 1.0, "竖线"),
        ("above", 1.0, "上方"),
    ],
)
def test_a_digit_that_may_be_no_pens_is_asked_about(feature: str, value: float, words: str):
    cells = [_cell(0), _cell(1), *(_cell(n + 2, digit) for n, digit in enumerate("142"))]
    drawn = {"dark": 0.8, "edge": 0.4, "from_beyond": 0.0}
    boxes = [replace(cell, features=drawn | dict(cell.features)) for cell in cells]

    def read() -> Reading:
        seen = Measurement("n", 0.1, boxes=tuple(boxes), texts=(_strip("142"),))
        return decide(_form(COUNT), [seen], {}, PLAIN)[0]

    assert read().confidence > 0.998
    boxes[2] = replace(boxes[2], features={**boxes[2].features, feature: value})
    assert read().confidence <= thresholds.UNEXPLAINED
    assert words in read().doubt


def test_a_lone_pale_digit_is_held_against_the_others_of_the_page():
    fields = [replace(COUNT, key=f"n{n}") for n in range(4)]
    seen = []
    for field, dark in zip(fields, (0.8, 0.7, 0.9, 0.25), strict=True):
        cell = _cell(4, "1")
        boxes = (_cell(3), replace(cell, features={**cell.features, "dark": dark}))
        seen.append(Measurement(field.key, 0.1, boxes=boxes, texts=(_strip("1"),)))
    found = decide(_form(*fields), seen, {}, PLAIN)
    assert ["很淡" in reading.doubt for reading in found] == [False, False, False, True]


def test_two_readers_that_disagree_are_not():
    found = _number(COUNT, "  142", _strip("147"))
    assert found.confidence < 0.9
    assert found.doubt
    assert {found.value, found.alternatives[0][0]} == {"142", "147"}


def test_one_reader_alone_is_not_enough():
    assert _number(COUNT, "  142").value == "142"
    assert _number(COUNT, "  142").confidence < 0.9


def test_two_unsure_readers_do_not_make_each_other_certain():
    found = _number(COUNT, "    7", _strip("7", 0.9), p=0.9)
    assert found.value == "7"
    assert found.confidence < 0.95


def test_empty_cells_around_a_number_are_padding_but_none_within():
    assert _number(COUNT, "17   ", _strip("17")).value == "17"
    assert _number(COUNT, "1 7  ", _strip("17")).confidence <= thresholds.CONTRADICTED
    assert _number(COUNT, "     ").value is None
    assert _number(COUNT, "     ").confidence > 0.998


def test_specks_are_no_confident_blank():
    boxes = (_cell(0, "1", ink=0.2), _cell(1))
    found = decide(_form(COUNT), [Measurement("n", 0.01, boxes=boxes)], {}, PLAIN)[0]
    assert found.value is None
    assert found.confidence <= thresholds.SPECKS


def test_ink_that_belongs_to_no_cell_is_no_blank():
    boxes = (_cell(0), _cell(1))
    found = decide(_form(COUNT), [Measurement("n", 0.2, boxes=boxes)], {}, PLAIN)[0]
    assert found.confidence <= thresholds.SPECKS


def test_a_date_is_a_day_that_exists():
    assert _number(DATE, "20170428", _strip("20170428")).value == "2017-04-28"
    wrong = _number(DATE, "20170431", _strip("20170431"))
    assert wrong.confidence <= thresholds.CONTRADICTED
    assert "日期" in wrong.doubt


def test_a_date_outside_the_campaign_is_doubted_and_one_inside_preferred():
    days = (date(2017, 3, 1), date(2017, 6, 30))

    def read(cells: str, **unsure: float) -> Reading:
        boxes = [_cell(n, c) for n, c in enumerate(cells)]
        boxes[2] = BoxSeen(None, 2, boxes[2].features | unsure)
        strip = _strip(cells)
        if unsure:
            third = Character("7", 0.55, (("1", 0.44),))
            strip = replace(strip, characters=(*strip.characters[:2], third, *strip.characters[3:]))
        seen = Measurement("n", 0.1, boxes=tuple(boxes), texts=(strip,))
        return decide(_form(DATE), [seen], {}, PLAIN, days)[0]

    assert read("20170428").confidence > 0.99
    assert read("20770428").confidence <= thresholds.CONTRADICTED
    assert read("20770428", d7=0.6, d1=0.39).value == "2017-04-28"


def test_the_rule_decides_between_digits_that_are_as_likely():
    boxes = [_cell(n, c) for n, c in enumerate("13800138000")]
    unsure = dict(boxes[0].features) | {"d1": 0.45, "d7": 0.5}
    boxes[0] = BoxSeen(None, 0, unsure)
    text = _strip("13800138000", 0.6)
    found = decide(_form(MOBILE), [Measurement("n", 0.1, boxes=tuple(boxes), texts=(text,))], {}, PLAIN)[0]
    assert found.value == "13800138000"


def test_a_struck_out_digit_is_named():
    boxes = (_cell(0, "3"), _cell(1, "8", p=0.1, none=0.85), _cell(2, "5"))
    found = decide(_form(COUNT), [Measurement("n", 0.1, boxes=boxes)], {}, PLAIN)[0]
    assert found.confidence <= thresholds.CONTRADICTED
    assert "第 2 格" in found.doubt


def test_bounds_of_a_number():
    field = replace(COUNT, high=100)
    assert _number(field, "  142", _strip("142")).confidence <= thresholds.CONTRADICTED
    assert _number(field, "   42", _strip("42")).confidence > 0.99


@settings(deadline=None)
@given(st.text("0123456789", min_size=1, max_size=5))
def test_numbers_are_given_as_written(digits):
    assert _number(COUNT, digits, _strip(digits)).value == digits


# --- words ----------------------------------------------------------------------------------------


def _text(kind: Kind, *texts: TextSeen, ink: float = 0.05, words: tuple[str, ...] = ()) -> Reading:
    field = Field("t", "文字", kind, lines=1, vocabulary="names" if words else "")
    return decide(_form(field), [Measurement("t", ink, texts=texts)], {"names": words}, PLAIN)[0]


@pytest.mark.parametrize(("text", "asked"), [("0", True), ("I", True), ("无", False), ("修路", False)])
def test_one_digit_or_letter_in_a_place_for_words_is_asked_about(text, asked):
    seen = TextSeen("engine 1", text, tuple(Character(c, 0.9995) for c in text))
    reading = _text(Kind.TEXT, seen)
    assert (reading.confidence <= thresholds.UNEXPLAINED) is asked
    assert reading.value == text


@pytest.mark.parametrize(
    ("text", "asked"),
    [("无无", True), ("会会计", True), ("政行行政主管", True), ("会计", False), ("3300元", False)],
)
def test_what_is_written_twice_may_have_been_struck_out_once(text, asked):
    seen = TextSeen("engine 1", text, tuple(Character(c, 0.9995) for c in text))
    assert (_text(Kind.TEXT, seen).confidence <= thresholds.UNEXPLAINED) is asked


@pytest.mark.parametrize("text", ["-_--___", "一", "—一—"])
def test_dashes_are_a_line_and_no_words(text):
    seen = TextSeen("engine 1", text, tuple(Character(c, 0.9995) for c in text))
    reading = _text(Kind.LINES, seen)
    assert (reading.value, reading.confidence) == (None, thresholds.UNEXPLAINED)


def test_characters_that_may_be_struck_out_are_asked_about():
    field = Field("t", "文字", Kind.TEXT, lines=1)
    text, level = _strip("杜国强", 0.9999), (BoxSeen(None, None, {"level_mm": 12.0}),)
    (found,) = decide(_form(field), [Measurement("t", 0.05, boxes=level, texts=(text,))], {}, PLAIN)
    assert found.confidence <= thresholds.UNEXPLAINED
    assert "划去" in found.doubt


def test_clear_writing_is_believed_as_far_as_its_characters():
    assert _text(Kind.TEXT, _strip("杜国强", 0.9999)).value == "杜国强"
    assert _text(Kind.TEXT, _strip("杜国强", 0.9999)).confidence > 0.99
    vague = _text(Kind.LINES, TextSeen("engine 1", "修路", (Character("修", 0.99), Character("路", 0.4))))
    assert vague.confidence < 0.5
    assert "路" in vague.doubt
    assert "修" not in vague.doubt


def test_no_ink_is_no_text_and_ink_that_nobody_can_read_is_doubt():
    assert _text(Kind.LINES, ink=0.0).value is None
    assert _text(Kind.LINES, ink=0.0).confidence > 0.99
    assert _text(Kind.LINES).value is None
    assert _text(Kind.LINES).confidence < 0.1
    assert _text(Kind.LINES).doubt


def _named(*candidates: tuple[str, float], text: str, likelihood: float) -> TextSeen:
    return replace(_strip(text, 0.6), words=(WordSeen(text, likelihood, candidates),))


def test_a_word_of_the_list_is_preferred_to_what_was_read():
    seen = _named(("杜国强", -4.0), ("杜国祥", -30.0), text="社国强", likelihood=-3.0)
    found = _text(Kind.TEXT, seen, words=("杜国强", "杜国祥"))
    assert found.value == "杜国强"
    assert found.confidence > 0.9


def test_a_word_far_from_the_list_is_left_as_read():
    seen = _named(("杜国强", -60.0), text="不在家", likelihood=-2.0)
    assert _text(Kind.TEXT, seen, words=("杜国强",)).value == "不在家"


def test_a_word_of_the_list_does_not_swallow_what_was_written_beside_it():
    seen = _named(("蔡春林", -9.0), ("胡春林", -34.0), text="蔡春林每", likelihood=-3.0)
    found = _text(Kind.TEXT, seen, words=("蔡春林", "胡春林"))
    assert found.confidence <= thresholds.OTHER_LENGTH


def test_two_words_of_the_list_that_explain_the_writing_are_doubted():
    seen = _named(("杜国强", -9.0), ("杜国祥", -9.5), text="杜国弓", likelihood=-8.0)
    found = _text(Kind.TEXT, seen, words=("杜国强", "杜国祥"))
    assert found.confidence < 0.8
    assert found.alternatives[0][0] == "杜国祥"
    assert found.doubt


def test_a_signature_is_there_or_not():
    def signed(ink: float) -> Reading:
        return _text(Kind.SIGNATURE, ink=ink)

    assert (signed(0.03).value, signed(0.0).value) == (True, False)
    assert min(signed(0.03).confidence, signed(0.0).confidence) > 0.98
    assert signed(thresholds.SIGNED_INK).confidence < 0.6


def test_a_place_that_is_all_black_is_no_confident_signature():
    field = Field("s", "签名", Kind.SIGNATURE)
    found = decide(_form(field), [Measurement("s", 0.6, boxes=(BoxSeen(None, None, {}),))], {}, PLAIN)[0]
    assert found.value is True
    assert found.confidence <= thresholds.UNEXPLAINED


def test_a_seal_that_reaches_in_is_no_confident_signature():
    field = Field("t", "签名", Kind.SIGNATURE)
    reaching = (BoxSeen(None, None, {"reaching_in": 0.05}),)
    for ink in (0.0, 0.03):
        found = decide(_form(field), [Measurement("t", ink, boxes=reaching)], {}, PLAIN)[0]
        assert found.value is (ink > 0)
        assert found.confidence <= thresholds.UNEXPLAINED
        assert found.doubt


_SIGNED = {"mm2": 40.0, "across_mm": 6.0, "solid": 0.5, "edge": 0.4, "dark": 0.5, "around": 0.001}


@pytest.mark.parametrize(
    ("unlike", "words"),
    [
        ({}, ""),
        ({"mm2": 5.0}, "很少"),
        ({"across_mm": 1.0}, "线条"),
        ({"solid": 0.95}, "一块"),
        ({"edge": 0.13}, "模糊"),
        ({"dark": 0.15}, "很淡"),
        ({"around": 0.04}, "周围"),
    ],
)
def test_what_looks_unlike_a_signature_is_asked_about(unlike, words):
    field = Field("u", "签名", Kind.SIGNATURE)
    boxes = (BoxSeen(None, None, _SIGNED | unlike),)
    found = decide(_form(field), [Measurement("u", 0.05, boxes=boxes)], {}, PLAIN)[0]
    assert (found.value, found.confidence > 0.98, words in found.doubt) == (True, not unlike, True)


# --- across fields --------------------------------------------------------------------------------


def test_fields_that_contradict_each_other_are_doubted_together():
    fields = [Field(key, key, Kind.DIGITS, cells=2) for key in ("elderly", "resident", "students")]
    form = _form(*fields, checks=(Check("elderly <= resident", "老人多于常住"),))

    def read(resident: str) -> list[Reading]:
        cells = {"elderly": "5", "resident": resident, "students": "1"}
        seen = [
            Measurement(key, 0.1, boxes=(_cell(0, digit), _cell(1)), texts=(_strip(digit),))
            for key, digit in cells.items()
        ]
        return list(decide(form, seen, {}, PLAIN))

    assert [reading.doubt for reading in read("4")] == ["老人多于常住", "老人多于常住", ""]
    assert max(reading.confidence for reading in read("4")[:2]) <= thresholds.CONTRADICTED
    assert [reading.doubt for reading in read("6")] == ["", "", ""]


# --- confidence -----------------------------------------------------------------------------------


def test_a_calibration_bends_confidence_and_keeps_the_order():
    harsh = Calibration("harsh", {Judgement.CHOICE: Curve(slope=0.5, offset=-1.0)})
    form = _form(Field("q", "问", Kind.SINGLE, ABC))
    mild, strict = (decide(form, [_choice("eme")], {}, calibration)[0] for calibration in (PLAIN, harsh))
    assert strict.value == mild.value
    assert strict.confidence < mild.confidence


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.2, 3), st.floats(-3, 3), st.none() | st.floats(0.1, 3))
def test_curves_rise(p, q, slope, offset, below):
    curve = Curve(slope, offset, below=below)
    low, high = sorted((curve(p), curve(q)))
    assert 0 <= low <= high <= curve.most
    assert (curve(min(p, q)), curve(max(p, q))) == (low, high)


def test_a_stored_calibration_is_read_back():
    stored = '{"version": "v", "curves": {"number": {"slope": 0.8, "offset": -0.1}}}'
    found = Calibration.from_json(stored)
    assert found.version == "v"
    assert found(Judgement.NUMBER, 0.9) == pytest.approx(Curve(0.8, -0.1)(0.9), abs=1e-5)
    with pytest.raises((ValueError, KeyError, TypeError)):
        Calibration.from_json('{"curves": {"nothing": {}}}')


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_a_fitted_curve_always_rises_and_is_stored_as_it_is(judged):
    curve = fit(judged)
    assert curve(0.2) <= curve(0.8)
    calibration = Calibration("v", {Judgement.WORD: curve})
    assert Calibration.from_json(calibration.to_json()) == calibration


def test_fitting_finds_the_overconfidence_of_scores():
    judged = [(0.99, n % 5 > 0) for n in range(400)] + [(0.8, n % 3 > 0) for n in range(300)]
    curve = fit(judged)
    assert 0.5 < curve(0.99) < 0.85
    assert curve(0.8) < 0.75


def test_rules_that_speak_against_a_value_do_not_bend_the_curve_where_readings_are_accepted():
    judged = [(0.9 + n % 10 / 101, n % 40 > 0) for n in range(300)]
    with_rules = fit(judged + [(thresholds.CONTRADICTED, n % 10 > 0) for n in range(300)])
    assert [with_rules(raw) for raw in (0.76, 0.9, 0.99)] == [fit(judged)(raw) for raw in (0.76, 0.9, 0.99)]
    # Where they speak, they are as right as they are.
    assert with_rules(thresholds.CONTRADICTED) == pytest.approx(with_rules(0.7499), abs=0.06)


def test_a_field_of_which_no_paper_is_seen_is_asked_about():
    found = _single("mee", hidden=True)
    assert found.confidence <= thresholds.HIDDEN
    assert "看不到纸面" in found.doubt
