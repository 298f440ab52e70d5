"""Answers as they are stored, and words that are suggested."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.quality import ErrorRate, settled
from forms import load_catalogue
from forms.model import Form
from review.answers import AnswerError, parse
from review.suggesting import best
from store import Correction


@pytest.fixture(scope="module")
def form() -> Form:
    return load_catalogue()["2-5"]


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        ("housing", "rented", "rented"),
        ("housing", None, None),
        ("concerns", ["roads", "education", "roads"], ["education", "roads"]),
        ("concerns", [], []),
        ("registered", " ０３ ", "03"),
        ("registered", "", None),
        ("visit_date", "20170406", "2017-04-06"),
        ("visit_date", "2017-04-06", "2017-04-06"),
        ("companions", "  周建国 ", "周建国"),
        ("head_signature", True, True),
    ],
)
def test_an_answer_is_stored_in_one_way(form: Form, field: str, given: object, stored: object) -> None:
    assert parse(form.field(field), given) == stored


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("housing", "palace"),
        ("housing", 3),
        ("concerns", "roads"),
        ("concerns", ["palace"]),
        ("registered", "123"),
        ("registered", "1a"),
        ("visit_date", "20170230"),
        ("visit_date", "2017040"),
        ("companions", ["周"]),
        ("companions", "周" * 501),
    ],
)
def test_what_is_no_answer_is_refused(form: Form, field: str, given: object) -> None:
    with pytest.raises(AnswerError):
        parse(form.field(field), given)


def test_suggestions() -> None:
    known = ["周建国", "周建军", "周小红", "王建国", "李四"]
    assert best("周建", [], known) == ["周建国", "周建军"]
    assert best("建国", [], known)[:2] == ["周建国", "王建国"]
    assert best("", ["李四", "周建国"], known) == ["李四", "周建国"]
    assert best("周健国", [], known)[0] == "周建国"  # one character misread
    assert best("赵六", [], known) == []


@given(n=st.integers(1, 5000), share=st.floats(0, 1))
def test_the_interval_holds_the_estimate(n: int, share: float) -> None:
    rate = ErrorRate(n, round(share * n))
    low, high = rate.interval
    assert 0.0 <= low <= rate.rate <= high <= 1.0


def test_what_nobody_can_read_proves_nothing() -> None:
    day = datetime(2017, 4, 6, tzinfo=UTC)
    keyed = Correction("S", "registered", "3", "li", day, blind=True)
    given_up = Correction("S", "registered", None, "wang", day, blind=False, unreadable=True)
    assert settled([keyed]) == keyed
    assert settled([keyed, given_up]) is None
    assert settled([]) is None


def test_no_errors_are_no_proof_of_none() -> None:
    assert ErrorRate(1000, 0).interval == (0.0, pytest.approx(0.00383, abs=1e-5))
