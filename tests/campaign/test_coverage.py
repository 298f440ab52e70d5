"""How records stand, kept and made anew; and the figures counted from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from returned import CAMPAIGN, H1, H2, LAYOUT, Q1, Office, good, settle_amount
from sqlalchemy import delete, select

from campaign import Line, Overview, refresh
from campaign.config import Quotas
from store import Duty, Subject, printed, roster
from store.scanned import add_correction
from store.schema import corrections, now, withdrawals
from store.standing import load_standings, standings

H3 = Subject("household", "H3")


@pytest.fixture
def busy(office: Office) -> Office:
    """H1 is complete, H2 misses a page and is unsure, H3 is printed only; Q1 belongs to a leader."""
    with office.store.write() as db:
        roster.set_duties(
            db, 1, [Duty(H1, "C1", "x"), Duty(H2, "C1", "x"), Duty(H3, "C1", "x"), Duty(Q1, "L1", "x")]
        )
    first, second = office.issue(H1), office.issue(H2)
    office.issue(H3)
    for page, values in good().items():
        office.scan(first[page], values)
    settle_amount(office, first)
    office.scan(second[1], good(result="vacant")[1], unsure=("people",))
    return office


def status(office: Office) -> dict[str | None, str]:
    refresh(office.store, office.campaign)
    with office.store.read() as db:
        return {standing.subject: standing.status for standing in load_standings(db)}


def test_standings_are_what_records_say(busy: Office) -> None:
    assert status(busy) == {"H1": "complete", "H2": "incomplete"}
    with busy.store.read() as db:
        found = {one.subject: one for one in load_standings(db)}
    for record in busy.records():
        assert record.subject is not None
        one = found[record.subject.code]
        assert (one.record, one.status) == (record.record, record.status)
        assert (one.to_review, one.missing_pages) == (len(record.to_review), len(record.missing_pages))
    assert (found["H1"].completed, found["H2"].completed) == (True, False)


def test_only_what_changed_is_derived_again(busy: Office) -> None:
    assert [refresh(busy.store, CAMPAIGN) for _ in range(2)] == [2, 0]
    busy.scan(busy.issue(H2)[2], good()[2])
    assert [refresh(busy.store, CAMPAIGN) for _ in range(2)] == [1, 0]


def test_every_sort_of_change_is_noticed(busy: Office) -> None:
    serials = busy.issue(H1)
    assert status(busy)["H1"] == "complete"
    busy.scan(serials[1], good(people="3")[1])  # another image
    assert status(busy)["H1"] == "needs_review"
    with busy.store.write() as db:  # a correction
        add_correction(db, serials[1], "people", "4", "li")
    assert status(busy)["H1"] == "complete"
    with busy.store.write() as db:  # which is taken back
        last = db.scalars(select(corrections.c.id).order_by(corrections.c.id.desc())).first()
        db.execute(withdrawals.insert().values(correction=last, who="li", at=now()))
    assert status(busy)["H1"] == "needs_review"
    busy.campaign = CAMPAIGN.model_copy(
        update={"acceptance": CAMPAIGN.acceptance.model_copy(update={"single": 1.0})}
    )
    assert status(busy)["H1"] == "needs_review"
    assert refresh(busy.store, busy.campaign) == 0  # other settings count once too


def test_a_spare_changes_its_record_when_it_is_identified(office: Office) -> None:
    serials = office.issue(None, spare=True)
    office.scan(serials[1], good()[1])
    assert status(office) == {None: "incomplete"}
    with office.store.write() as db:
        sheet = printed.sheet(db, serials[1])
        assert sheet is not None
        printed.identify(db, sheet.instance, H1, "li")
    assert status(office) == {"H1": "incomplete"}


def test_deleting_all_standings_loses_nothing(busy: Office) -> None:
    before = status(busy)
    with busy.store.write() as db:
        db.execute(delete(standings))
    assert status(busy) == before


# --- figures -------------------------------------------------------------------------------------


def test_figures_add_up(busy: Office) -> None:
    overview = Overview.of(busy.store, CAMPAIGN)
    assert overview.total() == Line("", "合计", 4, 3, 2, 1, 0, 1)
    assert overview.total().missing == 1
    for by in ("cadre", "unit", "village", "form"):
        lines = overview.lines(by)
        assert sum(line.issued for line in lines) == 3
        assert sum(line.returned for line in lines) == 2
        assert sum(line.assigned for line in lines) == (0 if by == "form" else 4)
        assert all(line.returned == line.incomplete + line.to_review + line.complete for line in lines)


def test_figures_by_cadre_unit_village_and_form(busy: Office) -> None:
    overview = Overview.of(busy.store, CAMPAIGN)
    assert [(line.key, line.name, line.assigned) for line in overview.lines("cadre")] == [
        ("C1", "蒋玉兰", 3),
        ("L1", "陈国强", 1),
    ]
    assert [(line.name, line.issued) for line in overview.lines("unit")] == [("经发局", 3)]
    assert [(line.name, line.assigned, line.issued) for line in overview.lines("village")] == [
        ("孟河村", 3, 3),
        ("齐梁村", 1, 0),
    ]
    assert [(line.key, line.issued, line.complete) for line in overview.lines("form")] == [("T-1", 3, 1)]


def test_a_form_for_a_subject_that_changed_hands_counts_once_and_for_the_new_cadre(busy: Office) -> None:
    busy.issue(H1, cadre="L1")
    with busy.store.write() as db:
        roster.set_duties(db, 1, [Duty(H1, "L1", "x")])
    lines = {line.key: line for line in Overview.of(busy.store, CAMPAIGN).lines("cadre")}
    assert (lines["L1"].issued, lines["L1"].complete) == (1, 1)
    assert lines["C1"].issued == 2


def test_spares_count_once_they_come_back_and_anonymous_forms_by_form_only(busy: Office) -> None:
    spare = busy.issue(None, spare=True)
    secret = replace(LAYOUT, form=replace(LAYOUT.form, id="T-6", anonymous=True))
    busy.issue(None, layout=secret, cadre=None, anonymous=True)
    before = {line.key: line.issued for line in Overview.of(busy.store, CAMPAIGN).lines("form")}
    busy.scan(spare[1], good()[1])
    overview = Overview.of(busy.store, CAMPAIGN)
    after = {line.key: line.issued for line in overview.lines("form")}
    assert (before, after) == ({"T-1": 3, "T-6": 1}, {"T-1": 4, "T-6": 1})
    assert [line.issued for line in overview.lines("village") if line.key == ""] == [2]


def test_forms_are_called_by_their_titles(busy: Office) -> None:
    (line,) = Overview.of(busy.store, CAMPAIGN).lines("form")
    assert (line.key, line.name) == ("T-1", "试表")


def test_quotas_count_visits_that_took_place(busy: Office) -> None:
    campaign = CAMPAIGN.model_copy(update={"quotas": Quotas(households_per_cadre=2)})
    found = {(q.cadre, q.kind): q for q in Overview.of(busy.store, campaign).quotas()}
    office = found["C1", "household"]
    assert (office.wanted, office.assigned, office.returned, office.visited) == (2, 3, 2, 1)
    assert not office.met
    assert (found["L1", "key"].assigned, found["L1", "key"].wanted) == (1, 3)
    assert set(found) == {("C1", "household"), ("L1", "key"), ("L1", "small"), ("L1", "project")}


def test_who_was_not_visited_is_named_with_the_reason(busy: Office) -> None:
    found = {one.subject.code: one for one in Overview.of(busy.store, CAMPAIGN).unvisited()}
    assert {code: one.why for code, one in found.items()} == {
        "H3": "not_returned",
        "Q1": "not_printed",
        "P1": "unassigned",
        "V1": "unassigned",
        "V2": "unassigned",
    }
    assert (found["H3"].name, found["H3"].village, found["H3"].cadre_name) == ("赵云", "孟河村", "蒋玉兰")


def test_another_round_starts_from_nothing(busy: Office) -> None:
    overview = Overview.of(busy.store, CAMPAIGN.model_copy(update={"round": 2}))
    assert overview.total() == Line("", "合计", 0, 0, 0, 0, 0, 0)
    assert {one.why for one in overview.unvisited()} == {"unassigned"}
