"""Handing out: serials before paper, the same form twice, and forms that belong to nobody."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from small_store import HOUSEHOLD, KEY, OTHER, fill_roster, issue_one, tiny_layout, wanted
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from layouts.model import Layout
from store import Store, Subject, printed
from store.schema import instances


def test_a_sheet_is_known_by_its_serial(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout)
    with store.read() as db:
        sheet = printed.sheet(db, serials[2])
        assert printed.sheet(db, "0" * 12) is None
    assert sheet is not None
    assert (sheet.page, sheet.form, sheet.layout) == (2, "T-1", layout.digest)
    assert (sheet.subject, sheet.cadre) == (HOUSEHOLD, "C1")


def test_printing_again_gives_the_old_serials(store: Store, layout: Layout) -> None:
    with store.write() as db:
        first = issue_one(db, layout)
    with store.write() as db:
        (again,) = printed.issue(db, [wanted(layout)], KEY.new_serial, printed.start_job(db, {}))
    assert again.serials == first
    assert again.reprint


@pytest.mark.parametrize(
    "change", [{"subject": OTHER}, {"cadre": "C2"}, {"cadre": None}], ids=["subject", "cadre", "no cadre"]
)
def test_another_subject_or_cadre_gets_sheets_of_its_own(
    store: Store, layout: Layout, change: dict[str, object]
) -> None:
    with store.write() as db:
        first = issue_one(db, layout)
        other = issue_one(db, layout, **change)
        again = issue_one(db, layout, **change)
    assert set(first.values()).isdisjoint(other.values())
    assert again == other


def test_another_layout_gets_sheets_of_its_own(store: Store) -> None:
    with store.write() as db:
        old, new = issue_one(db, tiny_layout(version=1)), issue_one(db, tiny_layout(version=2))
    assert set(old.values()).isdisjoint(new.values())


def test_the_same_form_asked_for_twice_at_once_is_one_form(store: Store, layout: Layout) -> None:
    with store.write() as db:
        printed.keep_layout(db, layout)
        both = printed.issue(db, [wanted(layout)] * 2, KEY.new_serial, printed.start_job(db, {}))
    assert both[0].serials == both[1].serials
    assert [one.reprint for one in both] == [False, True]


@pytest.mark.parametrize("kind", ["spare", "anonymous"])
def test_spares_and_anonymous_forms_are_always_new(store: Store, layout: Layout, kind: str) -> None:
    more = {"subject": None, kind: True, "cadre": "C1" if kind == "spare" else None}
    with store.write() as db:
        first, second = issue_one(db, layout, **more), issue_one(db, layout, **more)
    assert set(first.values()).isdisjoint(second.values())


def test_an_anonymous_form_is_linked_to_nobody_even_if_asked_to(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout, subject=HOUSEHOLD, cadre="C1", anonymous=True)
    with store.read() as db:
        sheet = printed.sheet(db, serials[1])
    assert sheet is not None
    assert (sheet.subject, sheet.cadre, sheet.job, sheet.issued_at) == (None, None, None, None)
    with pytest.raises(ValueError, match="nobody"), store.write() as db:
        printed.identify(db, sheet.instance, HOUSEHOLD, "li")


def test_the_database_itself_refuses_to_link_an_anonymous_form(store: Store, layout: Layout) -> None:
    with store.write() as db:
        printed.keep_layout(db, layout)
    row = {
        "id": "x" * 16,
        "form": "T-1",
        "version": 1,
        "layout": layout.digest,
        "round": 1,
        "anonymous": True,
        "spare": False,
    }
    with pytest.raises(IntegrityError), store.write() as db:
        db.execute(instances.insert().values(**row, cadre="C1"))


def test_where_an_anonymous_row_lies_tells_nothing(tmp_path: Path, layout: Layout) -> None:
    """Rows lie in the order of their random keys: there is no rowid to say which came after which."""
    store = Store.open(tmp_path / "data.db")
    with store.write() as db:
        fill_roster(db)
        issue_one(db, layout)
        issue_one(db, layout, subject=None, cadre=None, anonymous=True)
    store.close()
    with sqlite3.connect(tmp_path / "data.db") as raw:
        for table in ("instances", "sheets"):
            with pytest.raises(sqlite3.OperationalError, match="rowid"):
                raw.execute(f"SELECT rowid FROM {table}")
    raw.close()


def test_a_spare_is_about_whom_a_person_last_said(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout, subject=None, spare=True)
        sheet = printed.sheet(db, serials[1])
        assert sheet is not None
        assert sheet.subject is None
        printed.identify(db, sheet.instance, HOUSEHOLD, "li")
        printed.identify(db, sheet.instance, OTHER, "li")
    with store.read() as db:
        assert [page.subject for page in printed.sheets_of(db, sheet.instance)] == [OTHER, OTHER]
        stored = db.execute(select(instances.c.subject)).scalar_one()
    assert stored is None  # what was printed stays what was printed


def test_layouts_and_blanks_are_kept_once(store: Store, layout: Layout) -> None:
    with store.write() as db:
        for _ in range(2):
            printed.keep_layout(db, layout)
            printed.keep_blanks(db, layout.digest, [b"one", b"two"])
    with store.read() as db:
        assert printed.load_layout(db, layout.digest) == layout
        assert printed.load_layouts(db) == {layout.digest: layout}
        assert printed.load_blanks(db, layout.digest) == [b"one", b"two"]
        with pytest.raises(KeyError):
            printed.load_layout(db, "0" * 16)


def test_every_sheet_is_on_the_readers_shelf(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout)
        hidden = issue_one(db, layout, subject=None, cadre=None, anonymous=True)
    with store.read() as db:
        index = printed.sheet_index(db)
    assert index == {serial: (layout.digest, page) for s in (serials, hidden) for page, serial in s.items()}


def test_cards_are_used_again_and_added_to(store: Store) -> None:
    with store.write() as db:
        job = printed.start_job(db, {})
        first = printed.issue_cards(db, {"C1": 2}, "2-8", 1, KEY.new_serial, job)
        more = printed.issue_cards(db, {"C1": 3, "C2": 1}, "2-8", 1, KEY.new_serial, job)
        fewer = printed.issue_cards(db, {"C1": 1}, "2-8", 1, KEY.new_serial, job)
    assert more["C1"][:2] == first["C1"]
    assert fewer["C1"] == first["C1"][:1]
    with store.read() as db:
        card = printed.card(db, more["C2"][0])
        assert printed.card(db, "0" * 12) is None
    assert card is not None
    assert (card.cadre, card.number, card.form) == ("C2", 1, "2-8")


def test_a_sheet_for_somebody_not_on_the_roster_can_still_be_looked_up(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout, subject=Subject("household", "gone"))
        sheet = printed.sheet(db, serials[1])
    assert sheet is not None
    assert sheet.subject == Subject("household", "gone")
