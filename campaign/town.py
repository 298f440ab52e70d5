"""The roster, indexed as the rules of the campaign ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from campaign.roster import Roster, Row
from campaign.walking import household_key
from store import Subject

LEADER, OFFICE, VILLAGE = "党政领导", ("机关", "事业"), "村干部"
VILLAGE_UNIT = "村（社区）"
KEY_ENTERPRISE = "区镇重点企业"
KIND_WORDS = {
    "village": "村（社区）",
    "enterprise": "企业",
    "project": "项目",
    "household": "户",
    "notable": "名士",
    "group": "村民小组",
    "cadre": "干部",
    "unit": "单位",
}
WHOM_COLUMNS = {
    "cadre": "工号",
    "cadre_name": "走访人",
    "number": "序号",
    "kind": "类型",
    "code": "编码",
    "name": "户主（对象）",
    "place": "村组",
    "door": "门牌",
}
"""Of every list of whom a cadre is to visit, in walking order: column → its heading."""
LINE_OF_KIND = {
    "enterprise": "企业",
    "project": "企业",
    "household": "群众",
    "village": "群众",
    "group": "群众",
    "cadre": "干部",
    "notable": "名士",
}
"""Kind of subject → which of the four visits (四访) it belongs to."""


def line_of(form: str, subject: Subject | None) -> str:
    """Which of the four visits (四访) a form belongs to; "" for none."""
    return LINE_OF_KIND.get(subject.kind, "") if subject else "干部" if form == "2-6" else ""


class Town:
    """The roster, indexed as the rules ask for it. Every list is in a fixed order."""

    def __init__(self, roster: Roster) -> None:
        self.units = by_code(roster["units"])
        self.villages = by_code(roster["villages"])
        self.cadres = by_code(roster["cadres"])
        self.groups = by_code(roster["groups"])
        self.enterprises = by_code(roster["enterprises"])
        self.projects = by_code(roster["projects"])
        self.notables = by_code(roster["notables"])
        walk = sorted(roster["households"], key=lambda h: household_key(h, self.groups.get(h["group"])))
        self.households = {row["code"]: row for row in walk}
        self.villages_of_unit = grouped((row["unit"], row["village"]) for row in roster["unit_villages"])

    def rows(self, kind: str) -> Mapping[str, Row]:
        tables: dict[str, Mapping[str, Row]] = {
            "village": self.villages,
            "enterprise": self.enterprises,
            "project": self.projects,
            "household": self.households,
            "notable": self.notables,
            "group": self.groups,
        }
        return tables[kind]

    def has(self, subject: Subject) -> bool:
        return subject.code in self.rows(subject.kind)

    def of_type(self, *types: str) -> list[str]:
        return [code for code, row in self.cadres.items() if row["type"] in types]

    def linked_villages(self, cadre: str) -> list[str]:
        """The villages that the cadre's unit is linked to (挂钩村)."""
        return self.villages_of_unit.get(self.cadres[cadre]["unit"], [])

    def home(self, cadre: str) -> str | None:
        """A village cadre's village: where stationed; else the village that the unit is, by code or
        name; else the first that the unit is linked to."""
        row = self.cadres[cadre]
        if row["stationed_village"]:
            return str(row["stationed_village"])
        unit = self.units.get(row["unit"])
        if unit is None:
            return None
        if unit["code"] in self.villages:
            return str(unit["code"])
        same = [code for code, village in self.villages.items() if _same_place(unit, village)]
        return next(iter([*same, *self.linked_villages(cadre)]), None)

    @cached_property
    def cadres_of_village(self) -> Mapping[str, list[str]]:
        homes = ((self.home(cadre), cadre) for cadre in self.of_type(VILLAGE))
        return grouped((village, cadre) for village, cadre in homes if village)

    @cached_property
    def households_of_village(self) -> Mapping[str, list[str]]:
        """In walking order."""
        return grouped((row["village"], code) for code, row in self.households.items())

    @cached_property
    def offices_of_village(self) -> Mapping[str, list[str]]:
        """机关 and 事业 cadres of the units linked to a village."""
        return grouped((v, cadre) for cadre in self.of_type(*OFFICE) for v in self.linked_villages(cadre))

    @cached_property
    def leaders_of_village(self) -> Mapping[str, list[str]]:
        stationed = ((self.cadres[code]["stationed_village"], code) for code in self.of_type(LEADER))
        return grouped((village, code) for village, code in stationed if village)

    def cadre_name(self, code: str) -> str:
        """`王建国（G0007）`; a roster from which names were erased has the code alone."""
        row = self.cadres.get(code)
        return f"{row['name']}（{code}）" if row and row["name"] != code else code

    def name(self, subject: Subject) -> str:
        """`陈国强（H001）`: a subject as a clerk knows it."""
        row = self.rows(subject.kind).get(subject.code) or {}
        name = row.get("name") or row.get("head") or row.get("number") or subject.code
        return f"{name}（{subject.code}）" if name != subject.code else subject.code

    def anyone(self) -> list[str]:
        """Who may take what nobody near can: village cadres, offices, others, leaders last."""
        for types in ((VILLAGE,), OFFICE, ("其他",), (LEADER,)):
            found = self.of_type(*types)
            if found:
                return found
        return []


def by_code(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["code"]: row for row in sorted(rows, key=lambda row: str(row["code"]))}


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """First → seconds, each once, in the order given."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for key, value in pairs:
        found[key][value] = None
    return {key: list(values) for key, values in found.items()}


def _same_place(unit: Row, village: Row) -> bool:
    """Whether the unit is the village's own committee: 孟河村村民委员会 and 孟河村."""
    return bool(str(unit["name"]).startswith(str(village["name"])))
