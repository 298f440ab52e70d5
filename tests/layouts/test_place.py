from dataclasses import replace
from itertools import combinations

import pytest

from forms import Kind, load_catalogue
from forms.lists import grown
from forms.model import Field, Option, Row, Section
from forms.options import EXAMPLES, resolved
from layouts import BoxKind, Layout, PlacementError, place
from layouts.faults import faults
from layouts.sizes import BOX, CELL_H, CELL_W, LINE_PITCH
from layouts.typeset import MM_PER_PT, width_mm

FORMS = [resolved(form, EXAMPLES) for form in load_catalogue() if form.kind == "sheet"]
LAYOUTS = {form.id: place(form) for form in FORMS}
each = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def overlap(a, b):
    gap = 0.01
    across = a.x + a.w > b.x + gap and b.x + b.w > a.x + gap
    return across and a.y + a.h > b.y + gap and b.y + b.h > a.y + gap


@each
def test_no_two_boxes_overlap(layout):
    for a, b in combinations(layout.boxes, 2):
        assert a.page != b.page or not overlap(a, b), (a, b)


@each
def test_no_words_run_into_a_box_or_off_the_paper(layout):
    for text in layout.texts:
        width = width_mm(text.text, text.size)
        left = text.x - {"left": 0.0, "centre": width / 2, "right": width}[text.align]
        assert left >= 10.0
        assert left + width <= layout.frame.width - 10.0, text
        height = text.size * MM_PER_PT
        for box in layout.on_page(text.page):
            if box.kind in (BoxKind.CHECKBOX, BoxKind.COMB):
                apart = left + width <= box.x + 0.1 or left >= box.x + box.w - 0.1
                assert apart or text.y <= box.y + 0.5 or text.y - 0.7 * height >= box.y + box.h, (text, box)


@each
def test_every_box_lies_within_the_content_and_has_its_size(layout):
    x0, y0, x1, y1 = layout.frame.content
    for box in layout.boxes:
        assert x0 <= box.x
        assert y0 <= box.y
        assert box.x + box.w <= x1 + 0.01
        assert box.y + box.h <= y1 + 0.01
        if box.kind is BoxKind.CHECKBOX:
            assert (box.w, box.h) == (BOX, BOX)
        if box.kind is BoxKind.COMB:
            assert (box.w, box.h) == (CELL_W, CELL_H)
        if box.kind is BoxKind.LINES:
            assert box.h / box.lines >= LINE_PITCH - 0.001


@each
def test_every_field_has_the_boxes_that_it_needs(layout):
    for field in layout.form.fields():
        boxes = layout.of_field(field.key)
        if field.kind is Kind.PREFILL:  # of a running section: once on every side
            assert len({box.page for box in boxes}) == len(boxes) >= 1
            continue
        assert len({box.page for box in boxes}) == 1
        if field.options:
            assert [box.option for box in boxes] == [option.key for option in field.options]
        elif field.kind in (Kind.DIGITS, Kind.DATE):
            assert [box.cell for box in boxes] == list(range(field.cells))
        else:
            assert len(boxes) == 1


@each
def test_a_layout_survives_storage_with_its_digest(layout):
    stored = Layout.from_json(layout.to_json())
    assert stored == layout
    assert stored.digest == layout.digest


def test_the_forms_take_the_sides_that_the_office_expects():
    assert LAYOUTS["2-5"].pages == 2
    assert LAYOUTS["2-2"].pages == 2
    assert LAYOUTS["2-2"].sealed_pages == (2,)
    assert [LAYOUTS[form_id].pages for form_id in ("2-4", "2-6", "2-7")] == [2, 2, 2]
    alone = ("2-1", "2-3", "2-9", "COVER", "DIARY", "LEDGER", "SLIP", "UNIT")
    assert {LAYOUTS[form_id].pages for form_id in alone} == {1}


def test_the_digest_changes_with_the_form():
    form = FORMS[0]
    assert place(replace(form, version=form.version + 1)).digest != LAYOUTS[form.id].digest


def test_a_page_with_too_much_on_it_says_by_how_much():
    form = next(form for form in FORMS if form.id == "2-5")
    first = form.pages[0]
    crowded = replace(form, pages=(replace(first, sections=first.sections * 2),))
    with pytest.raises(PlacementError, match=r"超出 .* 毫米"):
        place(crowded)


