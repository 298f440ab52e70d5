from dataclasses import replace
from itertools import combinations

import pytest

from forms import Kind, load_catalogue
from layouts import BoxKind, Layout, PlacementError, place
from layouts.sizes import BOX, CELL_H, CELL_W, LINE_PITCH
from layouts.typeset import MM_PER_PT, width_mm

FORMS = [form for form in load_catalogue() if form.kind == "sheet"]
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
