"""From opinion rows to items: numbers, corrections, hand-over, reply."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.config import Campaign, Handling
from campaign.judge import UNREADABLE, Answer, Status
from campaign.opinions import (
    CATEGORY_WORDS,
    ROUTES,
    OpinionError,
    Said,
    SlipAnswer,
    State,
    answer,
    answered,
    assign,
    compare,
    current,
    distinct,
    find,
    merge,
    part,
    repeated,
    said_in,
)
from campaign.records import Record
from campaign.similar import similar
from campaign.weeks import add_working_days, is_working_day, parse_week, week_of, weeks_between
from store import Store
from store import opinions as kept
from store.opinions import Event, Kept

TODAY = date(2017, 5, 2)  # a Tuesday, week 18
WHEN = datetime(2017, 5, 2, tzinfo=UTC)


def said(record: str = "2-5/1/household/H1", row: str = "opinion_1", **more: Any) -> Said:
    usual = {
        "nature": "problem",
        "category": "roads",
        "text": "门口的路坏了",
        "handling": "town",
        "reply_wanted": "yes",
        "day": "2017-04-05",
        "unsure": (),
    }
    return Said(record, row, **{**usual, **more})


def register(store: Store, *now: Said, today: date = TODAY) -> None:
    """What a run of gleaning does with these, all of their records having been looked at."""
    with store.write() as db:
        before = kept.load(db, {one.record for one in now})
        new, events = compare(before, now, today)
        kept.add(db, 2017, new, "li")
        kept.add_events(db, events, "li")


def opinions(store: Store) -> list[Any]:
    with store.read() as db:
        return current(kept.load(db))


def do(store: Store, *events: Any) -> None:
    with store.write() as db:
        kept.add_events(db, events, "li")


def test_items_are_numbered_by_week_and_keep_their_numbers(store: Store) -> None:
    register(store, said(row="opinion_2", day="2017-04-20"), said(day="2017-04-05", nature="suggestion"))
    assert [o.number for o in opinions(store)] == ["〔2017〕建1号", "〔2017〕问2号"]
    register(store, said("2-5/1/household/H0", day="2017-03-08"))
    assert [o.number for o in opinions(store)] == ["〔2017〕建1号", "〔2017〕问2号", "〔2017〕问3号"]
    assert [o.week for o in opinions(store)] == ["2017-W14", "2017-W16", "2017-W10"]


def test_what_bears_no_date_counts_from_the_day_that_it_was_registered(store: Store) -> None:
    register(store, said(day=""))
    register(store, said(day="", text="门口的路坏了两年"), today=date(2017, 6, 1))
    (opinion,) = opinions(store)
    assert opinion.week == "2017-W18"
    assert opinion.text == "门口的路坏了两年"


def test_a_later_correction_changes_an_open_item_and_not_a_closed_one(store: Store) -> None:
    register(store, said(unsure=("text",)))
    register(store, said(text="桥坏了", category="housing"))
    (opinion,) = opinions(store)
    assert (opinion.text, opinion.category, opinion.unsure) == ("桥坏了", "housing", ())
    do(store, assign(opinion, "U1", "建设局", (), TODAY, date(2017, 5, 11)))
    do(store, answer(opinions(store)[0], "resolved", TODAY, TODAY))
    register(store, said(text="另一件事"))
    assert opinions(store)[0].text == "桥坏了"


def test_a_row_that_turns_out_to_be_empty_is_withdrawn_and_can_come_back(store: Store) -> None:
    register(store, said(), said(row="opinion_2"))
    with store.write() as db:
        before = kept.load(db)
        _, events = compare(before, [said()], TODAY)
        kept.add_events(db, events, "li")
    assert [o.state for o in opinions(store)] == [State.OPEN, State.WITHDRAWN]
    register(store, said(), said(row="opinion_2"))
    assert [o.state for o in opinions(store)] == [State.OPEN, State.OPEN]


def test_what_was_settled_on_the_spot_is_closed_by_the_date_of_the_visit(store: Store) -> None:
    register(
        store,
        said(handling="resolved_on_spot"),
        said(row="opinion_2", handling="explained", day=""),
        said(row="opinion_3", handling="explained", unsure=("handling",)),
    )
    with_date, without, unsure = sorted(opinions(store), key=lambda o: o.row)
    assert (with_date.state, with_date.replied_on) == (State.REPLIED, date(2017, 4, 5))
    assert (without.state, without.replied_on) == (State.EXPLAINED, None)
    assert unsure.state is State.OPEN


def test_an_opinion_that_nobody_can_read_is_one_all_the_same() -> None:
    answers = {
        "opinion_1.category": Answer("roads", Status.ACCEPTED, 1.0, "S"),
        "opinion_1.text": Answer(None, Status.CORRECTED, 0.0, "S", UNREADABLE),
        "opinion_2.text": Answer(None, Status.BLANK, 1.0, "S"),
    }
    record = Record("2-5/1/household/H1", "2-5", 1, None, "C1", 1, True, (), answers, {})
    (one,) = said_in(record, Campaign())
    assert (one.row, one.category, one.text) == ("opinion_1", "roads", "（无法辨认，请看原件）")


def test_nothing_closes_without_a_reply_date(store: Store) -> None:
    register(store, said())
    (opinion,) = opinions(store)
    do(store, assign(opinion, "U1", "建设局", ("农业局",), TODAY, date(2017, 5, 11)))
    do(store, answer(opinions(store)[0], "resolved", date(2017, 5, 4), None))
    (opinion,) = opinions(store)
    assert (opinion.state, opinion.closed) == (State.RESOLVED, False)
    do(store, answer(opinion, "resolved", date(2017, 5, 4), date(2017, 5, 5), "satisfied"))
    (opinion,) = opinions(store)
    assert (opinion.state, opinion.replied_on) == (State.REPLIED, date(2017, 5, 5))


def test_a_slip_that_comes_back_says_what_became_of_it_once(store: Store) -> None:
    register(store, said())
    do(store, assign(opinions(store)[0], "U1", "建设局", (), TODAY, date(2017, 5, 11)))
    slip = SlipAnswer(
        "2017-1",
        {
            "result": "explained",
            "received_on": "2017-05-03",
            "resolved_on": "2017-05-08",
            "replied_on": "2017-05-08",
            "satisfaction": "fairly",
            "details": "已说明",
        },
    )
    for _ in range(2):
        with store.write() as db:
            kept.add_events(db, answered(kept.load(db), [slip]), "li")
    with store.read() as db:
        (one,) = kept.load(db)
    assert [event.kind for event in one.events] == ["found", "assigned", "answered"]
    (opinion,) = opinions(store)
    assert (opinion.state, opinion.satisfaction) == (State.REPLIED, "fairly")


def test_a_slip_that_was_handed_on_is_another_one(store: Store) -> None:
    register(store, said())
    first = opinions(store)[0]
    do(store, assign(first, "U1", "建设局", (), TODAY, date(2017, 5, 11)))
    do(store, answer(opinions(store)[0], "returned", TODAY, None, details="不归我们"))
    assert opinions(store)[0].state is State.RETURNED
    do(store, assign(opinions(store)[0], "U2", "农业局", (), TODAY, date(2017, 5, 15)))
    (opinion,) = opinions(store)
    assert (opinion.slip_code, opinion.state, opinion.handler) == ("2017-1-2", State.ASSIGNED, "U2")
    with store.write() as db:
        old = SlipAnswer("2017-1", {"result": "resolved", "replied_on": None})
        assert not list(answered(kept.load(db), [old]))


def test_a_return_needs_a_reason_and_a_reply_may_not_come_before_the_hand_over(store: Store) -> None:
    register(store, said())
    do(store, assign(opinions(store)[0], "U1", "建设局", (), TODAY, date(2017, 5, 11)))
    (opinion,) = opinions(store)
    with pytest.raises(OpinionError, match="理由"):
        answer(opinion, "returned", TODAY, None)
    with pytest.raises(OpinionError, match="早于"):
        answer(opinion, "resolved", date(2017, 5, 1), None)


def test_repeated_ones_are_merged_and_keep_their_sources(store: Store) -> None:
    register(store, *(said(f"2-5/1/household/H{n}", text=f"路坏了{mark}") for n, mark in enumerate("。！")))
    register(store, said("2-5/1/household/H9", text="路坏了", category="housing"))
    found = opinions(store)
    (group,) = repeated(found, {o.id: "V1" for o in found})
    assert [o.sequence for o in group] == [1, 2]
    assert not repeated(found, {o.id: str(o.id) for o in found})
    do(store, *merge(group[0], group[1:]))
    lead, other, _ = opinions(store)
    assert lead.merged == (other.number,)
    assert (other.state, other.into, other.record) == (State.MERGED, lead.id, "2-5/1/household/H1")
    with pytest.raises(OpinionError, match="已并入"):
        list(merge(other, [opinions(store)[2]]))


def test_a_clerk_names_an_item_in_several_ways(store: Store) -> None:
    register(store, said(), said(row="opinion_2"))
    for name in ("〔2017〕问2号", "2017-2", "2", "问2"):
        assert find(opinions(store), name, 2017).sequence == 2
    with pytest.raises(OpinionError, match="没有编号"):
        find(opinions(store), "7", 2017)


def test_working_days_leave_out_weekends_and_holidays_and_take_in_their_substitutes() -> None:
    thursday = date(2017, 3, 30)
    qingming = Handling(holidays=(date(2017, 4, 3), date(2017, 4, 4)), workdays=(date(2017, 4, 1),))
    assert add_working_days(thursday, 3, Handling()) == date(2017, 4, 4)
    assert add_working_days(thursday, 3, qingming) == date(2017, 4, 5)


@given(st.dates(date(2016, 1, 1), date(2019, 1, 1)), st.integers(1, 40))
def test_a_due_date_is_a_working_day_after_so_many_others(day: date, count: int) -> None:
    due = add_working_days(day, count, Handling())
    between = [date.fromordinal(n) for n in range(day.toordinal() + 1, due.toordinal() + 1)]
    assert is_working_day(due, Handling())
    assert sum(is_working_day(one, Handling()) for one in between) == count


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)))
def test_weeks_are_read_as_they_are_written(day: date) -> None:
    assert parse_week(week_of(day)) == week_of(day)
    assert weeks_between(day, day) == [week_of(day)]


# --- whatever comes in whatever order ------------------------------------------------------------

SAYINGS = st.builds(
    lambda household, row, nature, category, handling, text, day: said(
        f"2-5/1/household/H{household}",
        f"opinion_{row}",
        nature=nature,
        category=category,
        handling=handling,
        text=text,
        day=day,
    ),
    st.integers(1, 4),
    st.integers(1, 2),
    st.sampled_from(["problem", "suggestion", None]),
    st.sampled_from([*CATEGORY_WORDS, None]),
    st.sampled_from([*ROUTES, None]),
    st.sampled_from(["路坏了", "灯不亮", "水不清"]),
    st.sampled_from(["2017-04-05", "2017-03-10", ""]),
)


def test_a_merging_taken_back_leaves_each_as_it_stood(store: Store) -> None:
    register(store, said(), said("2-5/1/household/H2"))
    lead, other = opinions(store)
    do(store, assign(other, "U1", "建设局", (), TODAY, date(2017, 5, 11)))
    do(store, *merge(lead, [opinions(store)[1]]))
    register(store, said(), said("2-5/1/household/H2", text="路坏了一年"))
    do(store, part(opinions(store)[1]))
    lead, other = opinions(store)
    assert (lead.merged, other.into, other.state, other.text) == ((), None, State.ASSIGNED, "路坏了一年")
    with pytest.raises(OpinionError, match="没有并入"):
        part(other)


def alike(*texts: str, **places: str) -> list[tuple[str, str]]:
    """Texts of the pairs that may be the same."""
    details = [
        dict(said(f"2-5/1/household/H{n}", text=text).content(), week="2017-W14")
        for n, text in enumerate(texts)
    ]
    kept_ones = [
        Kept(n, f"2-5/1/household/H{n}", "opinion_1", 2017, n, f"问{n}", [Event("found", WHEN, "li", detail)])
        for n, detail in enumerate(details)
    ]
    villages = {n: places.get(f"at_{n}", "V1") for n in range(len(texts))}
    return [(pair.lead.text, pair.other.text) for pair in similar(current(kept_ones), villages)]


def test_what_says_the_same_in_other_words_is_a_candidate() -> None:
    assert alike("门口的路坏了", "路灯不亮", "门口路坏了很久", "村口路灯不亮了") == [
        ("路灯不亮", "村口路灯不亮了"),
        ("门口的路坏了", "门口路坏了很久"),
    ]
    assert alike("门口的路坏了", "门口路坏了", at_1="V2") == [], "another village's road is another road"
    assert alike("门口的路坏了", "门口的路坏了！") == [], "equal ones are `repeated`"
    assert alike("灯", "灯。") == []


def test_what_a_person_held_apart_is_not_asked_again(store: Store) -> None:
    register(store, said(), said("2-5/1/household/H2", text="门口路坏了很久"))
    (pair,) = similar(opinions(store), {})
    do(store, distinct(pair.other, pair.lead))
    assert similar(opinions(store), {}) == []


@given(st.lists(st.text("路灯不亮坏了口门水", max_size=8), max_size=12))
def test_candidates_are_those_found_by_comparing_all(texts: list[str]) -> None:
    def likeness(a: str, b: str) -> float:
        one, two = ({text[n : n + 2] for n in range(max(len(text) - 1, 1))} - {""} for text in (a, b))
        return 2 * len(one & two) / max(len(one) + len(two), 1)

    expected = [
        (a, b) for n, a in enumerate(texts) for b in texts[n + 1 :] if a != b and likeness(a, b) >= 0.5
    ]
    assert sorted(alike(*texts)) == sorted(expected)


class Register:
    """Opinions in memory, as the database keeps them."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def take(self, now: list[Said], records: set[str]) -> int:
        before = [one for one in self.kept if one.record in records]
        new, events = compare(before, now, TODAY)
        for one in new:
            n = len(self.kept) + 1
            event = Event("found", WHEN, "li", one.detail)
            self.kept.append(Kept(n, one.record, one.row, 2017, n, f"{one.letter}{n}", [event]))
        for opinion, kind, detail in events:
            self.kept[opinion - 1].events.append(Event(kind, WHEN, "li", detail))
        return len(new) + len(events)


