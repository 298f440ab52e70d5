"""How far the campaign has come: what was issued and returned, quotas, and who was not visited yet.

overview = Overview.of(store, campaign)       # loads everything once, deriving what is stale
overview.lines("village")
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Connection, select

from campaign.breaches import OWNED_KINDS, is_revisit
from campaign.config import Campaign
from campaign.facts import Facts
from campaign.opinions import ISSUE
from campaign.records import RecordStatus, record_name
from campaign.standing import refresh
from campaign.town import KEY_ENTERPRISE, LEADER, OFFICE, line_of
from campaign.walking import natural
from store import Duty, Store, Subject, roster
from store.printed import form_titles, printed_again, resolved_instances
from store.standing import Standing, load_standings

By = Literal["cadre", "unit", "village", "group", "line", "form"]
BY_NAMES: Mapping[str, str] = {
    "cadre": "干部",
    "unit": "单位",
    "village": "村（社区）",
    "group": "小组",
    "line": "条线",
    "form": "表单",
}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """Figures of one cadre, unit, village or form. `key` is its code, "" where there is none.

    assigned   subjects that somebody has to visit (no such figure by form: 0)
    issued     forms handed out about a subject; spares, and anonymous forms that were printed again, count
               once they came back
    returned   of which at least one page came back: the sum of the next three
    incomplete, to_review, complete   pages are missing; fields are unsure; neither
    missing    issued and not returned
    """

    key: str
    name: str
    assigned: int
    issued: int
    returned: int
    incomplete: int
    to_review: int
    complete: int

    @property
    def missing(self) -> int:
        return self.issued - self.returned


@dataclass(frozen=True)
class Quota:
    """What a cadre owes. `kind`: household, key (区镇重点企业), small (中小企业) or project.

    visited   of the assigned, those whose form came back and says that the visit took place
    returned  of the assigned, those whose form came back at all (家中无人, 空关户 and so on included)
    """

    cadre: str
    name: str
    kind: str
    wanted: int
    assigned: int
    returned: int
    visited: int

    @property
    def met(self) -> bool:
        return self.visited >= self.wanted


@dataclass(frozen=True)
class Unvisited:
    """A subject from which nothing came back. `why`: unassigned, not_printed or not_returned."""

    subject: Subject
    name: str
    village: str
    cadre: str | None
    cadre_name: str
    why: str


@dataclass(frozen=True)
class _Issued:
    """A form about a subject that was handed out, and how it stands, None while nothing came back."""

    form: str
    subject: Subject | None
    cadre: str | None
    standing: Standing | None


@dataclass(frozen=True)
class Part:
    """A part of the town: of one village, of one unit's cadres, of one cadre, of one line (企业, 群众, 干部,
    名士); "" for any."""

    village: str = ""
    unit: str = ""
    cadre: str = ""
    line: str = ""

    @property
    def whole(self) -> bool:
        return self == Part()


@dataclass(frozen=True)
class Overview:
    """Everything that the figures of a round are counted from, of the town or a `part` of it."""

    campaign: Campaign
    facts: Facts
    roster: Mapping[str, list[dict[str, Any]]]
    duties: tuple[Duty, ...]
    issued: tuple[_Issued, ...]
    titles: Mapping[str, str]  # of forms
    part: Part = Part()

    @staticmethod
    def of(store: Store, campaign: Campaign) -> Overview:
        refresh(store, campaign)
        with store.read() as db:
            duties = tuple(roster.load_duties(db, campaign.round))
            return Overview(
                campaign,
                Facts.of(db, campaign),
                roster.load(db),
                duties,
                tuple(_load_issued(db, campaign.round, {duty.subject: duty.cadre for duty in duties})),
                form_titles(db),
            )

    def of_part(self, part: Part) -> Overview:
        """The same of a part of the town."""
        whole = replace(self, part=part)
        return replace(
            whole,
            duties=tuple(duty for duty in self.duties if whole._takes(duty.subject, duty.cadre)),
            issued=tuple(one for one in self.issued if whole._takes(one.subject, one.cadre, one.form)),
        )

    def _takes(self, subject: Subject | None, cadre: str | None, form: str = "") -> bool:
        part = self.part
        return part.whole or (
            (not part.village or (subject is not None and self.facts.village(subject) == part.village))
            and (not part.unit or self.unit_of.get(cadre or "") == part.unit)
            and (not part.cadre or cadre == part.cadre)
            and (not part.line or line_of(form, subject) == part.line)
        )

    # --- figures ---

    def lines(self, by: By) -> list[Line]:
        """The figures by cadre, unit, village or form, in the order of codes; those with nothing at all
        are left out."""
        group = self._grouping(by)
        assigned: Counter[str] = Counter()
        if by != "form":
            assigned.update(group("", duty.subject, duty.cadre) for duty in self.duties)
        issued: dict[str, list[_Issued]] = defaultdict(list)
        for one in self.issued:
            issued[group(one.form, one.subject, one.cadre)].append(one)
        keys = sorted(set(assigned) | set(issued), key=natural)
        return [_line(key, self._name(by, key), assigned[key], issued[key]) for key in keys]

    def total(self) -> Line:
        """The figures of the whole town."""
        return _line("", "合计", len(self.duties), self.issued)

    def _grouping(self, by: By) -> Callable[[str, Subject | None, str | None], str]:
        def cadre(form: str, subject: Subject | None, owner: str | None) -> str:
            return owner or ""

        def unit(form: str, subject: Subject | None, owner: str | None) -> str:
            return self.unit_of.get(owner or "", "")

        def village(form: str, subject: Subject | None, owner: str | None) -> str:
            return (self.facts.village(subject) if subject else None) or ""

        def form_id(form: str, subject: Subject | None, owner: str | None) -> str:
            return form

        def group(form: str, subject: Subject | None, owner: str | None) -> str:
            row = self.facts.row(subject) if subject and subject.kind == "household" else None
            return str(row["group"]) if row else ""

        def line(form: str, subject: Subject | None, owner: str | None) -> str:
            return line_of(form, subject)

        ways = {"cadre": cadre, "unit": unit, "village": village, "group": group, "line": line}
        return {**ways, "form": form_id}[by]

    @cached_property
    def unit_of(self) -> Mapping[str, str]:
        """Cadre → unit."""
        return {row["code"]: row["unit"] or "" for row in self.roster["cadres"]}

    def _name(self, by: By, key: str) -> str:
        if not key:
            return "（未注明）"
        if by == "line":
            return key
        if by == "form":
            return self.titles.get(key, key)
        if by == "group":
            return self.facts.place(Subject("group", key))
        return self.facts.name(Subject(by, key))

    # --- quotas ---

    def quotas(self) -> list[Quota]:
        """What leaders, and 机关 and 事业 cadres, owe and have done, by cadre. Of one village: what they
        have done there."""
        assigned, returned, visited = self._tallies()
        return [
            Quota(code, name, kind, wanted, assigned[code, kind], returned[code, kind], visited[code, kind])
            for code, name, kind, wanted in self._owed()
        ]

    def _owed(self) -> Iterator[tuple[str, str, str, int]]:
        if is_revisit(self.duties):
            return
        quotas = self.campaign.quotas
        leaders = (
            ("key", quotas.key_enterprises_per_leader),
            ("small", quotas.small_enterprises_per_leader),
            ("project", quotas.projects_per_leader),
        )
        part = self.part
        for row in self.roster["cadres"]:
            if part.unit not in ("", row["unit"]) or part.cadre not in ("", row["code"]):
                continue
            if row["type"] in OFFICE:
                yield row["code"], row["name"], "household", quotas.households_per_cadre
            if row["type"] == LEADER:
                for kind, wanted in leaders:
                    yield row["code"], row["name"], kind, wanted

    def _tallies(self) -> tuple[Counter[Hashable], Counter[Hashable], Counter[Hashable]]:
        assigned, returned, visited = Counter[Hashable](), Counter[Hashable](), Counter[Hashable]()
        for duty in self.duties:
            key = duty.cadre, self._what(duty.subject)
            standings = self.came_back.get(duty.subject, ())
            assigned[key] += 1
            returned[key] += bool(standings)
            visited[key] += any(standing.completed for standing in standings)
        return assigned, returned, visited

    def _what(self, subject: Subject) -> str:
        row = self.facts.row(subject) if subject.kind == "enterprise" else None
        if row is None:
            return subject.kind
        return "key" if row["category"] == KEY_ENTERPRISE else "small"

    @cached_property
    def came_back(self) -> Mapping[Subject, list[Standing]]:
        found: dict[Subject, list[Standing]] = defaultdict(list)
        for one in self.issued:
            if one.subject and one.standing:
                found[one.subject].append(one.standing)
        return found

    # --- who is left ---

    def unvisited(self) -> list[Unvisited]:
        """一户不漏、一企不落: every subject on the roster from which nothing came back, by village. Of a
        revisit round: of those to be visited again."""
        owners = {duty.subject: duty.cadre for duty in self.duties}
        printed = {one.subject for one in self.issued}
        left = [subject for subject in self._subjects() if subject not in self.came_back]
        left = [subject for subject in left if self._takes(subject, owners.get(subject))]
        found = [self._unvisited(subject, owners.get(subject), subject in printed) for subject in left]
        return sorted(found, key=lambda one: (one.subject.kind, one.village, one.subject.code))

    def _subjects(self) -> Iterator[Subject]:
        if is_revisit(self.duties):
            yield from (duty.subject for duty in self.duties)
            return
        for kind in OWNED_KINDS:
            yield from (Subject(kind, row["code"]) for row in self.roster[kind + "s"])

    def _unvisited(self, subject: Subject, cadre: str | None, printed: bool) -> Unvisited:
        village = self.facts.village(subject)
        return Unvisited(
            subject,
            self.facts.name(subject),
            self.facts.name(Subject("village", village)) if village else "",
            cadre,
            self.facts.name(Subject("cadre", cadre)) if cadre else "",
            "not_returned" if printed else "not_printed" if cadre else "unassigned",
        )


def _load_issued(db: Connection, round: int, owners: Mapping[Subject, str]) -> Iterator[_Issued]:
    """Forms handed out that are not void, once for each record that they can make. Who has to visit the
    subject now counts as its cadre, whoever got the form."""
    standings = {standing.record: standing for standing in load_standings(db, round)}
    resolved = resolved_instances()
    columns = (
        resolved.c.id,
        resolved.c.form,
        resolved.c.subject_kind,
        resolved.c.subject,
        resolved.c.cadre,
        resolved.c.spare,
        resolved.c.anonymous,
    )
    seen: set[str] = set()
    again = printed_again(db, round)
    query = (
        select(*columns)
        .where(resolved.c.round == round, ~resolved.c.void)
        .order_by(resolved.c.issued_at.desc())
    )
    for row in db.execute(query).all():
        if row.subject_kind == ISSUE:
            continue  # hand-over slips are no part of the visits
        subject = Subject(row.subject_kind, row.subject) if row.subject else None
        record = record_name(row.form, round, subject, row.id)
        standing = standings.get(record)
        if record in seen or (row.spare and standing is None):
            continue
        if row.anonymous and standing is None and again[row.form] > 0:
            again[row.form] -= 1
            continue
        seen.add(record)
        cadre = owners.get(subject, row.cadre) if subject else row.cadre
        yield _Issued(row.form, subject, cadre, standing)


def _line(key: str, name: str, assigned: int, issued: Iterable[_Issued]) -> Line:
    listed = list(issued)
    status = Counter(one.standing.status for one in listed if one.standing)
    return Line(
        key=key,
        name=name,
        assigned=assigned,
        issued=len(listed),
        returned=status.total(),
        incomplete=status[RecordStatus.INCOMPLETE],
        to_review=status[RecordStatus.NEEDS_REVIEW],
        complete=status[RecordStatus.COMPLETE],
    )
