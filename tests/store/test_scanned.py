"""Coming back: the same file twice, half a file, the same sheet twice, another look, what people said."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pydantic import TypeAdapter
from small_store import SHA, issue_one, read_page
from sqlalchemy.exc import IntegrityError

from ingest.model import Measurement, PageState, Problem
from layouts.model import Layout
from store import Store, scanned
from store.schema import withdrawals


def start(store: Store, sha: str = SHA) -> int:
    with store.write() as db:
        batch = scanned.start_batch(db, "inbox", "li")
        scanned.add_scan(db, batch, sha, "扫描.pdf", 100)
    return batch


def test_the_same_file_again_comes_back_as_it_stands(store: Store, serial: str) -> None:
    batch = start(store)
    with store.write() as db:
        scanned.save_page(db, batch, SHA, 1, read_page(serial, {"people": "3"}))
        scanned.complete_scan(db, SHA, 1)
        again = scanned.add_scan(db, scanned.start_batch(db, "inbox", "li"), SHA, "copy.pdf", 100)
    assert again.known
    assert again.complete
    assert (again.name, again.batch, again.pages) == ("扫描.pdf", batch, 1)


def test_an_interrupted_file_goes_on_where_it_stopped(store: Store, serial: str) -> None:
    batch = start(store)
    with store.write() as db:
        scanned.save_page(db, batch, SHA, 2, read_page(serial, {}))
    with suppress(RuntimeError), store.write() as db:
        scanned.save_page(db, batch, SHA, 3, read_page(None, {}, PageState.BLANK))
        raise RuntimeError  # killed before the page was whole
    with store.write() as db:
        again = scanned.add_scan(db, batch, SHA, "扫描.pdf", 100)
    assert not again.complete
    assert again.done == {2}


def test_a_rejected_file_says_why_and_becomes_a_problem(store: Store) -> None:
    batch = start(store)
    with store.write() as db:
        scanned.reject_scan(db, batch, SHA, "encrypted", "文件有密码，请去掉密码后重新扫描")
    with store.read() as db:
        info = scanned.scan(db, SHA)
        (problem,) = scanned.load_problems(db, batch=batch)
    assert info is not None
    assert (info.outcome, info.complete, info.pages) == ("encrypted", False, None)
    assert (problem.kind, problem.file, problem.number) == ("encrypted", "扫描.pdf", None)


def test_a_page_keeps_all_that_was_seen_on_it(store: Store, serial: str) -> None:
    batch = start(store)
    seen = read_page(serial, {"people": "3", "note": None}, problems=[Problem("seal", "印章压字")])
    with store.write() as db:
        saved = scanned.save_page(db, batch, SHA, 1, seen)
    with store.read() as db:
        page = scanned.page(db, saved.id)
        measured = scanned.load_measurements(db, saved.id)
        readings = {reading.field: reading for reading in scanned.load_readings(db, saved.id)}
        (problem,) = scanned.load_problems(db, serial=serial)
    assert page is not None
    assert (page.state, page.serial, page.turned) == ("read", serial, 180)
    assert page.registration is not None
    assert page.registration["found_from"] == "markers:4"
    assert TypeAdapter(tuple[Measurement, ...]).validate_python(measured) == seen.measurements
    assert readings["people"].value == "3"
    assert readings["people"].alternatives == ((None, 0.001),)
    assert readings["note"].value is None
    assert (problem.kind, problem.number, problem.page_image) == ("seal", 1, saved.id)


def test_the_same_sheet_again_is_a_duplicate_and_both_are_kept(store: Store, serial: str) -> None:
    batch = start(store)
    with store.write() as db:
        first = scanned.save_page(db, batch, SHA, 1, read_page(serial, {"people": "3"}))
        second = scanned.save_page(db, batch, SHA, 2, read_page(serial, {"people": "4"}))
    assert (first.state, first.earlier) == ("read", ())
    assert (second.state, second.earlier) == ("duplicate", (first.id,))
    with store.read() as db:
        assert [page.number for page in scanned.pages(db, serial=serial)] == [1, 2]
        assert scanned.count_states(db, batch) == {"read": 1, "duplicate": 1}


@pytest.mark.parametrize("state", [PageState.UNREADABLE, PageState.FOREIGN])
def test_a_sheet_that_could_not_be_read_before_is_no_duplicate(
    store: Store, serial: str, state: PageState
) -> None:
    batch = start(store)
    with store.write() as db:
        scanned.save_page(db, batch, SHA, 1, read_page(serial, {}, state))
        second = scanned.save_page(db, batch, SHA, 2, read_page(serial, {"people": "4"}))
    assert second.state == "read"


def test_another_look_at_the_same_image_replaces_the_first(store: Store, serial: str) -> None:
    batch = start(store)
    with store.write() as db:
        scanned.save_page(db, batch, SHA, 1, read_page(None, {}, PageState.UNKNOWN))
        scanned.save_page(db, batch, SHA, 1, read_page(serial, {"people": "3"}))
        again = scanned.save_page(db, batch, SHA, 1, read_page(serial, {"people": "3"}))
    assert again.state == "read"
    with store.read() as db:
        assert scanned.count_states(db) == {"read": 1}
        assert [page.id for page in scanned.pages(db, batch=batch)] == [again.id]


def test_a_serial_that_we_never_printed_can_be_stored(store: Store) -> None:
    batch = start(store)
    with store.write() as db:
        scanned.save_page(db, batch, SHA, 1, read_page("0" * 12, {}, PageState.FOREIGN))
    with store.read() as db:
        assert [page.serial for page in scanned.pages(db, states=["foreign"])] == ["0" * 12]


def test_deciding_again_leaves_the_first_decision_behind(store: Store, serial: str) -> None:
    batch = start(store)
    with store.write() as db:
        saved = scanned.save_page(db, batch, SHA, 1, read_page(serial, {"people": "3", "note": "x"}))
        scanned.add_decision(db, saved.id, read_page(serial, {"people": "8"}).readings)
    with store.read() as db:
        assert [(r.field, r.value) for r in scanned.load_readings(db, saved.id)] == [("people", "8")]


@pytest.mark.parametrize("value", [None, "某某", ["a", "b"], [], True, False])
def test_every_sort_of_answer_survives(store: Store, serial: str, value: object) -> None:
    batch = start(store)
    with store.write() as db:
        saved = scanned.save_page(db, batch, SHA, 1, read_page(serial, {"people": value}))  # type: ignore[dict-item]
        scanned.add_correction(db, serial, "people", value, "li")  # type: ignore[arg-type]
    with store.read() as db:
        assert scanned.load_readings(db, saved.id)[0].value == value
        assert scanned.load_corrections(db, serial)[0].value == value


def test_corrections_are_in_order_and_can_be_taken_back(store: Store, serial: str) -> None:
    with store.write() as db:
        scanned.add_correction(db, serial, "people", "3", "li")
        scanned.add_correction(db, serial, "people", "4", "wang", blind=True)
        scanned.add_correction(db, serial, "people", None, "li", unreadable=True)
        scanned.add_correction(db, serial, "people", "5", "li")
    with store.read() as db:
        said = scanned.load_corrections(db, serial)
    assert [(one.value, one.who, one.blind, one.unreadable) for one in said] == [
        ("3", "li", False, False),
        ("4", "wang", True, False),
        (None, "li", False, True),
        ("5", "li", False, False),
    ]
    with store.write() as db:
        db.execute(withdrawals.insert().values(correction=2, who="wang", at=said[0].at))
    with store.read() as db:
        assert [one.value for one in scanned.load_corrections(db, serial)] == ["3", None, "5"]


def test_nobody_can_correct_a_sheet_that_does_not_exist(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as db:
        scanned.add_correction(db, "0" * 12, "people", "3", "li")


def test_a_problem_is_open_until_a_person_settles_it(store: Store, serial: str) -> None:
    with store.write() as db:
        problem = scanned.add_problem(db, "odd", "请核对", serial=serial)
        scanned.settle_problem(db, problem, "li", "已核对")
        scanned.settle_problem(db, problem, "wang", "again")
        other = scanned.add_problem(db, "odd", "请核对", serial=serial)
    with store.read() as db:
        assert [one.id for one in scanned.load_problems(db, settled=False)] == [other]
        assert [one.id for one in scanned.load_problems(db, settled=True)] == [problem]


def test_each_batch_counts_its_own_pages(store: Store, layout: Layout) -> None:
    with store.write() as db:
        serials = issue_one(db, layout)
    first = start(store)
    with store.write() as db:
        scanned.save_page(db, first, SHA, 1, read_page(serials[1], {}))
        second = scanned.start_batch(db, "inbox", "li")
        scanned.save_page(db, second, SHA, 2, read_page(serials[2], {}))
        scanned.save_page(db, second, SHA, 3, read_page(None, {}, PageState.BLANK))
    with store.read() as db:
        assert scanned.count_states(db, first) == {"read": 1}
        assert scanned.count_states(db, second) == {"read": 1, "blank": 1}
