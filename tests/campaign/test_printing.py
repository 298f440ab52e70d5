"""Packets: whom they are for, in which order, with which words; and what must not be in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from returned import CAMPAIGN, H1, H2, KEY, LAYOUT, P1, Q1, Office, database_of

from campaign import Facts, Overview, Packet, PrintPlan, facts_for, plan_print
from forms import Form, load_catalogue
from layouts import Layout, place
from store import Duty, Subject, printed, roster

FORMS = load_catalogue()
LAYOUTS = {form_id: place(FORMS[form_id]) for form_id in ("2-2", "2-5")}
CARD = FORMS["2-8"]
DUTIES = [
    Duty(H1, "C1", "x"),
    Duty(H2, "C1", "x"),
    Duty(Subject("household", "H3"), "C1", "x"),
    Duty(Q1, "L1", "x"),
    Duty(P1, "L1", "x"),
]


@pytest.fixture
def town(office: Office) -> Office:
    with office.store.write() as db:
        roster.set_duties(db, 1, DUTIES)
    return office


def plan(
    office: Office,
    layouts: dict[str, Layout] | None = None,
    cadres: tuple[str, ...] = ("C1", "L1"),
    cards: tuple[Form, ...] = (),
    spare: int = 0,
    asked: tuple[str, ...] = (),
) -> PrintPlan:
    chosen = LAYOUTS if layouts is None else layouts
    with office.store.write() as db:
        return plan_print(db, KEY, CAMPAIGN, chosen, cards, cadres, spare, asked)


def sides(packet: Packet) -> list[tuple[str, str | None, int]]:
    return [(s.layout.form.id, s.subject.code if s.subject else None, s.page) for s in packet.sheets]


def test_a_packet_follows_the_walk(town: Office) -> None:
    """Group by group, door by door: 2号 before 10号."""
    office, leader = plan(town).packets
    pages = range(1, LAYOUTS["2-5"].pages + 1)
    assert sides(office) == [("2-5", code, page) for code in ("H2", "H1", "H3") for page in pages]
    assert [code for _, code, page in sides(leader) if page == 1] == ["Q1", "P1"]
    assert (office.cadre["name"], office.unit and office.unit["name"]) == ("蒋玉兰", "经发局")


def test_every_sheet_is_in_the_database(town: Office) -> None:
    found = plan(town)
    with town.store.read() as db:
        index = printed.sheet_index(db)
        for packet in found.packets:
            for sheet in packet.sheets:
                assert index[sheet.serial] == (sheet.layout.digest, sheet.page)
                info = printed.sheet(db, sheet.serial)
                assert info is not None
                assert (info.subject, info.cadre, info.job) == (sheet.subject, sheet.cadre, found.job)


def test_printing_again_is_the_same_packet(town: Office) -> None:
    first, again = plan(town), plan(town)
    assert [packet.sheets for packet in again.packets] == [packet.sheets for packet in first.packets]
    assert [packet.reprinted for packet in first.packets] == [0, 0]
    assert [packet.reprinted for packet in again.packets] == [len(p.sheets) for p in again.packets]


def test_what_is_known_is_printed(town: Office) -> None:
    office, leader = plan(town).packets
    household = next(s.facts for s in office.sheets if s.subject == H1 and s.page == 1)
    assert household == {
        "household_code": "H1",
        "village": "孟河村",
        "group": "1组",
        "head": "王小明",
        "door": "10号",
        "visitor": "蒋玉兰",
    }
    project = next(s.facts for s in leader.sheets if s.subject == P1 and s.page == 1)
    assert project == {
        "name": "智能工厂（建设单位：喆达公司）",
        "category": "工业、在建",
        "legal_person": "刘总",
        "visitor": "陈国强",
    }


def test_spares_are_new_each_time_and_say_only_who_brings_them(town: Office) -> None:
    household = {"2-5": LAYOUTS["2-5"]}
    first, again = (plan(town, household, ("C1",), spare=2) for _ in range(2))
    spares = [[s for s in one.packets[0].sheets if s.spare] for one in (first, again)]
    assert [len(found) for found in spares] == [2 * LAYOUTS["2-5"].pages] * 2
    assert {s.serial for s in spares[0]}.isdisjoint(s.serial for s in spares[1])
    assert {tuple(s.facts.items()) for s in spares[0]} <= {(("visitor", "蒋玉兰"),), ()}
    assert [s.spare for s in first.packets[0].sheets] == sorted(s.spare for s in first.packets[0].sheets)


def test_spares_of_a_form_asked_for_come_to_whoever_has_nobody_for_it(town: Office) -> None:
    """The leader visits no household; a ledger has no spares."""
    household = {"2-5": LAYOUTS["2-5"], "LEDGER": place(FORMS["LEDGER"])}

    def spares(*asked: str) -> list[str]:
        (leader,) = plan(town, household, ("L1",), spare=2, asked=asked).packets
        return [sheet.layout.form.id for sheet in leader.sheets if sheet.spare]

    assert spares() == []
    assert spares("2-5", "LEDGER") == ["2-5"] * 2 * LAYOUTS["2-5"].pages


def test_cards_are_as_many_as_households_and_ten_at_least(town: Office) -> None:
    few = plan(town, layouts={}, cards=(CARD,))
    assert [len(packet.cards) for packet in few.packets] == [10, 10]
    facts = few.packets[0].cards[0].facts
    assert facts["name"] == "蒋玉兰"
    assert facts["position"] == "经发局科员"
    assert facts["mobile"] == "13800000001"
    assert facts["office_phone"] == "0519-88880001"
    assert facts["hotline"] == "12345"
    assert few.packets[1].cards[0].facts["position"] == "孟河镇镇长"
    many = [Duty(Subject("household", f"X{n}"), "C1", "x") for n in range(12)]
    with town.store.write() as db:
        roster.set_duties(db, 1, many)
    assert len(plan(town, layouts={}, cards=(CARD,), cadres=("C1",)).packets[0].cards) == 12


def test_an_unknown_cadre_is_refused(town: Office) -> None:
    with pytest.raises(KeyError, match="C9"):
        plan(town, cadres=("C9",))


def test_forms_about_cadres_and_units_come_first(town: Office) -> None:
    about = {
        "T-2": replace(LAYOUT, form=replace(LAYOUT.form, id="T-2", subject_kinds=("cadre",))),
        "T-3": replace(LAYOUT, form=replace(LAYOUT.form, id="T-3", subject_kinds=("unit",))),
        "T-1": LAYOUT,
    }
    with town.store.write() as db:
        cadres = roster.load(db, "cadres")["cadres"]
        cadres[0]["is_liaison_officer"] = True
        roster.replace(db, {"cadres": cadres})
    office, leader = plan(town, layouts=about).packets
    firsts = [(form, code) for form, code, page in sides(office) if page == 1]
    assert firsts == [("T-2", "C1"), ("T-3", "U1"), ("T-1", "H2"), ("T-1", "H1"), ("T-1", "H3")]
    assert [(form, code) for form, code, page in sides(leader) if page == 1] == [("T-2", "L1")]


# --- anonymous sides -----------------------------------------------------------------------------


def anonymous_forms() -> dict[str, Layout]:
    """A questionnaire for every cadre, and a form with an anonymous second page."""
    questionnaire = replace(LAYOUT.form, id="T-6", subject_kinds=(), anonymous=True)
    return {
        "T-6": replace(LAYOUT, form=questionnaire),
        "T-1": replace(LAYOUT, anonymous_pages=(2,)),
    }


def test_anonymous_sides_are_in_no_packet_and_say_nothing(town: Office) -> None:
    found = plan(town, layouts=anonymous_forms())
    assert {(form, page) for packet in found.packets for form, _, page in sides(packet)} == {("T-1", 1)}
    by_form = sorted((s.layout.form.id, s.page) for s in found.anonymous)
    assert by_form == [("T-1", 2)] * 3 + sorted([("T-6", 1), ("T-6", 2)] * 2)
    assert {(s.subject, s.cadre, tuple(s.facts)) for s in found.anonymous} == {(None, None, ())}


def test_anonymous_sides_are_new_each_time(town: Office) -> None:
    first, again = (plan(town, layouts=anonymous_forms()) for _ in range(2))
    assert {s.serial for s in first.anonymous}.isdisjoint(s.serial for s in again.anonymous)


def test_anonymous_sides_that_are_printed_again_are_not_waited_for_twice(town: Office) -> None:
    """One cadre's packet, then everybody's, then that one's again: as many as one of each."""
    for cadres in (("C1",), ("C1", "L1"), ("C1",)):
        found = plan(town, layouts=anonymous_forms(), cadres=cadres)
    once = {"T-6": 2, "T-1": 3 + 3}  # two cadres; three households, each with a page that is anonymous
    assert {line.key: line.issued for line in Overview.of(town.store, CAMPAIGN).lines("form")} == once
    for sheet in plan(town, layouts=anonymous_forms()).anonymous + found.anonymous:
        town.scan(sheet.serial, {})
    came = {line.key: line for line in Overview.of(town.store, CAMPAIGN).lines("form")}
    assert came["T-6"].issued == came["T-6"].returned == 3, "whatever came back was handed out"


