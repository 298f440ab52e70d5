"""Who visits whom: nobody twice, nobody left out, fair where there are too few, and stable."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign.assign import propose
from campaign.breaches import OWNED_KINDS, check
from campaign.config import Quotas
from campaign.revisits import duties_again
from campaign.roster import Roster, load_workbook
from campaign.town import Town
from campaign.walking import natural
from samples.town import build_town, write_workbook
from store import Duty, Subject

QUOTAS = Quotas()
EMPTY: dict[str, list[dict[str, Any]]] = {
    "units": [],
    "villages": [],
    "cadres": [],
    "groups": [],
    "households": [],
    "enterprises": [],
    "projects": [],
    "notables": [],
    "assignments": [],
    "unit_villages": [],
}


def cadre(code: str, kind: str, unit: str | None = None, village: str | None = None) -> dict[str, Any]:
    return {
        "code": code,
        "name": f"名{code}",
        "type": kind,
        "unit": unit,
        "position": None,
        "is_liaison_officer": False,
        "stationed_village": village,
    }


def a_village(code: str, groups: int, households: int) -> dict[str, list[dict[str, Any]]]:
    """A village with so many households in each of its groups."""
    return {
        "villages": [{"code": code, "name": f"{code}村"}],
        "groups": [{"code": f"{code}G{g}", "village": code, "number": f"{g}组"} for g in range(groups)],
        "households": [
            {
                "code": f"{code}G{g}H{h:03d}",
                "village": code,
                "group": f"{code}G{g}",
                "head": "户",
                "door": f"{h}号",
            }
            for g in range(groups)
            for h in range(households)
        ],
    }


def roster_of(*parts: dict[str, list[dict[str, Any]]]) -> Roster:
    return Roster({table: [row for part in parts for row in part.get(table, [])] for table in EMPTY})


def counts(duties: list[Duty], kind: str = "household") -> Counter[str]:
    return Counter(duty.cadre for duty in duties if duty.subject.kind == kind)


def owned(roster: Roster) -> set[Subject]:
    return {Subject(kind, row["code"]) for kind in OWNED_KINDS for row in roster[f"{kind}s"]}


# --- every town ----------------------------------------------------------------------------------


@st.composite
def towns(draw: st.DrawFn) -> Roster:
    """Small towns of all shapes: villages without cadres, units without villages, orders of the workbook."""
    villages = [
        a_village(f"V{n}", draw(st.integers(0, 3)), draw(st.integers(0, 8)))
        for n in range(draw(st.integers(1, 4)))
    ]
    village_codes = [village["villages"][0]["code"] for village in villages]
    some_village = st.none() | st.sampled_from(village_codes)
    units = [f"U{n}" for n in range(draw(st.integers(0, 3)))]
    some_unit = st.none() | st.sampled_from(units) if units else st.none()
    kinds = draw(st.lists(st.sampled_from(["党政领导", "机关", "事业", "村干部", "其他"]), max_size=8))
    cadres = [cadre(f"C{n}", kind, draw(some_unit), draw(some_village)) for n, kind in enumerate(kinds)]
    links = (
        draw(st.lists(st.tuples(st.sampled_from(units), st.sampled_from(village_codes)), unique=True))
        if units
        else []
    )
    rest: dict[str, list[dict[str, Any]]] = {
        "units": [
            {"code": unit, "name": unit, "line": draw(st.sampled_from([None, "企业"]))} for unit in units
        ],
        "cadres": cadres,
        "enterprises": [
            {"code": f"E{n}", "name": "企", "category": category, "village": draw(some_village)}
            for n, category in enumerate(
                draw(st.lists(st.sampled_from(["区镇重点企业", "中小企业"]), max_size=8))
            )
        ],
        "projects": [
            {"code": f"P{n}", "name": "项", "village": draw(some_village)}
            for n in range(draw(st.integers(0, 5)))
        ],
        "notables": [
            {"code": f"N{n}", "name": "士", "unit": draw(some_unit)} for n in range(draw(st.integers(0, 3)))
        ],
        "unit_villages": [{"unit": unit, "village": village} for unit, village in links],
    }
    town = roster_of(*villages, rest)
    subjects = [*sorted(owned(town)), *(Subject("group", g["code"]) for g in town["groups"])]
    if cadres and subjects:
        chosen = draw(st.lists(st.sampled_from(subjects), unique=True, max_size=6))
        rows = [
            {"kind": s.kind, "subject": s.code, "cadre": draw(st.sampled_from(cadres))["code"]}
            for s in chosen
        ]
        town = Roster({**town.tables, "assignments": rows})
    return town


@settings(deadline=None)
@given(towns(), st.booleans())
def test_everybody_has_one_owner_whenever_there_is_a_cadre(town: Roster, leaders_take: bool) -> None:
    quotas = Quotas(leaders_take_households=leaders_take)
    duties = propose(town, [], quotas)
    subjects = [duty.subject for duty in duties]
    assert len(subjects) == len(set(subjects))
    assert {duty.cadre for duty in duties} <= {row["code"] for row in town["cadres"]}
    if town["cadres"]:
        assert owned(town) <= set(subjects)
    else:
        assert subjects == []


@settings(deadline=None)
@given(towns())
def test_running_again_changes_nothing(town: Roster) -> None:
    duties = propose(town, [], QUOTAS)
    assert propose(town, duties, QUOTAS) == duties


@settings(deadline=None)
@given(towns())
def test_what_the_workbook_orders_is_done(town: Roster) -> None:
    owners = {duty.subject: duty.cadre for duty in propose(town, [], QUOTAS)}
    for row in town["assignments"]:
        assert owners[Subject(row["kind"], row["subject"])] == row["cadre"]


@settings(deadline=None)
@given(towns())
def test_office_cadres_get_no_more_than_their_quota_while_a_village_has_cadres_of_its_own(
    town: Roster,
) -> None:
    roster = Roster({**town.tables, "assignments": []})
    quotas = Quotas(households_per_cadre=3)
    found = counts(propose(roster, [], quotas))
    index = Town(roster)
    if all(index.cadres_of_village.get(village) for village in index.villages):
        for code in index.of_type("机关", "事业"):
            assert found[code] <= 3


@settings(deadline=None)
@given(towns(), st.integers(0, 6))
def test_quotas_are_met_or_named(town: Roster, quota: int) -> None:
    """Counted here by hand: whoever falls short is named, and nobody else."""
    quotas = Quotas(
        households_per_cadre=quota,
        key_enterprises_per_leader=min(quota, 2),
        small_enterprises_per_leader=quota,
        projects_per_leader=1,
        groups_per_leader=quota,
    )
    duties = propose(town, [], quotas)
    category = {row["code"]: row["category"] for row in town["enterprises"]}
    has: Counter[tuple[str, str]] = Counter()
    for one in duties:
        what = category.get(one.subject.code) if one.subject.kind == "enterprise" else one.subject.kind
        has[one.cadre, str(what)] += 1
    owed = {
        "党政领导": {"区镇重点企业": min(quota, 2), "中小企业": quota, "project": 1, "group": quota},
        "机关": {"household": quota},
        "事业": {"household": quota},
    }
    words = {"区镇重点企业": "leader_key", "中小企业": "leader_small", "household": "households_quota"}
    short = {
        (row["code"], words.get(what, f"leader_{what}"))
        for row in town["cadres"]
        for what, wanted in owed.get(row["type"], {}).items()
        if has[row["code"], what] < wanted
    }
    named = {
        (breach.cadre, breach.kind)
        for breach in check(town, duties, quotas)
        if breach.kind in {kind for _, kind in short} | set(words.values())
    }
    assert named == short


@settings(deadline=None)
@given(towns(), st.integers(1, 6))
def test_an_office_falls_short_only_where_nothing_is_left_to_the_village(town: Roster, quota: int) -> None:
    duties = propose(town, [], Quotas(households_per_cadre=quota))
    found, index = counts(duties), Town(town)
    left = {
        index.households[d.subject.code]["village"]
        for d in duties
        if d.source == "village" and d.subject.kind == "household"
    }
    for code in index.of_type("机关", "事业"):
        if found[code] < quota:
            assert not left & set(index.linked_villages(code))


@settings(deadline=None)
@given(towns())
def test_the_check_agrees_with_the_proposal(town: Roster) -> None:
    """No proposal breaks the rules about owners; and it says so of everything when nothing is proposed."""
    kinds = {breach.kind for breach in check(town, propose(town, [], QUOTAS), QUOTAS)}
    assert not kinds & {"two_owners", "unknown_cadre", "unknown_subject"}
    assert ("unassigned" in kinds) == (not town["cadres"] and bool(owned(town)))
    unassigned = [b for b in check(town, [], QUOTAS) if b.kind == "unassigned"]
    assert {subject for breach in unassigned for subject in breach.subjects} == owned(town)


@settings(deadline=None)
@given(towns(), st.data())
def test_a_revisit_round_goes_back_to_whom_it_should_with_whom_they_know(
    town: Roster, data: st.DataObject
) -> None:
    before = propose(town, [], QUOTAS)
    if not before:
        return
    wanted = data.draw(st.sets(st.sampled_from([duty.subject for duty in before])))
    duties = duties_again(town, wanted, before, [], QUOTAS)
    assert {duty.subject for duty in duties} == wanted
    assert len(duties) == len(wanted)
    knows = {duty.subject: duty.cadre for duty in before}
    assert all(duty.cadre == knows[duty.subject] for duty in duties)
    gone = data.draw(st.sampled_from(sorted({duty.cadre for duty in before})))
    left = [row for row in town["cadres"] if row["code"] != gone]
    orders = [row for row in town["assignments"] if row["cadre"] != gone]
    smaller = Roster({**town.tables, "cadres": left, "assignments": orders})
    again = duties_again(smaller, wanted, before, duties, QUOTAS)
    if left:
        visited = {subject for subject in wanted if subject.kind in OWNED_KINDS}
        assert visited <= {duty.subject for duty in again} <= wanted
        assert all(duty.cadre == knows[duty.subject] for duty in again if knows[duty.subject] != gone)
        assert all(duty.cadre != gone for duty in again)


# --- one rule at a time --------------------------------------------------------------------------


def test_office_cadres_walk_from_door_to_door_and_the_village_takes_the_rest() -> None:
    town = roster_of(
        a_village("V1", 2, 40),
        {
            "units": [{"code": "U1", "name": "经发局", "line": None}],
            "cadres": [
                cadre("C1", "机关", "U1"),
                cadre("C2", "事业", "U1"),
                cadre("Z1", "村干部", None, "V1"),
            ],
            "unit_villages": [{"unit": "U1", "village": "V1"}],
        },
    )
    duties = propose(town, [], QUOTAS)
    assert counts(duties) == {"C1": 30, "C2": 30, "Z1": 20}
    walk = list(Town(town).households)
    stretches = [next(d.cadre for d in duties if d.subject.code == code) for code in walk]
    assert stretches == ["C1"] * 30 + ["C2"] * 30 + ["Z1"] * 20


def test_too_few_households_are_shared_out_evenly() -> None:
    town = roster_of(
        a_village("V1", 1, 10),
        {
            "units": [{"code": "U1", "name": "局", "line": None}],
            "cadres": [cadre(f"C{n}", "机关", "U1") for n in range(4)],
            "unit_villages": [{"unit": "U1", "village": "V1"}],
        },
    )
    assert sorted(counts(propose(town, [], QUOTAS)).values()) == [2, 2, 3, 3]
    messages = [breach.message for breach in check(town, propose(town, [], QUOTAS), QUOTAS)]
    assert "机关事业干部 4 人每人 30 户需 120 户，全镇只有 10 户，无法全部达到" in messages
    assert "名C0（C0）安排 3 户，少于 30 户" in messages


def test_a_unit_with_two_villages_sends_cadres_to_both() -> None:
    town = roster_of(
        a_village("V1", 1, 40),
        a_village("V2", 1, 40),
        {
            "units": [{"code": "U1", "name": "局", "line": None}],
            "cadres": [cadre("C1", "机关", "U1"), cadre("C2", "机关", "U1")],
            "unit_villages": [{"unit": "U1", "village": "V1"}, {"unit": "U1", "village": "V2"}],
        },
    )
    duties = propose(town, [], QUOTAS)
    villages = {(d.cadre, d.subject.code[:2]) for d in duties if d.source == "office"}
    assert villages == {("C1", "V1"), ("C2", "V2")}


def test_leaders_get_three_of_each_and_three_groups_where_they_are_stationed() -> None:
    enterprises = [
        {"code": f"{category[0]}{n}", "name": "企", "category": category, "village": "V2" if n > 3 else "V1"}
        for category in ("区镇重点企业", "中小企业")
        for n in range(8)
    ]
    town = roster_of(
        a_village("V1", 2, 1),
        a_village("V2", 5, 1),
        {
            "cadres": [cadre("L1", "党政领导", None, "V2"), cadre("L2", "党政领导", None, "V1")],
            "enterprises": enterprises,
            "projects": [{"code": f"P{n}", "name": "项", "village": None} for n in range(5)],
        },
    )
    duties = [duty for duty in propose(town, [], QUOTAS) if duty.source == "leader"]
    assert counts(duties, "enterprise") == {"L1": 6, "L2": 6}
    assert counts(duties, "project") == {"L1": 3, "L2": 2}
    assert counts(duties, "group") == {"L1": 3, "L2": 2}
    near = {d.subject.code for d in duties if d.cadre == "L1" and d.subject.kind == "enterprise"}
    assert near == {"区4", "区5", "区6", "中4", "中5", "中6"}
    kinds = Counter(breach.kind for breach in check(town, duties, QUOTAS) if breach.cadre == "L2")
    assert kinds == {"leader_project": 1, "leader_group": 1}


def test_a_group_of_the_workbook_brings_its_households_but_not_to_a_leader() -> None:
    town = roster_of(
        a_village("V1", 2, 3),
        {
            "cadres": [cadre("L1", "党政领导"), cadre("C1", "其他"), cadre("Z1", "村干部", None, "V1")],
            "assignments": [
                {"kind": "group", "subject": "V1G0", "cadre": "C1"},
                {"kind": "group", "subject": "V1G1", "cadre": "L1"},
            ],
        },
    )
    assert counts(propose(town, [], QUOTAS)) == {"C1": 3, "Z1": 3}
    assert counts(propose(town, [], Quotas(leaders_take_households=True))) == {"C1": 3, "L1": 3}


def test_an_order_of_the_workbook_goes_over_an_earlier_proposal() -> None:
    town = roster_of(
        a_village("V1", 1, 4), {"cadres": [cadre("Z1", "村干部", None, "V1"), cadre("Z2", "其他")]}
    )
    before = propose(town, [], QUOTAS)
    order = {"kind": "household", "subject": "V1G0H002", "cadre": "Z2"}
    after = propose(Roster({**town.tables, "assignments": [order]}), before, QUOTAS)
    moved = {duty for duty in after if duty not in before}
    assert moved == {Duty(Subject("household", "V1G0H002"), "Z2", "workbook")}


def test_who_leaves_hands_over_and_nobody_else_moves() -> None:
    town = roster_of(
        a_village("V1", 1, 9),
        {"cadres": [cadre(f"Z{n}", "村干部", None, "V1") for n in range(3)]},
    )
    before = propose(town, [], QUOTAS)
    left = Roster({**town.tables, "cadres": [row for row in town["cadres"] if row["code"] != "Z1"]})
    after = {duty.subject: duty.cadre for duty in propose(left, before, QUOTAS)}
    for duty in before:
        assert after[duty.subject] == duty.cadre or duty.cadre == "Z1"
    assert set(after.values()) == {"Z0", "Z2"}


@pytest.mark.parametrize(
    ("unit", "links", "home"),
    [
        ({"code": "U1", "name": "V1村村民委员会"}, [], "V1"),
        ({"code": "V2", "name": "村委会"}, [], "V2"),
        ({"code": "U1", "name": "村委会"}, ["V2"], "V2"),
        ({"code": "U1", "name": "村委会"}, [], None),
    ],
    ids=["by name", "by code", "by link", "unknown"],
)
def test_a_village_cadres_village_is_found(unit: dict[str, Any], links: list[str], home: str | None) -> None:
    town = Town(
        roster_of(
            a_village("V1", 1, 1),
            a_village("V2", 1, 1),
            {
                "units": [{**unit, "line": None}],
                "cadres": [cadre("Z1", "村干部", unit["code"])],
                "unit_villages": [{"unit": unit["code"], "village": village} for village in links],
            },
        )
    )
    assert town.home("Z1") == home


def test_the_sample_towns_quotas_are_named_where_they_cannot_be_met(tmp_path: Path) -> None:
    write_workbook(build_town(3, 240), tmp_path / "town.xlsx")
    town = Roster({**load_workbook(tmp_path / "town.xlsx").tables, "assignments": []})
    duties = propose(town, [], QUOTAS)
    assert owned(town) <= {duty.subject for duty in duties}
    assert check(town, duties, QUOTAS) == []
    breaches = check(town, duties, Quotas(households_per_cadre=60))
    assert {breach.kind for breach in breaches} >= {"households_short", "households_quota"}


def test_breaches_of_units_and_leaders_are_named() -> None:
    town = roster_of(
        a_village("V1", 1, 1),
        {
            "units": [{"code": "U1", "name": "经发局", "line": None}],
            "cadres": [cadre("C1", "机关", "U1"), cadre("L1", "党政领导")],
        },
    )
    duties = [
        Duty(Subject("household", "V1G0H000"), "C1", "x"),
        Duty(Subject("household", "V1G0H000"), "L1", "x"),
        Duty(Subject("household", "gone"), "C9", "x"),
    ]
    messages = {breach.kind: breach.message for breach in check(town, duties, QUOTAS)}
    assert messages["two_owners"] == "户（V1G0H000）安排了多人：名C1（C1）、名L1（L1）"
    assert messages["unknown_cadre"] == "gone的走访人 C9 不在干部名册中"
    assert messages["unknown_subject"] == "C9的走访对象 gone 不在名册中"
    assert messages["no_stationed_village"] == "名L1（L1）没有蹲点村，请在干部名册中填写"
    assert messages["unit_villages"] == "经发局挂钩 0 个村，应为 1～2 个"
    assert messages["liaison_officer"] == "经发局有 0 名联络员，应为 1 名"
    assert messages["unassigned"] == "全镇有 1 个村（社区）没有走访人：V1村（V1）"


def test_a_leaders_group_elsewhere_is_named() -> None:
    town = roster_of(
        a_village("V1", 1, 0),
        a_village("V2", 1, 0),
        {"cadres": [cadre("L1", "党政领导", None, "V1")]},
    )
    duties = [Duty(Subject("group", "V2G0"), "L1", "workbook")]
    assert "group_elsewhere" in {breach.kind for breach in check(town, duties, QUOTAS)}


def test_a_focus_village_without_a_leader_is_named() -> None:
    """Row 39: leaders go first to where things are worst."""
    town = roster_of(a_village("V1", 1, 0), a_village("V2", 1, 0))
    for row in town["villages"]:
        row["focus"] = True
    led = roster_of({**town.tables, "cadres": [cadre("L1", "党政领导", None, "V1")]})
    assert [b.message for b in check(led, [], QUOTAS) if b.kind == "focus_village"] == [
        "V2村（V2）是重点村，还没有党政领导蹲点，请在干部名册的蹲点村中安排"
    ]


@pytest.mark.parametrize(
    "ordered",
    [
        ["", "1号", "2号", "2号-1", "2号-10", "10号"],
        ["一组", "二组", "十组", "十一组", "二十组", "一百零二组"],
        ["１组", "2组", "３组"],
        ["东1号", "东2号", "西1号"],
    ],
)
def test_doors_are_walked_as_people_count(ordered: list[str]) -> None:
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=natural) == ordered
