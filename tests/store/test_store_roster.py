"""The roster as it changes, and who visits whom."""

from __future__ import annotations

from typing import Any

import pytest
from small_store import HOUSEHOLD, OTHER, ROWS, issue_one

from layouts.model import Layout
from store import Changes, Duty, Store, printed, roster


def test_loading_the_same_again_changes_nothing(store: Store) -> None:
    with store.write() as db:
        changes = roster.replace(db, ROWS)
    assert {(c.added, c.changed, c.removed) for c in changes.values()} == {(0, 0, 0)}
    assert changes["households"].unchanged == 2


def test_rows_are_added_changed_removed_and_taken_back(store: Store) -> None:
    h1, h2 = ROWS["households"]
    moved: dict[str, Any] = {**h1, "door": "12号", "tags": ["困难群众", "党员代表"]}
    new = {**h2, "code": "H3", "head": "张三"}
    with store.write() as db:
        first = roster.replace(db, {"households": [moved, new]})
        rows = roster.load(db, "households")["households"]
        second = roster.replace(db, {"households": [moved, h2]})
        gone = roster.load(db, "households", removed=True)["households"]
    assert first["households"] == Changes(added=1, changed=1, removed=1, unchanged=0)
    assert [(row["code"], row["door"], row["tags"]) for row in rows] == [
        ("H1", "12号", ["困难群众", "党员代表"]),
        ("H3", None, None),
    ]
    assert second["households"] == Changes(added=1, changed=0, removed=1, unchanged=1)
    assert [row["code"] for row in gone if row["removed"]] == ["H3"]


def test_tables_that_are_not_given_stay(store: Store) -> None:
    with store.write() as db:
        changes = roster.replace(db, {"unit_villages": []})
        rows = roster.load(db)
    assert changes == {"unit_villages": Changes(removed=1)}
    assert len(rows["households"]) == 2
    assert rows["unit_villages"] == []


def test_an_unknown_table_is_refused(store: Store) -> None:
    with pytest.raises(KeyError, match="dogs"), store.write() as db:
        roster.replace(db, {"dogs": []})


def test_who_leaves_the_roster_keeps_what_was_printed(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout)
        roster.replace(db, {"households": [], "assignments": []})
    with store.read() as db:
        sheet = printed.sheet(db, serials[1])
        assert roster.codes(db)["households"] == frozenset()
    assert sheet is not None
    assert sheet.subject == HOUSEHOLD


def test_words_for_the_reader_come_from_the_roster(store: Store) -> None:
    with store.read() as db:
        words = roster.vocabularies(db)
    assert words["cadre_names"] == ("蒋玉兰", "陈国强")
    assert words["household_heads"] == ("李梅", "王小明")


def test_duties_change_hands_and_disappear(store: Store) -> None:
    first = [Duty(HOUSEHOLD, "C1", "workbook"), Duty(OTHER, "C1", "office")]
    with store.write() as db:
        assert roster.set_duties(db, 1, first) == Changes(added=2)
        assert roster.set_duties(db, 1, first) == Changes(unchanged=2)
        assert roster.set_duties(db, 1, [Duty(OTHER, "C2", "village")]) == Changes(changed=1, removed=1)
        roster.set_duties(db, 2, first)
    with store.read() as db:
        assert roster.load_duties(db, 1) == [Duty(OTHER, "C2", "village")]
        assert roster.load_duties(db, 2, "C1") == first
        assert roster.load_duties(db, 2, "C2") == []


def test_a_subject_with_two_owners_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="two owners"), store.write() as db:
        roster.set_duties(db, 1, [Duty(HOUSEHOLD, "C1", "x"), Duty(HOUSEHOLD, "C2", "x")])
