"""Which of the campaign plan's rules an assignment does not keep, in words for the clerk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from campaign.config import Quotas
from campaign.roster import Roster
from campaign.town import KEY_ENTERPRISE, KIND_WORDS, LEADER, OFFICE, Town, grouped
from store import Duty, Subject

OWNED_KINDS = ("village", "enterprise", "project", "household", "notable")
"""Kinds of which every subject must have an owner; groups need none."""
REVISIT = "revisit"
"""Source of the duties of a revisit round (`campaign.revisits`)."""
_NAMED = 5  # how many names a message lists


@dataclass(frozen=True)
class Breach:
    """A rule that the assignment does not keep. `kind` is stable English, `message` for the clerk."""

    kind: str
    message: str
    cadre: str | None = None
    subjects: tuple[Subject, ...] = ()


def is_revisit(duties: Sequence[Duty]) -> bool:
    """Whether a round only goes back to some: the others, and quotas, were the business of the first."""
    return bool(duties) and all(duty.source == REVISIT for duty in duties)


def check(roster: Roster, duties: Sequence[Duty], quotas: Quotas) -> list[Breach]:
    """Every rule that these duties, or the roster itself, do not keep."""
    town = Town(roster)
    owners: dict[Subject, list[Duty]] = defaultdict(list)
    for duty in duties:
        owners[duty.subject].append(duty)
    if is_revisit(duties):
        return [*_check_doubles(town, owners), *_check_known(town, duties)]
    return [
        *_check_doubles(town, owners),
        *_check_missing(town, owners),
        *_check_known(town, duties),
        *_check_offices(town, duties, quotas),
        *_check_leaders(town, duties, quotas),
        *_check_focus(town),
        *_check_units(town, quotas),
    ]


def _check_doubles(town: Town, owners: Mapping[Subject, Sequence[Duty]]) -> Iterator[Breach]:
    """不重."""
    for subject, duties in sorted(owners.items()):
        if len({duty.cadre for duty in duties}) > 1:
            who = "、".join(town.cadre_name(duty.cadre) for duty in duties)
            yield Breach("two_owners", f"{town.name(subject)}安排了多人：{who}", None, (subject,))


def _check_missing(town: Town, owners: Mapping[Subject, Sequence[Duty]]) -> Iterator[Breach]:
    """不漏."""
    for kind in OWNED_KINDS:
        missing = [Subject(kind, code) for code in town.rows(kind) if Subject(kind, code) not in owners]
        by_place: dict[str, list[Subject]] = defaultdict(list)
        for subject in missing:
            village = town.rows(kind)[subject.code].get("village")
            by_place[town.villages[village]["name"] if village in town.villages else ""].append(subject)
        for place, subjects in by_place.items():
            names = _list(town.name(subject) for subject in subjects)
            message = f"{place or '全镇'}有 {len(subjects)} 个{KIND_WORDS[kind]}没有走访人：{names}"
            yield Breach("unassigned", message, None, tuple(subjects))


def _check_known(town: Town, duties: Sequence[Duty]) -> Iterator[Breach]:
    for duty in duties:
        if duty.cadre not in town.cadres:
            message = f"{town.name(duty.subject)}的走访人 {duty.cadre} 不在干部名册中"
            yield Breach("unknown_cadre", message, duty.cadre, (duty.subject,))
        if not town.has(duty.subject):
            message = f"{town.cadre_name(duty.cadre)}的走访对象 {duty.subject.code} 不在名册中"
            yield Breach("unknown_subject", message, duty.cadre, (duty.subject,))


def _check_offices(town: Town, duties: Sequence[Duty], quotas: Quotas) -> Iterator[Breach]:
    counts = Counter(duty.cadre for duty in duties if duty.subject.kind == "household")
    cadres = town.of_type(*OFFICE)
    demand, supply = quotas.households_per_cadre * len(cadres), len(town.households)
    if demand > supply:
        message = (
            f"机关事业干部 {len(cadres)} 人每人 {quotas.households_per_cadre} 户需 {demand} 户，"
            f"全镇只有 {supply} 户，无法全部达到"
        )
        yield Breach("households_short", message)
    for cadre in cadres:
        if counts[cadre] < quotas.households_per_cadre:
            why = "" if town.linked_villages(cadre) else "，所在单位没有挂钩村"
            message = (
                f"{town.cadre_name(cadre)}安排 {counts[cadre]} 户，少于 {quotas.households_per_cadre} 户{why}"
            )
            yield Breach("households_quota", message, cadre)


def _check_leaders(town: Town, duties: Sequence[Duty], quotas: Quotas) -> Iterator[Breach]:
    counts: Counter[tuple[str, str]] = Counter()
    for duty in duties:
        row = town.enterprises.get(duty.subject.code) if duty.subject.kind == "enterprise" else None
        what = duty.subject.kind
        if row is not None:
            what = "key" if row["category"] == KEY_ENTERPRISE else "small"
        counts[duty.cadre, what] += 1
    wanted = (
        ("key", KEY_ENTERPRISE, quotas.key_enterprises_per_leader),
        ("small", "中小企业", quotas.small_enterprises_per_leader),
        ("project", "重点项目", quotas.projects_per_leader),
        ("group", "村民小组", quotas.groups_per_leader),
    )
    for leader in town.of_type(LEADER):
        name, village = town.cadre_name(leader), town.cadres[leader]["stationed_village"]
        if not village:
            yield Breach("no_stationed_village", f"{name}没有蹲点村，请在干部名册中填写", leader)
        for what, word, quota in wanted:
            if counts[leader, what] < quota:
                message = f"{name}安排{word} {counts[leader, what]} 个，少于 {quota} 个"
                yield Breach(f"leader_{what}", message, leader)
    for duty in duties:
        group, cadre = town.groups.get(duty.subject.code), town.cadres.get(duty.cadre)
        if duty.subject.kind == "group" and group and cadre and cadre["type"] == LEADER:
            village = cadre["stationed_village"]
            if village and group["village"] != village:
                message = f"{town.cadre_name(duty.cadre)}的小组 {group['number']} 不在其蹲点村"
                yield Breach("group_elsewhere", message, duty.cadre, (duty.subject,))


def _check_focus(town: Town) -> Iterator[Breach]:
    """Row 39: leaders go first to where development, means and peace are worst."""
    for code, row in town.villages.items():
        if row.get("focus") and code not in town.leaders_of_village:
            message = f"{row['name']}（{code}）是重点村，还没有党政领导蹲点，请在干部名册的蹲点村中安排"
            yield Breach("focus_village", message, None, (Subject("village", code),))


def _check_units(town: Town, quotas: Quotas) -> Iterator[Breach]:
    """Rows 13 and 31."""
    members = grouped((row["unit"], code) for code, row in town.cadres.items() if row["unit"])
    least, most = quotas.villages_per_unit_least, quotas.villages_per_unit_most
    for unit, cadres in sorted(members.items()):
        name = town.units[unit]["name"] if unit in town.units else unit
        linked = len(town.villages_of_unit.get(unit, ()))
        offices = [cadre for cadre in cadres if town.cadres[cadre]["type"] in OFFICE]
        if offices and not least <= linked <= most:
            yield Breach("unit_villages", f"{name}挂钩 {linked} 个村，应为 {least}～{most} 个")
        officers = [cadre for cadre in cadres if town.cadres[cadre]["is_liaison_officer"]]
        if len(officers) != 1:
            yield Breach("liaison_officer", f"{name}有 {len(officers)} 名联络员，应为 1 名")


def _list(names: Iterable[str]) -> str:
    listed = list(names)
    more = f"等 {len(listed)} 个" if len(listed) > _NAMED else ""
    return "、".join(listed[:_NAMED]) + more
