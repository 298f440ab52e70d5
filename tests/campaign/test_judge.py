"""One field's answer: what images say, what people say, and who goes over whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.judge import (
    FIRST_KEYING,
    KEYING_DIFFERS,
    KEYINGS_DIFFER,
    NO_READING,
    SECOND_KEYING,
    TWO_SCANS,
    Read,
    Said,
    Status,
    judge,
)
from forms.model import Field, Kind, Value

THRESHOLD = 0.9
DIGITS = Field("people", "人口", Kind.DIGITS, cells=2)
CRITICAL = Field("amount", "金额", Kind.DIGITS, cells=4, critical=True)
SIGNATURE = Field("sig", "签名", Kind.SIGNATURE)


def read(value: Value, confidence: float = 0.99, doubt: str = "", image: int = 1) -> Read:
    return Read(image, "S", value, confidence, doubt)


def said(*values: tuple[str, Value, bool]) -> list[Said]:
    return [Said(n, "S", value, who, blind) for n, (who, value, blind) in enumerate(values)]


def status(field: Field, reads: list[Read], people: list[Said] | None = None) -> tuple[Status, Value, str]:
    answer = judge(field, reads, people or [], THRESHOLD)
    return answer.status, answer.value, answer.reason


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ([read("4")], (Status.ACCEPTED, "4", "")),
        ([read("4", 0.9)], (Status.ACCEPTED, "4", "")),
        ([read("4", 0.89)], (Status.NEEDS_REVIEW, "4", "数字看不准")),
        ([read("4", 0.99, "超出范围")], (Status.NEEDS_REVIEW, "4", "超出范围")),
        ([read(None)], (Status.BLANK, None, "")),
        ([read(None, 0.5)], (Status.NEEDS_REVIEW, None, "看不准是不是空白")),
        ([], (Status.NEEDS_REVIEW, None, NO_READING)),
        ([read("4"), read("4", 0.95)], (Status.ACCEPTED, "4", "")),
        ([read("4"), read("5", 0.95)], (Status.NEEDS_REVIEW, "4", TWO_SCANS)),
        ([read("5", 0.95), read(None, 0.99)], (Status.NEEDS_REVIEW, None, TWO_SCANS)),
        ([read("4", 0.5), read("5", 0.95)], (Status.ACCEPTED, "5", "")),
        ([read("4", 0.5), read("5", 0.6)], (Status.NEEDS_REVIEW, "5", "数字看不准")),
    ],
)
def test_what_images_say(reads: list[Read], expected: tuple[Status, Value, str]) -> None:
    assert status(DIGITS, reads) == expected
    assert status(DIGITS, reads[::-1]) == expected


def test_what_each_image_says_is_told_where_they_differ() -> None:
    same, other = [read("4"), read("4", 0.5, image=2)], read("5", 0.5, image=3)
    assert judge(DIGITS, same, [], THRESHOLD).scans == ()
    assert judge(DIGITS, [*same, other], [], THRESHOLD).scans == (*same, other)
    assert judge(CRITICAL, [*same, other], [], THRESHOLD).scans == (*same, other)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([("li", "5", False)], (Status.CORRECTED, "5", "")),
        ([("li", "4", False)], (Status.CORRECTED, "4", "")),
        ([("li", None, False)], (Status.CORRECTED, None, "")),
        ([("li", "5", False), ("wang", "6", False)], (Status.CORRECTED, "6", "")),
        ([("li", "4", True)], (Status.ACCEPTED, "4", "")),
        ([("li", "5", True)], (Status.NEEDS_REVIEW, "4", KEYING_DIFFERS)),
        ([("li", "5", True), ("li", "5", True)], (Status.NEEDS_REVIEW, "4", KEYING_DIFFERS)),
        ([("li", "5", True), ("wang", "5", True)], (Status.CORRECTED, "5", "")),
        ([("li", "5", True), ("wang", "6", True)], (Status.NEEDS_REVIEW, "4", KEYINGS_DIFFER)),
        ([("li", "5", True), ("wang", "6", True), ("zhao", "6", True)], (Status.CORRECTED, "6", "")),
        ([("li", "5", True), ("wang", "6", True), ("zhao", "7", False)], (Status.CORRECTED, "7", "")),
    ],
)
def test_what_people_say_goes_over_it(
    people: list[tuple[str, Value, bool]], expected: tuple[Status, Value, str]
) -> None:
    assert status(DIGITS, [read("4")], said(*people)) == expected


def test_what_nobody_can_read_is_no_blank() -> None:
    blank, unreadable = Said(1, "S", None, "li", True), Said(2, "S", None, "wang", True, unreadable=True)
    seen = judge(DIGITS, [read(None)], [replace(unreadable, blind=False)], THRESHOLD)
    assert (seen.status, seen.value, seen.confidence) == (Status.CORRECTED, None, 0.0)
    assert seen.unreadable
    assert seen.reason == "无法辨认"
    assert judge(DIGITS, [read(None)], [unreadable], THRESHOLD).reason == KEYING_DIFFERS
    assert judge(CRITICAL, [read(None)], [blank, unreadable], THRESHOLD).reason == KEYINGS_DIFFER
    agreed = [unreadable, replace(unreadable, who="zhao")]
    assert judge(CRITICAL, [read(None)], agreed, THRESHOLD).unreadable


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([], (Status.NEEDS_REVIEW, "4", FIRST_KEYING)),
        ([("li", "4", True)], (Status.NEEDS_REVIEW, "4", SECOND_KEYING)),
        ([("li", "4", True), ("li", "4", True)], (Status.NEEDS_REVIEW, "4", SECOND_KEYING)),
        ([("li", "4", True), ("wang", "4", True)], (Status.CORRECTED, "4", "")),
        ([("li", "4", True), ("wang", "5", True)], (Status.NEEDS_REVIEW, "4", KEYINGS_DIFFER)),
        ([("li", "5", False)], (Status.CORRECTED, "5", "")),
    ],
)
def test_a_critical_field_is_keyed_by_two_whatever_was_read(
    people: list[tuple[str, Value, bool]], expected: tuple[Status, Value, str]
) -> None:
    assert status(CRITICAL, [read("4", 1.0)], said(*people)) == expected


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ([read(True)], (Status.ACCEPTED, True, "")),
        ([read(False)], (Status.BLANK, False, "")),
        ([read(False), read(True)], (Status.ACCEPTED, True, "")),
        ([read(False, 0.1), read(True)], (Status.ACCEPTED, True, "")),
        ([read(True, 0.1)], (Status.NEEDS_REVIEW, True, "看不准有没有签名或盖章")),
        ([read(False, 0.1)], (Status.NEEDS_REVIEW, False, "看不准有没有签名或盖章")),
        ([read(False), read(True, 0.5, "墨迹很少")], (Status.NEEDS_REVIEW, True, "墨迹很少")),
        ([], (Status.BLANK, False, "")),
    ],
)
def test_a_signature_is_there_or_not(reads: list[Read], expected: tuple[Status, Value, str]) -> None:
    assert status(SIGNATURE, reads) == expected


READS = st.builds(
    read, st.sampled_from(["1", "2", None]), st.floats(0, 1), st.sampled_from(["", "疑"]), st.integers(1, 3)
)
PEOPLE = st.lists(
    st.tuples(st.sampled_from(["li", "wang", "zhao"]), st.sampled_from(["1", "2", None]), st.booleans()),
    max_size=4,
)


@given(st.lists(READS, max_size=4), PEOPLE)
def test_nothing_is_accepted_that_no_sure_image_and_no_person_said(
    reads: list[Read], people: list[tuple[str, Value, bool]]
) -> None:
    found, value, reason = status(DIGITS, reads, said(*people))
    sure = [one.value for one in reads if one.confidence >= THRESHOLD and not one.doubt]
    spoken = [one[1] for one in people]
    if found in (Status.ACCEPTED, Status.BLANK):
        assert value in sure or value in spoken
        assert all(other == value for other in sure) or spoken
    if found is Status.CORRECTED:
        assert value in spoken
    assert bool(reason) == (found is Status.NEEDS_REVIEW)


@given(st.permutations([read("1"), read("2", 0.95, image=2), read("1", 0.5, image=3)]))
def test_the_order_of_images_does_not_matter(reads: list[Read]) -> None:
    assert status(DIGITS, reads) == (Status.NEEDS_REVIEW, "1", TWO_SCANS)
