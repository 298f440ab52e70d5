"""Whom the rows of printed tables are about: row 7 of a cadre's ledger stays the same household's.

Rows are only ever added, at the end, so that a form printed again, or in a longer layout, agrees with
what was printed before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from store.model import Subject
from store.schema import listed

ListName = tuple[str, Subject, str]
"""Form, whom it is about, and the list, e.g. `("LEDGER", Subject("cadre", "G0007"), "walk")`."""


class Lists:
    """All lists of a round."""

    def __init__(self, db: Connection, round: int) -> None:
        self._round = round
        self._known: dict[ListName, list[Subject]] = defaultdict(list)
        self._new: list[dict[str, object]] = []
        for row in db.execute(select(listed).where(listed.c.round == round).order_by(listed.c.row)):
            about = Subject(row.about_kind, row.about)
            self._known[row.form, about, row.list].append(Subject(row.subject_kind, row.subject))

    def rows(self, name: ListName) -> tuple[Subject, ...]:
        """Whom the rows are about, the first row first."""
        return tuple(self._known[name])

    def extend(self, name: ListName, subjects: Iterable[Subject]) -> tuple[Subject, ...]:
        """The rows, with those of `subjects` that are not listed yet added at the end."""
        known, (form, about, list_name) = self._known[name], name
        there = set(known)
        for subject in subjects:
            if subject in there:
                continue
            known.append(subject)
            self._new.append(
                {
                    "round": self._round,
                    "form": form,
                    "about_kind": about.kind,
                    "about": about.code,
                    "list": list_name,
                    "row": len(known),
                    "subject_kind": subject.kind,
                    "subject": subject.code,
                }
            )
        return tuple(known)

    def keep(self, db: Connection) -> None:
        """Write down what was added."""
        if self._new:
            db.execute(insert(listed), self._new)
            self._new = []
