"""What is printed on a sheet from the roster, so that nobody has to write what is known.

A PREFILL field names its fact by `source`: `subject.head`, `cadre.name`, `unit.phone`, `campaign.name`.
Facts that the roster lacks are left out, and their place stays empty for a pen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from campaign.config import Campaign
from campaign.town import LEADER
from campaign.walking import natural
from forms.model import Field, Kind
from store import Subject, roster
from store.model import TABLE_OF_KIND

Row = Mapping[str, Any]
VISITED = ("village", "enterprise", "project", "household", "notable")
"""Kinds of subjects on a walk, in the order in which those of one village are visited."""


class Facts:
    """The facts of a roster, those included who have left it since sheets were printed for them."""

    def __init__(self, tables: Mapping[str, Iterable[Row]], campaign: Campaign) -> None:
        self._cadres: dict[str | None, dict[str, str]] = {}  # facts found so far: a cadre has many sheets
        self._rows = {name: {row["code"]: row for row in rows} for name, rows in tables.items()}
        self._campaign = {
            "campaign.name": campaign.name,
            "campaign.town": campaign.town,
            "campaign.office_phone": campaign.office_phone,
            "campaign.supervision_phone": campaign.supervision_phone,
            "campaign.hotline": campaign.hotline,
            "campaign.deadline": _day(campaign.now.end) if campaign.now.end else "",
        }
        self._counts = Counter(
            (table, row["village"]) for table in ("groups", "enterprises") for row in self._present(table)
        )
        self._leaders = {
            village: "、".join(row["name"] for row in rows)
            for village, rows in _grouped(self._present("cadres"), "stationed_village").items()
            if village
        }

    @staticmethod
    def of(db: Connection, campaign: Campaign) -> Facts:
        return Facts(roster.load(db, *TABLE_OF_KIND.values(), removed=True), campaign)

    @staticmethod
    def without_households(db: Connection, campaign: Campaign) -> Facts:
        """What there is to know of all others: they are few, and soon loaded."""
        tables = [table for table in TABLE_OF_KIND.values() if table != "households"]
        return Facts({"households": (), **roster.load(db, *tables, removed=True)}, campaign)

    def _present(self, table: str) -> Iterator[Row]:
        return (row for row in self._rows[table].values() if row.get("removed") is None)

    @property
    def tables(self) -> Mapping[str, Mapping[str, Row]]:
        """Table → code → row, those included who have left the roster."""
        return self._rows

    def codes(self, kind: str) -> list[str]:
        """The codes of those of a kind who are on the roster now."""
        return [row["code"] for row in self._present(TABLE_OF_KIND[kind])]

    def row(self, subject: Subject) -> Row | None:
        table = TABLE_OF_KIND.get(subject.kind)  # none for an issue
        return self._rows[table].get(subject.code) if table else None

    def name(self, subject: Subject) -> str:
        """How a clerk knows the subject; its code when the roster does not know it."""
        row = self.row(subject)
        return str(_SUBJECT_NAMES.get(subject.kind, _by_name)(row)) if row else subject.code

    def village(self, subject: Subject) -> str | None:
        """The code of the village where the subject is."""
        row = self.row(subject)
        if subject.kind == "village":
            return subject.code
        return row.get("village") if row else None

    def about(self, subject: Subject | None, cadre: str | None) -> dict[str, str]:
        """Every fact about a subject, its visitor, the visitor's unit and the campaign, by source."""
        if cadre not in self._cadres:
            self._cadres[cadre] = self._campaign | self._of_cadre(cadre)
        return self._cadres[cadre] | self._of_subject(subject)

    def _of_subject(self, subject: Subject | None) -> dict[str, str]:
        row = self.row(subject) if subject else None
        if subject is None or row is None:
            return {}
        found = {f"subject.{key}": self._words(key, value) for key, value in row.items()}
        if subject.kind == "project":  # stands on the enterprises' form
            builder = f"（建设单位：{row['builder']}）" if row["builder"] else ""
            found |= {
                "subject.name": row["name"] + builder,
                "subject.category": "、".join(word for word in (row["category"], row["phase"]) if word),
                "subject.legal_person": row["head"] or "",
                "subject.credit_code": "",  # a project has none of these two
                "subject.phone": "",
            }
        if subject.kind == "village":
            found |= {
                "subject.village": row["name"],
                "subject.groups": str(self._counts["groups", subject.code] or ""),
                "subject.enterprises": str(self._counts["enterprises", subject.code] or ""),
                "subject.leader": self._leaders.get(subject.code, ""),
            }
        if subject.kind == "notable":
            unit = self._rows["units"].get(row["unit"])
            found["subject.leader"] = (unit or {}).get("leader") or ""
        if subject.kind in ("enterprise", "project"):
            found["subject.department"] = self._department
        found["subject.kind"] = subject.kind
        found["subject.title"] = self.name(subject)
        found["subject.place"] = self.place(subject)
        return found

    @cached_property
    def _department(self) -> str:
        """The unit that goes along to firms: the one that leads their line."""
        return "、".join(row["name"] for row in self._present("units") if row["line"] == "企业")

    def walking_key(self, subject: Subject) -> tuple[Any, ...]:
        """Sorts a walk: village by village; in each its own form, its firms, then from door to door."""
        row = self.row(subject) or {}
        group = self._rows["groups"].get(row.get("group"), {})
        return (
            self.village(subject) or "~",
            VISITED.index(subject.kind) if subject.kind in VISITED else len(VISITED),
            natural(group.get("number")),
            row.get("group", ""),
            natural(row.get("door")),
            subject.code,
        )

    def place(self, subject: Subject) -> str:
        """滆东村1组."""
        row = self.row(subject) or {}
        village = self.village(subject) if subject.kind != "village" else None
        group = subject.code if subject.kind == "group" else row.get("group")
        parts = [(village, "villages", "name"), (group, "groups", "number")]
        rows = [(self._rows[table].get(code), column) for code, table, column in parts if code]
        return "".join(str(found[column]) for found, column in rows if found)

    def of_rows(self, name: str, subjects: Iterable[Subject]) -> dict[str, str]:
        """The facts of a table's rows: `walk_1.name`, `walk_2.name`, … and `walk.count`."""
        listed = list(subjects)
        found = {f"{name}.count": f"{len(listed)} 户（家、人）"}
        for n, subject in enumerate(listed, 1):
            facts = {"subject.number": str(n), **self._of_subject(subject)}
            if subject.kind == "project":
                facts["subject.contact"] = facts["subject.legal_person"]
            found |= {f"{name}_{n}.{key.removeprefix('subject.')}": words for key, words in facts.items()}
        return found

    def _of_cadre(self, code: str | None) -> dict[str, str]:
        row = self._rows["cadres"].get(code)
        if row is None:
            return {}
        unit = self._rows["units"].get(row["unit"])
        found = {f"cadre.{key}": self._words(key, value) for key, value in row.items()}
        found["cadre.position"] = self._position(row, unit)
        for key, value in (unit or {}).items():
            found[f"unit.{key}"] = self._words(key, value)
        return found

    def _position(self, row: Row, unit: Row | None) -> str:
        """单位职务. Many rosters' positions begin with the unit already; leaders are the town's."""
        position = row["position"] or ""
        place = self._campaign["campaign.town"] if row["type"] == LEADER or not unit else unit["name"]
        return str(position if position.startswith(_short(place)) else place + position)

    def _words(self, column: str, value: Any) -> str:
        """A cell as words: codes of villages, groups and units as their names."""
        table = _NAMED_COLUMNS.get(column)
        if table and value in self._rows[table]:
            row = self._rows[table][value]
            return str(row["number"] if table == "groups" else row["name"])
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            return "、".join(value)
        return "" if value is None else str(value)


_NAMED_COLUMNS = {"village": "villages", "stationed_village": "villages", "group": "groups", "unit": "units"}


def _by_name(row: Row) -> Any:
    return row["name"]


_SUBJECT_NAMES: Mapping[str, Callable[[Row], Any]] = {
    "household": lambda row: row["head"],
    "group": lambda row: row["number"],
}


def _short(place: str) -> str:
    """孟河 of 孟河村委会: what a position there would begin with, 孟河村书记."""
    for suffix in ("村民委员会", "居民委员会", "村委会", "居委会"):
        if place.endswith(suffix) and place != suffix:
            return place.removesuffix(suffix)
    return place


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _grouped(rows: Iterable[Row], column: str) -> dict[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def facts_for(fields: Iterable[Field], about: Mapping[str, str]) -> dict[str, str]:
    """The words for a page's PREFILL fields: field key → fact. `about`: `Facts.about`."""
    prefilled = (field for field in fields if field.kind is Kind.PREFILL)
    found = ((field.key, about.get(field.source, "")) for field in prefilled)
    return {key: words for key, words in found if words}