def test_what_is_asked_begins_at_one_place_down_the_page():
    layout = LAYOUTS["2-5"]
    starts = {min(box.x for box in layout.of_field(row.fields[0].key)) for row in plain_rows(layout.form)}
    assert len(starts) == 1


def plain_rows(form):
    rows = [row for section in form.pages[0].sections for row in section.rows]
    return [row for row in rows if not row.matrix]


def test_a_question_with_a_matrixs_options_stands_in_the_matrixs_columns():
    layout = LAYOUTS["2-2"]
    columns = [[box.x for box in layout.of_field(key)] for key in ("rate_policy", "rate_overall")]
    assert columns[0] == columns[1]


def test_a_seal_has_the_room_that_a_seal_takes():
    (place_of_seal,) = LAYOUTS["2-2"].of_field("seal")
    assert min(place_of_seal.w, place_of_seal.h) >= 42.0


@each
def test_nothing_stands_over_another_thing_or_in_a_clear_zone(layout):
    assert list(faults(layout)) == []


def test_a_ledger_takes_as_many_sides_as_it_needs_each_with_its_headings():
    form = next(form for form in FORMS if form.id == "LEDGER")
    layout = place(grown(form, {"walk": 60}))
    assert layout.pages == 5
    for page in range(1, 6):
        words = [text.text for text in layout.texts if text.page == page]
        assert [words.count(heading) for heading in ("户主（对象）", "完成", "走访人")] == [1, 1, 1]
        assert any(box.field == "visitor" for box in layout.on_page(page))
    boxes = sorted(layout.boxes, key=lambda box: (box.page, box.y))
    ticked = [box.field for box in boxes if box.field.endswith(".form")]
    assert ticked == [f"walk_{n}.form" for n in range(1, 66)]


def test_boxes_of_a_table_stand_below_their_headings():
    layout = LAYOUTS["LEDGER"]
    for heading, key in (("拒访", "refused"), ("搬迁", "moved")):
        (words,) = [text for text in layout.texts if text.text == heading]
        boxes = [box for box in layout.boxes if box.option == key]
        assert len(boxes) == 13
        assert all(abs(box.x + box.w / 2 - words.x) < 0.01 and box.y > words.y for box in boxes)


def form_with(*rows, together=False):
    section = Section("一", rows, together)
    form = FORMS[0]
    return replace(form, landscape=False, pages=(replace(form.pages[0], sections=(section,), sides=1),))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row((Field("a", "数字", Kind.DIGITS, cells=20), Field("b", "", Kind.DIGITS, cells=11)), table=True),
         r"表格“数字、数字二”比版心宽 \d+ 毫米"),
        (Row((Field("a", "选项", Kind.SINGLE, options=(Option("x", "很长的选项" * 12),)),)),
         r"（a）比版心宽 \d+ 毫米"),
        (Row((Field("a", "内容", Kind.LINES, lines=3),), table=True), "不能放在表格里"),
    ],
)  # fmt: skip
def test_what_cannot_fit_says_which_and_by_how_much(row, words):
    fields = tuple(replace(f, column="数字二" if f.key == "b" else "") for f in row.fields)
    with pytest.raises(PlacementError, match=words) as caught:
        place(form_with(replace(row, fields=fields)))
    assert caught.value.field == "a"


def test_a_group_higher_than_a_side_says_by_how_much():
    rows = tuple(Row((Field(f"l{n}", "内容", Kind.LINES, lines=10),)) for n in range(3))
    with pytest.raises(PlacementError, match=r"不能分页的内容高 \d+ 毫米，一面只有 \d+ 毫米，超出 \d+ 毫米"):
        place(form_with(*rows, together=True))


def test_faults_are_named_with_their_size():
    layout = LAYOUTS["2-5"]
    box = next(box for box in layout.boxes if box.kind is BoxKind.CHECKBOX)
    crowded = replace(layout, boxes=(*layout.boxes, replace(box, field="late", x=box.x + 1.0)))
    assert any(f"“{box.field}”与“late”的位置重叠 3.0 毫米" in fault.message for fault in faults(crowded))
    near = replace(layout, boxes=(replace(box, x=12.0, y=15.0),))
    assert any("定位标记" in fault.message for fault in faults(near))