def test_the_database_links_no_anonymous_sheet_to_anybody(town: Office) -> None:
    """Every row that names an anonymous sheet or its form names no person, job or time beside it."""
    found = plan(town, layouts=anonymous_forms())
    secrets = {s.serial for s in found.anonymous} | {s.instance for s in found.anonymous}
    with town.store.read() as db:
        rows = [row for row in database_of(db).splitlines() if any(secret in row for secret in secrets)]
    assert len(rows) == len(found.anonymous) + len({s.instance for s in found.anonymous})
    for row in rows:
        assert "datetime" not in row
        assert not any(f"'{code}'" in row for code in ("C1", "L1", "H1", "H2", "H3", "U1"))


def test_anonymous_sides_are_not_in_the_order_of_the_packets(town: Office) -> None:
    """They come in the order of their random numbers, by form."""
    found = [(s.layout.form.id, s.instance) for s in plan(town, layouts=anonymous_forms()).anonymous]
    assert found == sorted(found)


# --- facts ---------------------------------------------------------------------------------------


def test_every_prefilled_field_of_the_forms_has_a_source_that_facts_know(town: Office) -> None:
    with town.store.read() as db:
        facts = Facts.of(db, CAMPAIGN)
    samples = (H1, Q1, P1, Subject("village", "V1"), Subject("cadre", "C1"), Subject("unit", "U1"))
    known = ("subject.", "cadre.", "unit.", "campaign.")  # others name rows of a list
    for form in FORMS:
        sources = {f.source for f in form.fields() if f.source.startswith(known)}
        found = [set(facts.about(subject, "C1")) for subject in samples if subject.kind in form.subject_kinds]
        if found:
            assert sources <= set.union(*found), form.id


def test_facts_of_who_left_the_roster_are_still_known(town: Office) -> None:
    with town.store.write() as db:
        roster.replace(db, {"households": []})
        facts = Facts.of(db, CAMPAIGN)
    assert facts.name(H1) == "王小明"
    assert facts.name(Subject("household", "never")) == "never"


def test_empty_facts_leave_their_place_to_a_pen() -> None:
    fields = list(FORMS["2-5"].fields())
    assert facts_for(fields, {"subject.head": "王", "subject.door": ""}) == {"head": "王"}


def test_nothing_is_written_outside_the_database(town: Office, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    plan(town)
    assert sorted(tmp_path.iterdir()) == before
