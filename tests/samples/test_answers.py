"""Made-up answers are such as the form allows."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import Form, Kind, load_catalogue
from forms.checks import parse
from samples import phrases
from samples.answers import Circumstances, answer

FORMS = [form for form in load_catalogue() if form.kind == "sheet"]
CIRCUMSTANCES = Circumstances(vocabularies={"cadre_names": ("张珺", "王喆")})


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
@given(seed=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_answers_keep_the_rules_of_the_form(form: Form, seed: int) -> None:
    said = answer(form, np.random.default_rng(seed), CIRCUMSTANCES)
    assert set(said) == {field.key for field in form.asked()}
    for field in form.asked():
        value = said[field.key]
        options = {option.key for option in field.options}
        if field.kind is Kind.SINGLE:
            assert value is None or value in options
        elif field.kind is Kind.MULTIPLE:
            assert isinstance(value, list)
            assert value == sorted(value)
            assert set(value) <= options
            assert not field.max_choices or len(value) <= field.max_choices
            exclusive = {option.key for option in field.options if option.exclusive}
            assert not exclusive & set(value) or len(value) == 1
        elif field.kind is Kind.DIGITS and isinstance(value, str):
            assert value.isdigit()
            assert len(value) <= field.cells
        elif field.kind is Kind.DATE and isinstance(value, str):
            day = date.fromisoformat(value)
            assert CIRCUMSTANCES.first_day <= day <= CIRCUMSTANCES.last_day
        elif field.vocabulary and isinstance(value, str):
            assert set(value.split("、")) <= {"张珺", "王喆"}
    assert all(parse(check.expression).holds(said) is not False for check in form.checks)


def test_a_visit_that_did_not_take_place_leaves_the_rest_blank() -> None:
    form = load_catalogue()["2-5"]
    said = answer(form, np.random.default_rng(1), Circumstances(completed=0.0))
    assert said["visit_result"] not in (None, "done")
    later = [f.key for f in form.asked() if f.key.startswith(("opinion", "rate", "concerns", "registered"))]
    assert later
    assert all(said[key] in (None, []) for key in later)


def test_the_sealed_page_is_answered_whatever_became_of_the_visit() -> None:
    form = load_catalogue()["2-2"]
    said = [answer(form, np.random.default_rng(n), Circumstances(completed=0.0)) for n in range(5)]
    assert all(one["rate_overall"] for one in said)


def test_many_different_things_are_said() -> None:
    pools = [*phrases.PROBLEMS.values(), *phrases.SUGGESTIONS.values()]
    assert sum(len(pool) for pool in pools) >= 60
    category = load_catalogue()["2-5"].field("opinion_1.category")
    assert {option.key for option in category.options} == set(phrases.PROBLEMS) == set(phrases.SUGGESTIONS)
