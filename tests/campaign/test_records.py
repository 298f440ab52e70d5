"""Records: from what came back to the answers, page by page, copy by copy, rule by rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from returned import CAMPAIGN, H1, H2, LAYOUT, Office, good, settle_amount, the_form

from campaign.judge import OUTSIDE_CAMPAIGN, REQUIRED, TWO_SCANS, Status
from campaign.records import RecordStatus, amiss
from forms.model import Field, Kind, Value
from ingest.model import PageState
from layouts import place
from store import printed, roster, scanned
from store.schema import now


def scan_both(office: Office, serials: dict[int, str], **changes: Value) -> None:
    for page, values in good(**changes).items():
        office.scan(serials[page], values)


@pytest.fixture
def serials(office: Office) -> dict[int, str]:
    return office.issue()


def test_a_form_that_came_back_whole_and_sure_is_complete(office: Office, serials: dict[int, str]) -> None:
    scan_both(office, serials)
    settle_amount(office, serials)
    found = office.record()
    assert found.status is RecordStatus.COMPLETE
    assert found.record == "T-1/1/household/H1"
    assert (found.subject, found.cadre, found.round, found.completed) == (H1, "C1", 1, True)
    assert {key: answer.value for key, answer in found.answers.items()} == {
        "result": "done",
        "day": "2017-04-05",
        "people": "4",
        "elderly": "1",
        "income": ["farm"],
        "amount": "800",
        "words": None,
        "signature": False,
    }
    assert found.answers["words"].status is Status.BLANK
    assert found.answers["amount"].status is Status.CORRECTED


def test_a_record_in_json_is_what_the_contract_says(office: Office, serials: dict[int, str]) -> None:
    office.scan(serials[1], good()[1], unsure=("people",))
    found = office.record().to_json()
    assert {key: found[key] for key in ("form", "form_version", "subject", "cadre", "round")} == {
        "form": "T-1",
        "form_version": 1,
        "subject": {"kind": "household", "code": "H1"},
        "cadre": "C1",
        "round": 1,
    }
    assert (found["status"], found["missing_pages"]) == ("incomplete", [2])
    assert found["fields"]["people"] == {
        "value": "4",
        "status": "needs_review",
        "confidence": 0.5,
        "serial": serials[1],
        "reason": "数字看不准",
    }
    missing = found["fields"]["income"]
    assert (missing["value"], missing["status"], missing["serial"]) == ([], "missing", serials[2])
    assert "head" not in found["fields"]  # prefilled


def test_what_never_came_back_makes_no_record(office: Office, serials: dict[int, str]) -> None:
    assert office.records() == []


def test_a_page_that_could_not_be_read_is_missing_and_said_so(
    office: Office, serials: dict[int, str]
) -> None:
    office.scan(serials[1], good()[1])
    office.scan(serials[2], {}, state=PageState.UNREADABLE)
    found = office.record()
    assert found.missing_pages == (2,)
    assert found.problems == ("第 2 页已交回，但无法识读，请重新扫描",)


def test_a_field_of_which_nothing_was_read_needs_review(office: Office, serials: dict[int, str]) -> None:
    scan_both(office, serials)
    office.scan(serials[1], {})  # another look at the same sheet does not help either
    page = {key: value for key, value in good()[1].items() if key != "people"}
    other = office.issue(H2)
    office.scan(other[1], page)
    found = office.record(subjects=[H2])
    assert found.answers["people"].status is Status.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("changes", "needy"),
    [
        ({"day": None}, {"day"}),
        ({"result": None}, {"result"}),
        ({"people": None}, {"people"}),
        ({"result": "vacant", "people": None, "elderly": None}, set()),
        ({"result": None, "people": None, "elderly": None}, {"result"}),
        ({"elderly": None}, set()),
    ],
)
def test_a_blank_where_an_answer_is_required_needs_review(
    office: Office, serials: dict[int, str], changes: dict[str, Value], needy: set[str]
) -> None:
    scan_both(office, serials, **changes)
    settle_amount(office, serials)
    found = office.record()
    assert set(found.to_review) == needy
    assert {found.answers[key].reason for key in needy} <= {REQUIRED}


def test_a_person_may_confirm_that_a_required_field_is_blank(office: Office, serials: dict[int, str]) -> None:
    scan_both(office, serials, people=None)
    office.say(serials[1], "people", None)
    assert office.record().answers["people"].status is Status.CORRECTED


def test_once_a_person_says_that_the_visit_took_place_more_is_required(
    office: Office, serials: dict[int, str]
) -> None:
    scan_both(office, serials, result="vacant", people=None)
    assert office.record().answers["people"].status is Status.BLANK
    office.say(serials[1], "result", "done")
    assert office.record().answers["people"].reason == REQUIRED


def test_a_failed_check_sends_its_fields_to_review(office: Office, serials: dict[int, str]) -> None:
    scan_both(office, serials, elderly="5")
    found = office.record()
    assert {key: found.answers[key].reason for key in ("people", "elderly")} == {
        "people": "老人多于人口",
        "elderly": "老人多于人口",
    }
    office.say(serials[1], "people", "4")
    assert office.record().answers["people"].status is Status.CORRECTED
    assert office.record().answers["elderly"].status is Status.NEEDS_REVIEW
    office.say(serials[1], "elderly", "5")
    settled = office.record()
    assert settled.answers["elderly"].status is Status.CORRECTED
    assert settled.problems == ("老人多于人口",)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2017-03-01", ""),
        ("2017-04-30", ""),
        ("2017-02-28", OUTSIDE_CAMPAIGN),
        ("2017-05-01", OUTSIDE_CAMPAIGN),
    ],
)
def test_a_date_outside_the_campaign_needs_review(
    office: Office, serials: dict[int, str], day: str, reason: str
) -> None:
    scan_both(office, serials, day=day)
    assert office.record().answers["day"].reason == reason


def test_a_date_after_the_scan_needs_review(office: Office, serials: dict[int, str]) -> None:
    office.campaign = CAMPAIGN.model_copy(update={"end": date(2999, 1, 1)})
    scan_both(office, serials, day=(now().date() + timedelta(days=5)).isoformat())
    assert office.record().answers["day"].reason == "日期晚于扫描日期"


def test_what_is_wrong_with_a_value_is_known_before_it_is_said(
    office: Office, serials: dict[int, str]
) -> None:
    office.scan(serials[1], good()[1], unsure=("people",))
    office.scan(serials[2], good()[2])

    def wrong(key: str, value: Value) -> list[str]:
        with office.store.read() as db:
            return amiss(db, office.campaign, serials[1], key, value)

    assert wrong("day", "2017-05-01") == [OUTSIDE_CAMPAIGN]
    assert wrong("day", "2017-04-06") == []
    assert wrong("day", None) == []
    assert wrong("elderly", "9") == []  # how many people there are is not settled yet
    office.say(serials[1], "people", "4")
    assert wrong("elderly", "9") == ["老人多于人口"]
    assert wrong("elderly", "4") == []
    assert wrong("result", "done") == []


# --- copies --------------------------------------------------------------------------------------


def test_the_same_sheet_twice_with_the_same_answers_is_nothing_new(
    office: Office, serials: dict[int, str]
) -> None:
    scan_both(office, serials)
    before = office.record()
    assert office.scan(serials[1], good()[1]) == ""
    assert office.record() == before


def test_a_copy_with_other_answers_is_a_problem_whichever_came_first(office: Office) -> None:
    found: list[Any] = []
    for subject, order in ((H1, ("4", "3")), (H2, ("3", "4"))):
        serials = office.issue(subject)
        said = [office.scan(serials[1], good(people=people)[1]) for people in order]
        assert said[0] == ""
        assert "有 1 项内容不同（人口）" in said[1]
        found.append(office.record(subjects=[subject]).answers["people"])
    assert [one.reason for one in found] == [TWO_SCANS, TWO_SCANS]
    with office.store.read() as db:
        assert [problem.kind for problem in scanned.load_problems(db)] == ["duplicate_differs"] * 2


def test_where_copies_differ_nothing_that_differs_is_taken_for_sure(
    office: Office, serials: dict[int, str]
) -> None:
    office.scan(serials[1], good()[1])
    office.scan(serials[1], good(people="3", elderly="2")[1], unsure=("elderly",))
    found = office.record()
    assert {key for key in found.answers if found.answers[key].reason == TWO_SCANS} == {"people", "elderly"}
    assert found.answers["day"].status is Status.ACCEPTED
    assert "可能是复印件" in found.problems[0]


def test_a_second_scan_may_settle_what_the_first_left_unsure(office: Office, serials: dict[int, str]) -> None:
    office.scan(serials[1], good()[1], unsure=("people",))
    assert office.scan(serials[1], good()[1]) == ""
    assert office.record().answers["people"].status is Status.ACCEPTED


def test_a_person_settles_copies_that_differ(office: Office, serials: dict[int, str]) -> None:
    office.scan(serials[1], good()[1])
    office.scan(serials[1], good(people="3")[1])
    office.say(serials[1], "people", "3")
    answer = office.record().answers["people"]
    assert (answer.value, answer.status) == ("3", Status.CORRECTED)


# --- several forms, one record -------------------------------------------------------------------


def test_forms_of_two_cadres_for_one_subject_make_one_record(office: Office) -> None:
    first, second = office.issue(), office.issue(cadre="L1")
    office.scan(first[1], good()[1])
    office.scan(second[2], good()[2])
    found = office.record()
    assert (found.missing_pages, found.record) == ((), "T-1/1/household/H1")
    office.scan(second[1], good(people="3")[1])
    assert office.record().answers["people"].reason == TWO_SCANS


def test_an_older_version_of_the_form_keeps_what_only_it_asked(office: Office) -> None:
    newer = place(the_form(version=2, extra=(Field("phone", "电话", Kind.DIGITS, cells=11),)))
    old, new = office.issue(layout=newer), office.issue()
    office.scan(old[2], {**good()[2], "phone": "13800000001"})
    office.scan(new[1], good()[1])
    found = office.record()
    assert found.answers["phone"].value == "13800000001"
    assert found.answers["people"].value == "4"
    assert found.form_version == 1  # of the form that was handed out last


def test_a_spare_counts_for_whom_it_was_used(office: Office) -> None:
    serials = office.issue(None, spare=True)
    office.scan(serials[1], good()[1])
    assert office.record().subject is None
    with office.store.write() as db:
        sheet = printed.sheet(db, serials[1])
        assert sheet is not None
        printed.identify(db, sheet.instance, H1, "li")
    assert office.record().record == "T-1/1/household/H1"


def test_anonymous_forms_are_records_of_nobody(office: Office) -> None:
    for _ in range(2):
        scan_both(office, office.issue(None, cadre=None, anonymous=True))
    found = office.records()
    assert [(one.subject, one.cadre) for one in found] == [(None, None)] * 2
    assert found[0].record != found[1].record


# --- again ---------------------------------------------------------------------------------------


def test_another_look_and_another_decision_replace_the_earlier_ones(
    office: Office, serials: dict[int, str]
) -> None:
    office.scan(serials[1], good(people="9")[1])
    office.number = 0
    office.scan(serials[1], good(people="4")[1])  # the same image of the same file
    assert office.record().answers["people"].value == "4"
    with office.store.write() as db:
        (page,) = scanned.pages(db, serial=serials[1])
        decided = scanned.load_readings(db, page.id)
        scanned.add_decision(db, page.id, [one for one in decided if one.field != "people"])
    assert office.record().answers["people"].status is Status.NEEDS_REVIEW


def test_another_threshold_means_deciding_again_not_reading_again(
    office: Office, serials: dict[int, str]
) -> None:
    office.scan(serials[1], good()[1], unsure=("people",))
    strict = office.record().answers["people"].status
    acceptance = CAMPAIGN.acceptance.model_copy(update={"digits": 0.4})
    office.campaign = CAMPAIGN.model_copy(update={"acceptance": acceptance})
    assert (strict, office.record().answers["people"].status) == (Status.NEEDS_REVIEW, Status.ACCEPTED)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, {"H1", "H2"}),
        ({"forms": ["T-1"]}, {"H1", "H2"}),
        ({"forms": ["2-5"]}, set()),
        ({"cadres": ["L1"]}, {"H2"}),
        ({"subjects": [H1]}, {"H1"}),
        ({"round": 1}, {"H1", "H2"}),
        ({"round": 2}, set()),
    ],
)
def test_records_can_be_chosen(office: Office, wish: dict[str, Any], expected: set[str]) -> None:
    for subject, cadre in ((H1, "C1"), (H2, "L1")):
        office.scan(office.issue(subject, cadre=cadre)[1], good()[1])
    assert {one.subject.code for one in office.records(**wish) if one.subject} == expected


def test_records_of_sheets_are_whole_records(office: Office) -> None:
    first, second = office.issue(), office.issue(cadre="L1")
    office.scan(first[1], good()[1])
    office.scan(second[1], good(people="3")[1])
    office.scan(office.issue(H2)[1], good()[1])
    found = office.record(serials=[first[1]])
    assert found.answers["people"].reason == TWO_SCANS


def test_who_left_the_roster_keeps_the_record(office: Office, serials: dict[int, str]) -> None:
    office.scan(serials[1], good()[1])
    with office.store.write() as db:
        roster.replace(db, {"households": []})
    assert office.record().subject == H1


def test_layouts_of_records_are_those_that_were_printed(office: Office, serials: dict[int, str]) -> None:
    """Editing the form later changes nothing about how an older sheet is read."""
    office.scan(serials[1], good(elderly="9")[1])
    with office.store.read() as db:
        assert printed.load_layouts(db) == {LAYOUT.digest: LAYOUT}
    assert office.record().answers["elderly"].reason == "老人多于人口"
