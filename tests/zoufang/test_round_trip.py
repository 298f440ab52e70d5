"""The main job as one property: what is printed, filled in and scanned is read back as it was meant.

Careful hands and a decent office scanner; damage and carelessness have benchmarks of their own. What
the reader is unsure of goes to a person, so the property is about what it accepts: that must be equal.
"""

from __future__ import annotations

import io
import string
from datetime import date
from functools import lru_cache

import numpy as np
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from campaign.config import Acceptance
from forms import Field, Kind, load_catalogue
from generate.blank import blank_pages
from generate.pdf import write_pdf
from generate.sheets import SheetPrint
from ingest.model import PageState, PrintedLayout, Shelf
from ingest.page import read_page
from layouts import Identity, Key, place
from samples.filling import Scribes, fill
from samples.hands import Hand
from samples.pens import Paper
from samples.scanner import office_scanner, scan

KEY = Key(b"round trip" * 3 + b"!!")
FORMS = {form.id: form for form in load_catalogue() if form.kind == "sheet"}
LAYOUTS = {form_id: place(form) for form_id, form in FORMS.items()}
SIDES = [(form_id, page) for form_id, layout in LAYOUTS.items() for page in range(1, layout.pages + 1)]
SERIALS = {side: KEY.new_serial() for side in SIDES}
DPI = 200
WORDS = ["路灯不亮", "希望修路", "医药费高", "垃圾清运不及时", "增加公交班次", "村务公开要及时"]


def answers(field: Field) -> st.SearchStrategy:
    """Any answer that the form allows, blank included."""
    keys = [option.key for option in field.options]
    free = [option.key for option in field.options if not option.exclusive]
    phones = st.text(string.digits, min_size=9, max_size=9).map(lambda rest: "13" + rest)
    numbers = phones if field.rule else st.text(string.digits, min_size=1, max_size=field.cells or 1)
    days = st.dates(date(2017, 3, 1), date(2017, 4, 30)).map(str)
    choices = st.sets(st.sampled_from(free or [""]), max_size=field.max_choices or len(free)).map(sorted)
    by_kind = {
        Kind.SINGLE: st.none() | st.sampled_from(keys or [""]),
        Kind.MULTIPLE: choices,
        Kind.DIGITS: st.none() | numbers,
        Kind.DATE: st.none() | days,
        Kind.TEXT: st.none() | st.sampled_from(["王建国", "李桂英", "经理"]),
        Kind.LINES: st.none() | st.sampled_from(WORDS),
        Kind.SIGNATURE: st.booleans(),
    }
    return by_kind[field.kind]


@st.composite
def filled_sides(draw):
    form_id, page = draw(st.sampled_from(SIDES))
    fields = [f for f in LAYOUTS[form_id].fields_on_page(page) if f.kind is not Kind.PREFILL]
    told = {field.key: draw(answers(field)) for field in fields}
    return (form_id, page), told, draw(st.integers(0, 2**31))


@lru_cache(1)
def shelf() -> Shelf:

    def pixels(png: bytes) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(png)))

    printed = {
        layout.digest: PrintedLayout(layout, tuple(pixels(png) for png in blank_pages(layout)))
        for layout in LAYOUTS.values()
    }
    sheets = {serial: (LAYOUTS[form_id].digest, page) for (form_id, page), serial in SERIALS.items()}
    return Shelf(KEY, printed, sheets, {"cadre_names": ("王建国", "李桂英", "赵喆")})


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> dict[tuple[str, int], np.ndarray]:
    """Each side of each form as it comes out of the printer."""
    file = tmp_path_factory.mktemp("printed") / "all.pdf"
    prints = []
    for (form_id, page), serial in SERIALS.items():
        layout = LAYOUTS[form_id]
        code = KEY.encode(Identity(serial, form_id, page))
        prints.append(SheetPrint(layout, page, layout.pages, serial, code, {}))
    places = [e.page - 1 for e in write_pdf(file, prints) if e.serial]
    document = pypdfium2.PdfDocument(file)
    pictures = (document[n].render(scale=DPI / 72, rev_byteorder=True).to_numpy() for n in places)
    return dict(zip(SIDES, [np.array(picture) for picture in pictures], strict=True))


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(filled_sides())
def test_what_is_written_and_accepted_is_what_was_meant(paper, side):
    place_, told, seed = side
    form_id, page = place_
    layout, rng = LAYOUTS[form_id], np.random.default_rng(seed)
    sheet = Paper(paper[place_].copy(), DPI / 25.4)
    scribes = Scribes(Hand.of("clerk", seed), Hand.of("subject", seed))
    truth = fill(sheet, layout, page, told, scribes, rng, carelessness=0.0)
    result = read_page(scan(sheet.pixels, office_scanner(rng, DPI, "colour"), rng), shelf())

    assert result.state is PageState.READ
    assert (result.serial, result.form, result.page) == (SERIALS[place_], form_id, page)
    read = {reading.field: reading for reading in result.readings}
    assert set(read) == set(told)
    for key, reading in read.items():
        kind = FORMS[form_id].field(key).kind
        accepted = reading.confidence >= Acceptance().threshold(kind)
        if accepted and key not in truth.ambiguous:
            assert (reading.value or None) == (truth.fields[key] or None), (key, reading)


def test_most_of_a_carefully_filled_sheet_needs_nobody(paper):
    """Else "accept nothing" would pass the property above."""
    rng = np.random.default_rng(7)
    accepted = total = 0
    for place_, picture in paper.items():
        form_id, page = place_
        sheet = Paper(picture.copy(), DPI / 25.4)
        fields = [f for f in LAYOUTS[form_id].fields_on_page(page) if f.kind is Kind.SINGLE]
        told = {f.key: f.options[0].key for f in fields}
        fill(sheet, LAYOUTS[form_id], page, told, Scribes(Hand.of("a", 1), Hand.of("b", 1)), rng, 0.0)
        result = read_page(scan(sheet.pixels, office_scanner(rng, DPI, "grey"), rng), shelf())
        read = {reading.field: reading for reading in result.readings}
        for field in fields:
            total += 1
            sure = read[field.key].confidence >= Acceptance().threshold(field.kind)
            accepted += sure and read[field.key].value == told[field.key]
    assert accepted >= 0.9 * total, f"{accepted} of {total}"
