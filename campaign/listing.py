"""What the rows of a form's tables are about: the lists that the roster and the assignment give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from campaign.town import KEY_ENTERPRISE, LEADER
from store import Subject
from store.listed import Lists

PACKET, CONTENT = "packet", "content"
"""A unit's packets, and the contents of one: lists that follow from what is printed."""


class Listing:
    """The lists of a campaign.

    walk                                  whom a cadre has to visit, in walking order
    key_enterprise, small_enterprise,     a leader's enterprises and projects
    key_project
    village                               the villages that a unit is linked to
    packet                                the cadres of a unit who get packets
    """

    def __init__(
        self,
        tables: Mapping[str, Mapping[str, Mapping[str, object]]],
        unit_villages: Sequence[Mapping[str, str]],
        lists: Lists,
    ) -> None:
        self._tables = tables
        self._lists = lists
        self._villages: dict[str, list[Subject]] = defaultdict(list)
        for row in unit_villages:
            self._villages[row["unit"]].append(Subject("village", row["village"]))

    def of(
        self, form: str, about: Subject, wanted: Sequence[str], walk: Sequence[Subject]
    ) -> dict[str, tuple[Subject, ...]]:
        """The lists `wanted` of a form about a cadre or a unit: list → whom its rows are about.

        walk  whom that cadre has to visit, or the cadres of that unit
        """
        return {
            name: self._lists.extend((form, about, name), self._members(name, about, walk))
            for name in wanted
            if name != CONTENT
        }

    def _members(self, name: str, about: Subject, walk: Sequence[Subject]) -> list[Subject]:
        if name in ("walk", PACKET):
            return list(walk)
        if name == "village":
            return self._villages[about.code] if about.kind == "unit" else []
        if about.kind != "cadre" or self._tables["cadres"][about.code]["type"] != LEADER:
            return []
        return [subject for subject in walk if self._target(subject) == name]

    def _target(self, subject: Subject) -> str:
        """Which list of a leader's the subject is on."""
        if subject.kind == "project":
            return "key_project"
        if subject.kind != "enterprise":
            return ""
        key = self._tables["enterprises"][subject.code]["category"] == KEY_ENTERPRISE
        return "key_enterprise" if key else "small_enterprise"
