"""Who visits whom: every subject one cadre (不重不漏), by the campaign plan's rules (domain.md §1).

What the workbook orders comes first, then what was proposed before, so that running again changes
nothing without need. Then, in this order:

    leaders      3 key enterprises, 3 small ones and 3 projects each; 3 groups where they are stationed
    offices      every 机关 and 事业 cadre 30 households, walking on from door to door, in the villages
                 that the cadre's unit is linked to; fewer each, and equally many, where there are fewer
    villages     the village's own cadres take the households, enterprises and projects that are left
    others       whoever is nearest takes what then has nobody, so that nothing is left out

A quota that cannot be met is for `campaign.breaches` to name, never a failure.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from campaign.config import Quotas
from campaign.roster import Roster
from campaign.town import KEY_ENTERPRISE, LEADER, OFFICE, Town, grouped
from campaign.walking import natural
from store import Duty, Subject

WORKBOOK = "workbook"


def propose(roster: Roster, existing: Sequence[Duty], quotas: Quotas) -> list[Duty]:
    """The duties of a round, sorted by subject. `existing`: what was proposed before, which is kept
    where it still can be. Subjects are left without a cadre only if there are no cadres at all."""
    town = Town(roster)
    owners = _Owners(town)
    owners.take_workbook(roster)
    _groups_of_the_workbook(town, owners)
    owners.keep(existing)
    _leaders(town, owners, quotas)
    _groups_of_leaders(town, owners, quotas)
    _offices(town, owners, quotas)
    _village_surveys(town, owners)
    _rest_of_villages(town, owners)
    _notables(town, owners)
    return sorted(owners.duties.values(), key=lambda duty: duty.subject)


# --- owners --------------------------------------------------------------------------------------


class _Owners:
    """Who has whom so far. A subject that has an owner keeps it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.duties: dict[Subject, Duty] = {}
        self._loads: Counter[tuple[str, str]] = Counter()  # (cadre, what) → subjects

    def give(self, subject: Subject, cadre: str, source: str) -> None:
        if subject not in self.duties:
            self.duties[subject] = Duty(subject, cadre, source)
            self._loads[cadre, self._what(subject)] += 1

    def _what(self, subject: Subject) -> str:
        """What quotas count: the kind, and whether an enterprise is a key one."""
        if subject.kind != "enterprise":
            return subject.kind
        return "key" if self.town.enterprises[subject.code]["category"] == KEY_ENTERPRISE else "small"

    def load(self, cadre: str, *what: str) -> int:
        return sum(self._loads[cadre, one] for one in what)

    def free(self, kind: str, codes: Iterable[str]) -> list[str]:
        return [code for code in codes if Subject(kind, code) not in self.duties]

    def take_workbook(self, roster: Roster) -> None:
        for row in roster["assignments"]:
            subject = Subject(row["kind"], row["subject"])
            if row["cadre"] in self.town.cadres and self.town.has(subject):
                self.give(subject, row["cadre"], WORKBOOK)

    def keep(self, existing: Iterable[Duty]) -> None:
        for duty in existing:
            if duty.source != WORKBOOK and duty.cadre in self.town.cadres and self.town.has(duty.subject):
                self.give(duty.subject, duty.cadre, duty.source)

    def deal(self, kind: str, codes: Sequence[str], cadres: Sequence[str], source: str) -> None:
        """Give each subject to the cadre who then has the fewest of its kind."""
        what = ("key", "small", "project") if kind in ("enterprise", "project") else (kind,)
        queue = [(self.load(cadre, *what), n, cadre) for n, cadre in enumerate(cadres)]
        heapq.heapify(queue)
        for code in codes if queue else ():
            load, n, cadre = heapq.heappop(queue)
            self.give(Subject(kind, code), cadre, source)
            heapq.heappush(queue, (load + 1, n, cadre))

    def deal_walks(
        self, households: Sequence[str], cadres: Sequence[str], source: str, most: int | None = None
    ) -> None:
        """Give each cadre a stretch of the walk, so that all come to have equally many, `most` at most."""
        loads = [self.load(cadre, "household") for cadre in cadres]
        left = iter(households)
        for cadre, count in zip(cadres, _level(len(households), loads, most), strict=True):
            for code in islice(left, count):
                self.give(Subject("household", code), cadre, source)


def _level(total: int, loads: Sequence[int], most: int | None) -> list[int]:
    """How many of `total` each gets, the lowest load first, none to rise above `most`."""
    shares = [0] * len(loads)
    queue = [(load, n) for n, load in enumerate(loads) if most is None or load < most]
    heapq.heapify(queue)
    while total and queue:
        load, n = heapq.heappop(queue)
        shares[n] += 1
        total -= 1
        if most is None or load + 1 < most:
            heapq.heappush(queue, (load + 1, n))
    return shares


# --- the rules -----------------------------------------------------------------------------------


def _groups_of_the_workbook(town: Town, owners: _Owners) -> None:
    """包组: who is given a group by the workbook has its households, but for leaders, who select."""
    given = [duty for duty in owners.duties.values() if duty.subject.kind == "group"]
    owner = {d.subject.code: d.cadre for d in given if town.cadres[d.cadre]["type"] != LEADER}
    for code, row in town.households.items():
        if row["group"] in owner:
            owners.give(Subject("household", code), owner[row["group"]], "group")


