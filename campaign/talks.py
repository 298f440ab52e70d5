"""The talk register (谈话登记): who talked with whom, held against “原则上下谈一级” (domain.md §1, row 17).

The office keeps it as a workbook or CSV: 日期, 谈话人, 谈话对象 (工号 or a name that only one has), 方式,
内容. The plan names seven pairs of ranks; whoever is in none of them may talk, but it is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from campaign.cells import Cell, parse_day, plain
from campaign.config import Campaign
from campaign.facts import Facts
from campaign.roster import Issue, RosterError, open_book
from campaign.town import LEADER, VILLAGE
from store import Subject

COLUMNS = ("日期", "谈话人", "谈话对象", "方式", "内容")
MODES = ("谈话", "座谈", "函询", "研讨")


class Rank(StrEnum):
    """镇主要领导, 镇班子成员, 村主要负责人, 村班子成员, 单位主要负责人, 单位班子成员, 中层, 工作人员."""

    TOWN_HEAD = "镇主要领导"
    TOWN_MEMBER = "镇班子成员"
    VILLAGE_HEAD = "村（社区）主要负责人"
    VILLAGE_MEMBER = "村（社区）班子成员"
    UNIT_HEAD = "单位主要负责人"
    UNIT_MEMBER = "单位班子成员"
    MIDDLE = "中层干部"
    STAFF = "工作人员"


R = Rank
PAIRS: Mapping[tuple[Rank, Rank], str] = {
    (R.TOWN_HEAD, R.VILLAGE_HEAD): "镇主要领导与村（社区）班子成员",
    (R.TOWN_HEAD, R.VILLAGE_MEMBER): "镇主要领导与村（社区）班子成员",
    (R.TOWN_HEAD, R.TOWN_MEMBER): "镇主要领导与班子成员",
    (R.TOWN_HEAD, R.UNIT_HEAD): "镇党政领导与分管部门主要负责人",
    (R.TOWN_MEMBER, R.UNIT_HEAD): "镇党政领导与分管部门主要负责人",
    (R.TOWN_MEMBER, R.VILLAGE_HEAD): "镇党政领导与蹲点联系村（社区）主要负责人",
    (R.VILLAGE_HEAD, R.VILLAGE_MEMBER): "村（社区）主要负责人与班子成员",
    (R.UNIT_HEAD, R.UNIT_MEMBER): "单位主要负责人与班子成员",
    (R.UNIT_HEAD, R.MIDDLE): "班子成员与中层干部",
    (R.UNIT_MEMBER, R.MIDDLE): "班子成员与中层干部",
    (R.MIDDLE, R.STAFF): "中层干部和工作人员",
}
"""Who talks with whom (mission-plan, 走访干部). Group heads are on no cadre roster."""
_OWN = {(R.VILLAGE_HEAD, R.VILLAGE_MEMBER), (R.UNIT_HEAD, R.UNIT_MEMBER), (R.MIDDLE, R.STAFF)} | {
    (R.UNIT_HEAD, R.MIDDLE),
    (R.UNIT_MEMBER, R.MIDDLE),
}
"""Pairs of one and the same unit."""


@dataclass(frozen=True)
class Talk:
    """A line of the register. `rule`: the pair that it belongs to, "" when none; `remark`: what is not as
    the plan has it."""

    row: int
    day: date
    talker: str
    partner: str
    mode: str
    content: str
    rule: str
    remark: str


def rank_of(row: Mapping[str, Any], facts: Facts) -> Rank:
    """By type, position and whether the unit names the cadre as its head."""
    position = str(row.get("position") or "")
    if row["type"] == LEADER:
        main = re.search(r"(?<!副)(党委书记|镇长)$", position) and "副" not in position
        return R.TOWN_HEAD if main else R.TOWN_MEMBER
    if row["type"] == VILLAGE:
        return (
            R.VILLAGE_HEAD
            if position.endswith(("书记", "主任")) and "副" not in position
            else R.VILLAGE_MEMBER
        )
    unit = facts.row(Subject("unit", row.get("unit") or "")) or {}
    if row["name"] == unit.get("head") or re.search(r"(?<!副)(局长|所长|站长|主任|队长)$", position):
        return R.UNIT_HEAD
    if re.search(r"副(局长|所长|站长|主任|队长|书记)", position):
        return R.UNIT_MEMBER
    return R.MIDDLE if re.search(r"(科长|股长|组长|中层)", position) else R.STAFF


def read_talks(path: Path, facts: Facts, campaign: Campaign) -> list[Talk]:
    """The register's lines, checked. Raises RosterError with every line that cannot be read, OSError."""
    errors: list[Issue] = []
    talks: list[Talk] = []
    people = _People(facts)
    for name, grid in open_book(path).items():
        places = {plain(str(cell)): n for n, cell in enumerate(grid()[0])} if grid() else {}
        missing = [column for column in COLUMNS[:3] if column not in places]
        if missing:
            errors.append(Issue(name, f"缺少“{'”“'.join(missing)}”列，请补上", 1))
            continue
        for number, cells in enumerate(grid()[1:], 2):
            if any(str(cell).strip() for cell in cells):
                _read(name, number, cells, places, people, campaign, talks, errors)
    if errors:
        raise RosterError(errors)
    return talks


