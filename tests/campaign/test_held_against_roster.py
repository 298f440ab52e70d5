"""What a form says of a village or a firm, held against what the roster says."""

from __future__ import annotations

from pathlib import Path

import pytest
from returned import Office

from campaign.judge import Status
from campaign.standing import refresh
from forms import load_catalogue
from layouts import place
from store import Store, Subject, roster

FORMS = {form.id: form for form in load_catalogue()}
VISIT = {"visit_date": "2017-04-05", "visit_result": "done"}


@pytest.fixture
def office(store: Store) -> Office:
    office = Office(store).open()
    villages = [{"code": "V1", "name": "孟河村", "households": 100, "population": 300}]
    enterprises = [
        {"code": "Q1", "name": "喆达公司", "category": "区镇重点企业"},
        {"code": "Q2", "name": "滆湖小厂", "category": "中小企业"},
    ]
    with store.write() as db:
        roster.replace(
            db, {"villages": [*villages, {"code": "V2", "name": "齐梁村"}], "enterprises": enterprises}
        )
    return office


def doubts(office: Office, form: str, subject: Subject, values: dict[str, str]) -> dict[str, str]:
    """Fields sent to review for what the roster says, each with the reason."""
    layout = place(FORMS[form])
    serials = office.issue(subject, layout)
    for page, serial in serials.items():
        asked = {field.key for field in layout.fields_on_page(page)}
        office.scan(serial, {key: value for key, value in {**VISIT, **values}.items() if key in asked})
    record = office.record(subjects=[subject])
    return {
        key: record.answers[key].reason for key in values if record.answers[key].status is Status.NEEDS_REVIEW
    }


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"households": "120", "registered": "240", "groups": "2"}, {}),
        ({"households": "121"}, {"households": "与名册数相差超过20%（名册 100，表上 121）"}),
        ({"households": "79"}, {"households": "与名册数相差超过20%（名册 100，表上 79）"}),
        ({"registered": "361"}, {"registered": "与名册数相差超过20%（名册 300，表上 361）"}),
        ({"groups": "03"}, {"groups": "小组数与名册不一致（名册 2，表上 03）"}),
    ],
)
def test_a_villages_numbers_are_held_against_the_roster(
    office: Office, said: dict[str, str], wrong: dict[str, str]
) -> None:
    assert doubts(office, "2-4", Subject("village", "V1"), {"visit_mode": "in_person", **said}) == wrong


def test_what_the_roster_does_not_know_is_not_doubted(office: Office) -> None:
    said = {"visit_mode": "in_person", "households": "900", "registered": "10"}
    assert doubts(office, "2-4", Subject("village", "V2"), said) == {}


def test_a_key_enterprise_is_visited_where_it_is(office: Office) -> None:
    at_a_meeting = {"visit_mode": "symposium"}
    wrong = {"visit_mode": "重点企业和重点项目须到现场走访，不能以座谈代替"}
    assert doubts(office, "2-2", Subject("enterprise", "Q1"), at_a_meeting) == wrong
    assert doubts(office, "2-2", Subject("project", "P1"), at_a_meeting) == wrong
    assert doubts(office, "2-2", Subject("enterprise", "Q2"), at_a_meeting) == {}


def test_a_corrected_roster_settles_the_doubt(office: Office) -> None:
    village = Subject("village", "V1")
    assert doubts(office, "2-4", village, {"visit_mode": "in_person", "households": "200"})
    assert refresh(office.store, office.campaign) == 1
    assert refresh(office.store, office.campaign) == 0
    corrected = [{"code": "V1", "name": "孟河村", "households": 200}, {"code": "V2", "name": "齐梁村"}]
    with office.store.write() as db:
        roster.replace(db, {"villages": corrected})
    assert refresh(office.store, office.campaign) == 1
    assert office.record().answers["households"].status is Status.ACCEPTED


def test_rules_about_the_roster_are_refused_for_households(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "forms" / "2-5.yaml").read_text("utf-8")
    rule = 'checks:\n  - {rule: "registered == subject.registered", message: 不符}\n'
    (tmp_path / "2-5.yaml").write_text(text.replace("checks:\n", rule, 1), "utf-8")
    with pytest.raises(Exception, match="只能用于村"):
        load_catalogue(tmp_path)
