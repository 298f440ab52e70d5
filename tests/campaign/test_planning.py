"""Visit plans: every duty a working day in walking order, kept once planned; plan against fact."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returned import CAMPAIGN

from campaign import Campaign
from campaign.facts import Facts
from campaign.ledger import Visit
from campaign.planning import DONE, PlanError, _days_late, propose, read_plan
from campaign.progress import by_week
from campaign.roster import RosterError
from campaign.weeks import is_working_day
from store import Duty, Subject
from store.visit_plans import Planned

FIRST = date(2017, 3, 1)
HOUSES = [
    {"code": f"H{n:03d}", "village": "V1", "group": f"G{n % 3}", "head": "户", "door": f"{n}号"}
    for n in range(40)
]
FACTS = Facts(
    {
        "households": HOUSES,
        "groups": [{"code": f"G{n}", "village": "V1", "number": f"{n}组"} for n in range(3)],
        "villages": [{"code": "V1", "name": "孟河村"}],
        "cadres": [],
        "enterprises": [],
        "projects": [],
        "units": [],
        "notables": [
            {"code": "N1", "name": "钱教授", "residence": "海外", "unit": None},
            {"code": "N2", "name": "孙校长", "residence": "本镇", "unit": None},
        ],
    },
    CAMPAIGN,
)


def duty(code: str, cadre: str = "C1", kind: str = "household") -> Duty:
    return Duty(Subject(kind, code), cadre, "x")


DUTIES = st.lists(st.sampled_from(HOUSES), unique_by=lambda row: row["code"], max_size=40).flatmap(
    lambda rows: st.tuples(
        *(st.sampled_from(["C1", "C2"]).map(lambda c, r=r: duty(r["code"], c)) for r in rows)
    )
)


@settings(deadline=None)
@given(DUTIES, st.dates(FIRST, date(2017, 4, 28)))
def test_every_duty_has_a_working_day_and_walks_are_walked_in_order(
    duties: tuple[Duty, ...], first: date
) -> None:
    plan = propose(FACTS, duties, {}, CAMPAIGN, first)
    assert set(plan) == {one.subject for one in duties}
    for cadre in ("C1", "C2"):
        walk = sorted((one.subject for one in duties if one.cadre == cadre), key=FACTS.walking_key)
        days = [plan[subject].day for subject in walk]
        assert days == sorted(days)
        assert all(
            first <= day <= date(2017, 4, 30) and is_working_day(day, CAMPAIGN.handling) for day in days
        )
        assert days == [] or days[-1] == date(2017, 4, 28), "the last Friday"
        per_day = [days.count(day) for day in set(days)]
        assert not per_day or max(per_day) - min(per_day) <= 1, "no day much fuller than another"


@settings(deadline=None)
@given(DUTIES, DUTIES)
def test_what_is_planned_stays(before: tuple[Duty, ...], after: tuple[Duty, ...]) -> None:
    plan = propose(FACTS, before, {}, CAMPAIGN, FIRST)
    later = propose(FACTS, after, plan, CAMPAIGN, date(2017, 4, 3))
    assert propose(FACTS, after, later, CAMPAIGN, date(2017, 4, 20)) == later
    assert all(later[subject] == plan[subject] for subject in later.keys() & plan.keys())


def test_notables_elsewhere_are_written_to() -> None:
    plan = propose(FACTS, [duty("N1", kind="notable"), duty("N2", kind="notable")], {}, CAMPAIGN, FIRST)
    assert {subject.code: one.mode for subject, one in plan.items()} == {"N1": "by_letter", "N2": "in_person"}


def test_without_days_there_is_no_plan() -> None:
    with pytest.raises(PlanError, match="截止日期"):
        propose(FACTS, [duty("H001")], {}, Campaign(), FIRST)
    with pytest.raises(PlanError, match="没有工作日"):
        propose(FACTS, [duty("H001")], {}, CAMPAIGN, date(2017, 4, 29))


@pytest.mark.parametrize(
    ("visit", "late"),
    [
        (None, 4),
        (Visit(date(2017, 3, 8), "in_person", DONE, True, True, "2-5"), 2),
        (Visit(date(2017, 3, 3), "in_person", DONE, True, True, "2-5"), None),
        (Visit(None, "in_person", DONE, True, True, "2-5"), None),
        (Visit(date(2017, 3, 6), "in_person", "not_home", True, False, "2-5"), 4),
    ],
)
def test_late_is_what_came_after_its_day_or_not_yet(visit: Visit | None, late: int | None) -> None:
    assert _days_late(Planned(date(2017, 3, 6), "in_person"), visit, date(2017, 3, 10)) == late


def test_weeks_are_held_against_the_plan_where_there_is_one() -> None:
    duties = [duty(f"H{n:03d}") for n in range(10)]
    plan = {one.subject: Planned(date(2017, 3, 6), "in_person") for one in duties[:4]}
    weeks = by_week(CAMPAIGN, duties, [], plan)
    assert [week.planned for week in weeks][:2] == [0 + round(6 * 3 / 43), 4 + round(6 * 8 / 43)]
    assert weeks[-1].planned == 10


HEADINGS = "类型,编码,计划日期,方式\n"


def csv_plan(folder: Path, *lines: str) -> Path:
    path = folder / "plan.csv"
    path.write_text(HEADINGS + "\n".join(lines), "utf-8")
    return path


@pytest.mark.parametrize(
    "day",
    ["2017-04-05", "2017/4/5", "2017.4.5", "2017年4月5日", "4月5日", "20170405", "２０１７－０４－０５"],
)
def test_days_are_read_however_offices_write_them(tmp_path: Path, day: str) -> None:
    found = read_plan(csv_plan(tmp_path, f"户,H001,{day},电话"), [duty("H001")], CAMPAIGN)
    assert found == {Subject("household", "H001"): Planned(date(2017, 4, 5), "telephone")}


def test_every_wrong_line_is_named_at_once(tmp_path: Path) -> None:
    path = csv_plan(
        tmp_path, "户,H009,2017-04-05,上门", "户,H001,不定,上门", "户,H001,2017-05-09,飞信", "户,H001,,上门"
    )
    with pytest.raises(RosterError) as caught:
        read_plan(path, [duty("H001")], CAMPAIGN)
    assert [(issue.row, issue.heading) for issue in caught.value.errors] == [
        (2, "编码"),
        (3, "计划日期"),
        (4, "计划日期"),
        (4, "方式"),
    ]