def _read(
    sheet: str,
    number: int,
    cells: Sequence[Cell],
    places: Mapping[str, int],
    people: _People,
    campaign: Campaign,
    talks: list[Talk],
    errors: list[Issue],
) -> None:
    said = {name: cells[n] if n < len(cells) else "" for name, n in places.items()}
    day = parse_day(said["日期"], campaign.year)
    codes = [people.code(str(said[name])) for name in ("谈话人", "谈话对象")]
    if day is None:
        errors.append(
            Issue(sheet, f"“{said['日期']}”不是日期，应写成 2017-04-05 的样子", number, heading="日期")
        )
    for name, code in zip(("谈话人", "谈话对象"), codes, strict=True):
        if code is None:
            errors.append(
                Issue(sheet, f"干部名册中没有“{said[name]}”，或有多人同名，请填工号", number, heading=name)
            )
    if day is None or codes[0] is None or codes[1] is None:
        return
    rule, remark = people.judge(codes[0], codes[1])
    inside = campaign.window(1).holds(day)
    remarks = [remark, "" if inside else "日期不在活动期间"]
    mode, content = str(said.get("方式", "")), str(said.get("内容", ""))
    if mode and mode not in MODES:
        remarks.append(f"方式应为{'、'.join(MODES)}")
    remark = "；".join(word for word in remarks if word)
    talks.append(Talk(number, day, codes[0], codes[1], mode, content, rule, remark))


class _People:
    """Cadres by code and by the names that only one has."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._rows = {
            row["code"]: row for row in facts.tables["cadres"].values() if row.get("removed") is None
        }
        names = [row["name"] for row in self._rows.values()]
        self._by_name = {
            row["name"]: code for code, row in self._rows.items() if names.count(row["name"]) == 1
        }

    def code(self, said: str) -> str | None:
        words = plain(said)
        return words if words in self._rows else self._by_name.get(words)

    def judge(self, talker: str, partner: str) -> tuple[str, str]:
        """The pair, and what is not as it should be."""
        if talker == partner:
            return "", "谈话人与谈话对象是同一人"
        upper, lower = self._rows[talker], self._rows[partner]
        ranks = rank_of(upper, self._facts), rank_of(lower, self._facts)
        rule = PAIRS.get(ranks, "")
        if not rule:
            return "", f"不是下谈一级：{ranks[0]}与{ranks[1]}"
        if ranks in _OWN and upper["unit"] != lower["unit"]:
            return rule, "不是同一单位"
        if ranks == (R.TOWN_MEMBER, R.VILLAGE_HEAD) and not self._stationed(upper, lower):
            return rule, "不是蹲点联系村"
        return rule, ""

    def _stationed(self, leader: Mapping[str, Any], head: Mapping[str, Any]) -> bool:
        village = self._facts.row(Subject("village", leader.get("stationed_village") or ""))
        unit = self._facts.row(Subject("unit", head.get("unit") or ""))
        if village is None:
            return False
        same_unit = unit is not None and str(unit["name"]).startswith(str(village["name"]))
        return same_unit or head.get("stationed_village") == village["code"]


def without_talk(facts: Facts, talks: Sequence[Talk]) -> Iterator[str]:
    """全员覆盖: the cadres with whom nobody has talked, but for the town's heads."""
    heard = {talk.partner for talk in talks}
    for row in facts.tables["cadres"].values():
        alive = row.get("removed") is None
        if alive and row["code"] not in heard and rank_of(row, facts) is not R.TOWN_HEAD:
            yield str(row["code"])
