"""The second round: who is gone back to and why, its paper, its records, its coverage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opinion_town import RETURNS, opinion
from test_digest import Office

from campaign.duties import RoundError
from store import Duty, Subject, printed, roster
from workspace.folder import CONFIG, Workspace

REVISIT = "\n[[campaign.revisits]]\nstart = 2017-07-01\nend = 2017-08-31\n"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The first round is over: H1 waits for replies, H2 was settled, H3 was out, H4's is planned, H5 never
    came back, H6 is content and wants nobody again."""
    office = Office(tmp_path_factory.mktemp("rounds") / "town")
    with office.store.write() as db:
        people = roster.load(db)
        again = {**people["households"][0], "code": "H6", "head": "孙八"}
        roster.replace(db, {"households": [*people["households"], again], "cadres": [*people["cadres"], C2]})
        roster.set_duties(db, 1, [Duty(Subject("household", f"H{n}"), "C1", "workbook") for n in range(1, 7)])
    for household, values in RETURNS.items():
        office.returns(household, values | ({"visit_result": "not_home"} if household == "H3" else {}))
    said = {
        "visit_date": "2017-04-06",
        "revisit_accepted": "no",
        **opinion(1, "problem", "roads", "桥窄", "town"),
    }
    office.returns("H6", said)
    office.digest("2017-W14", "--date", "2017-04-10")
    for number, words in (("桥窄", "resolved"), ("政策不明", "planned")):
        office.run(
            *("opinions", "answer", office.opinion(number).number, "--result", words),
            *("--date", "2017-04-12", "--replied", "2017-04-13", "--satisfaction", "satisfied"),
        )
    return office


C2 = {"code": "C2", "name": "于农", "type": "事业", "unit": "U2"}


def listed(office: Office) -> dict[str, tuple[str, int]]:
    rows = json.loads(office.run("export", "revisits"))
    return {row["code"]: (row["why"], len([n for n in row["opinions"].split("、") if n])) for row in rows}


def second_round(office: Office) -> None:
    path = office.workspace / CONFIG
    settings = path.read_text("utf-8")
    if "round = 1" in settings:
        path.write_text(settings.replace("round = 1", "round = 2") + REVISIT, "utf-8")
    office.workspace = Workspace.find(office.workspace.root)


def test_the_list_says_who_and_why(office: Office, tmp_path: Path) -> None:
    assert listed(office) == {
        "H1": ("意见尚未答复", 2),
        "H3": ("意见尚未答复；上次未见到人", 1),
        "H4": ("采纳或列入计划的事项待核实", 1),
        "H5": ("尚未走访（表未交回）", 0),
    }
    for ending in ("csv", "xlsx", "docx", "pdf"):
        office.run("export", "revisits", "--format", ending, "-o", tmp_path / f"回访.{ending}")
        assert (tmp_path / f"回访.{ending}").stat().st_size > 0


def test_there_is_nothing_to_go_back_to_in_the_first_round(office: Office) -> None:
    if office.workspace.campaign.round == 1:
        with pytest.raises(RoundError, match="round 改为 2"):
            office.run("assign", "--revisit")


def test_a_round_goes_back_from_the_list_to_its_own_coverage(office: Office, tmp_path: Path) -> None:
    before = json.loads(office.run("export", "records"))
    second_round(office)
    done = office.run("assign", "--revisit", "--json")
    assert done == {"duties": {"household": 4}, "breaches": []}
    assert office.run("assign", "--check", "--json")["breaches"] == [], "a revisit round owes no quotas"
    assert office.run("assign", "--revisit", "--json") == done, "again: the same"
    assert office.run("assign", "--json") == done, "completing it does not make it a whole round"
    printed_again = office.run("print", "--all", "-o", tmp_path, "--json")
    pages = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["pages"]
    visited = {page["subject"]["code"] for page in pages if page["form"] == "2-5"}
    assert visited == {"H1", "H3", "H4", "H5"}
    assert {page["form"] for page in pages} == {"2-5", "COVER", "2-9", "LEDGER"}
    assert (printed_again["packets"], printed_again["cards"]) == (1, 0), (
        "who has nobody to visit gets nothing"
    )
    _come_back(office, pages, "H1", {"visit_date": "2017-07-05", "revisit_accepted": "yes"})
    _come_back(office, pages, "H3", {"visit_date": "2017-04-05"})
    status = office.run("status", "--by", "cadre", "--json")
    assert (status["total"]["assigned"], status["total"]["returned"]) == (4, 2)
    assert {one["subject"]["code"] for one in status["unvisited"]} == {"H4", "H5"}
    assert status["quotas"] == []
    now = {one["record"]: one for one in json.loads(office.run("export", "records"))}
    assert [now[one["record"]] for one in before] == before, "the first round's records stay as they were"
    assert now["2-5/2/household/H1"]["fields"]["visit_date"]["status"] == "accepted"
    outside = now["2-5/2/household/H3"]["fields"]["visit_date"]
    assert (outside["status"], outside["reason"]) == ("needs_review", "日期不在活动期间")


def test_slips_printed_in_the_first_round_keep_their_serials(office: Office) -> None:
    second_round(office)
    listing = office.workspace / "out" / "2017-W14" / "交办单-2017-W14.json"
    first = _serials(listing)
    office.digest("2017-W14")
    assert _serials(listing) <= first


def _serials(listing: Path) -> set[str]:
    return {page["serial"] for page in json.loads(listing.read_text("utf-8"))["pages"]}


def _come_back(office: Office, pages: list[Any], household: str, values: dict[str, Any]) -> None:
    """The household's form of the second round, as printed."""
    with office.store.read() as db:
        layouts = printed.load_layouts(db)
        index = printed.sheet_index(db)
    said = {"visit_mode": "in_person", "visit_result": "done", **values}
    for page in pages:
        if page["form"] == "2-5" and page["subject"]["code"] == household:
            digest, number = index[page["serial"]]
            asked = {field.key for field in layouts[digest].fields_on_page(number)}
            office.page(page["serial"], {key: value for key, value in said.items() if key in asked})