@given(st.lists(st.lists(SAYINGS, unique_by=lambda one: (one.record, one.row)), max_size=5))
def test_however_forms_come_in_numbers_stay_and_the_last_word_counts(runs: list[list[Said]]) -> None:
    register, numbers = Register(), {}
    everyone = {f"2-5/1/household/H{n}" for n in range(1, 5)}
    for now in runs:
        register.take(now, everyone)
        assert register.take(now, everyone) == 0, "the same again changes nothing"
        for one in register.kept:
            assert numbers.setdefault((one.record, one.row), one.number) == one.number
    assert [one.sequence for one in register.kept] == list(range(1, len(register.kept) + 1))
    standing = {(o.record, o.row): o for o in current(register.kept)}
    last = {(one.record, one.row): one for one in (runs[-1] if runs else [])}
    open_ones = {place for place, o in standing.items() if o.state is not State.WITHDRAWN}
    assert set(last) <= open_ones
    for place, one in last.items():
        assert (standing[place].text, standing[place].category) == (one.text, one.category)
        assert not standing[place].closed or standing[place].replied_on


def test_a_towns_forms_twice_make_each_opinion_once() -> None:
    town = [
        said(f"2-5/1/household/{n:05d}", f"opinion_{row}", text=f"路{n % 7}")
        for n in range(25_000)
        for row in (1, 2)
    ]
    register, everyone = Register(), {one.record for one in town}
    assert register.take(town, everyone) == 50_000
    assert register.take(town, everyone) == 0
    assert [one.sequence for one in register.kept] == list(range(1, 50_001))
    groups = repeated(current(register.kept), {})
    assert sorted(map(len, groups)) == sorted(2 * len(range(n, 25_000, 7)) for n in range(7))