def _leaders(town: Town, owners: _Owners, quotas: Quotas) -> None:
    """Row 7. In turns, so that where there are too few, all leaders have nearly as many; near their
    village first."""
    leaders = town.of_type(LEADER)
    key = [code for code, row in town.enterprises.items() if row["category"] == KEY_ENTERPRISE]
    small = [code for code in town.enterprises if code not in set(key)]
    _take_turns(town, owners, leaders, "enterprise", key, "key", quotas.key_enterprises_per_leader)
    _take_turns(town, owners, leaders, "enterprise", small, "small", quotas.small_enterprises_per_leader)
    _take_turns(town, owners, leaders, "project", list(town.projects), "project", quotas.projects_per_leader)


def _take_turns(
    town: Town,
    owners: _Owners,
    leaders: Sequence[str],
    kind: str,
    codes: Sequence[str],
    what: str,
    quota: int,
) -> None:
    rows, free = town.rows(kind), owners.free(kind, codes)
    for goal in range(1, quota + 1):
        for leader in leaders:
            if not free:
                return
            if owners.load(leader, what) < goal:
                village = town.cadres[leader]["stationed_village"]
                chosen = next(
                    (code for code in free if village and rows[code]["village"] == village), free[0]
                )
                owners.give(Subject(kind, chosen), leader, "leader")
                free.remove(chosen)


def _groups_of_leaders(town: Town, owners: _Owners, quotas: Quotas) -> None:
    """Row 12: groups in the village where the leader is stationed."""
    walk = sorted(town.groups.values(), key=lambda row: natural(row["number"]))
    by_village = grouped((row["village"], row["code"]) for row in walk)
    for village, leaders in town.leaders_of_village.items():
        for leader in leaders:
            groups = sorted(
                by_village.get(village, []), key=lambda code: natural(town.groups[code]["number"])
            )
            wanted = quotas.groups_per_leader - owners.load(leader, "group")
            for code in owners.free("group", groups)[: max(wanted, 0)]:
                owners.give(Subject("group", code), leader, "leader")
    if quotas.leaders_take_households:
        owner = {d.subject.code: d.cadre for d in owners.duties.values() if d.subject.kind == "group"}
        for code, row in town.households.items():
            if row["group"] in owner:
                owners.give(Subject("household", code), owner[row["group"]], "leader")


def _offices(town: Town, owners: _Owners, quotas: Quotas) -> None:
    """Row 14: each cadre walks in one of the unit's villages first, in the others with what is wanting."""
    quota = quotas.households_per_cadre
    supply = {v: len(owners.free("household", found)) for v, found in town.households_of_village.items()}
    first: dict[str, list[str]] = defaultdict(list)
    for cadre in town.of_type(*OFFICE):
        linked = [village for village in town.linked_villages(cadre) if village in supply]
        if linked:
            village = max(linked, key=lambda v: supply[v])
            supply[village] -= max(quota - owners.load(cadre, "household"), 0)
            first[village].append(cadre)
    for cadres_of in (first, town.offices_of_village):
        for village in sorted(cadres_of):
            free = owners.free("household", town.households_of_village.get(village, ()))
            owners.deal_walks(free, cadres_of[village], "office", quota)


def _village_surveys(town: Town, owners: _Owners) -> None:
    """Who fills the village's own form in: the leader stationed there, or else someone of the linked
    unit, or else of the village."""
    for village in owners.free("village", town.villages):
        near = (
            town.leaders_of_village.get(village)
            or _liaison_first(town, town.offices_of_village.get(village, []))
            or town.cadres_of_village.get(village)
            or town.anyone()
        )
        owners.deal("village", [village], near, "village")


def _liaison_first(town: Town, cadres: Sequence[str]) -> list[str]:
    officers = [cadre for cadre in cadres if town.cadres[cadre]["is_liaison_officer"]]
    return officers or list(cadres)


def _rest_of_villages(town: Town, owners: _Owners) -> None:
    """Rows 8 and 15: what leaders and offices leave falls to the village, or whoever is near it."""
    for village, households in town.households_of_village.items():
        free = owners.free("household", households)
        if free:
            owners.deal_walks(free, _near(town, village), "village")
    for kind in ("enterprise", "project"):
        by_village: dict[str | None, list[str]] = defaultdict(list)
        for code in owners.free(kind, town.rows(kind)):
            by_village[town.rows(kind)[code]["village"]].append(code)
        for place, codes in by_village.items():
            near = town.cadres_of_village.get(place or "") or _of_line(town, "企业") or town.anyone()
            owners.deal(kind, codes, near, "village" if place in town.cadres_of_village else "line")


def _near(town: Town, village: str) -> list[str]:
    return (
        town.cadres_of_village.get(village)
        or town.offices_of_village.get(village)
        or town.leaders_of_village.get(village)
        or town.anyone()
    )


def _of_line(town: Town, line: str) -> list[str]:
    """The cadres of the units that lead a line (牵头线)."""
    units = {code for code, row in town.units.items() if row["line"] == line}
    return [code for code, row in town.cadres.items() if row["unit"] in units]


def _notables(town: Town, owners: _Owners) -> None:
    """Row 19: the responsible unit, or a leader, or the line's unit."""
    by_unit = grouped((row["unit"], code) for code, row in town.cadres.items() if row["unit"])
    for code in owners.free("notable", town.notables):
        unit = town.notables[code]["unit"]
        near = (
            _liaison_first(town, by_unit.get(unit, []))
            or town.of_type(LEADER)
            or _of_line(town, "名士")
            or town.anyone()
        )
        owners.deal("notable", [code], near, "notable")
