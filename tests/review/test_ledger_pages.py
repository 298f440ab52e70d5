"""台账 on the page: visits by cadre, what villages and units are told, the diary, the talks."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients import Desk
from opinion_town import OpinionTown

from review import Office
from store import Duty, Subject, roster


@pytest.fixture
def office(tmp_path: Path) -> Office:
    town = OpinionTown(tmp_path / "town")
    cadres = [
        {"code": "C1", "name": "蒋玉兰", "type": "机关", "unit": "U1", "position": "局长"},
        {"code": "C2", "name": "于小农", "type": "机关", "unit": "U1", "position": "副局长"},
        {"code": "C3", "name": "杨三", "type": "机关", "unit": "U1", "position": "科员"},
    ]
    with town.store.write() as db:
        roster.replace(db, {"cadres": cadres})
        roster.set_duties(db, 1, [Duty(Subject("household", f"H{n}"), "C1", "x") for n in range(1, 6)])
    town.bring_back()
    return town.office


def test_the_ledger_says_whom_each_cadre_visited(office: Office) -> None:
    desk = Desk(office, "supervisor")
    words = desk.words("/ledgers")
    assert "蒋玉兰建设局H1王*明孟河村3组2017-04-05上门完成√22-5" in words
    assert "5个走访对象" in words
    assert "王小明" in desk.words("/ledgers?names=1")
    assert [one["names"] for one in desk.audited("view.ledger")] == [True, False]
    assert "没有走访对象" in desk.words("/ledgers?cadre=C2")
    assert "没有走访对象" in desk.words("/ledgers?unit=农业局")


def test_libraries_by_village_unit_and_town(office: Office) -> None:
    desk = Desk(office, "supervisor")
    words = desk.words("/ledgers/library")
    assert "孟河村5" in words
    assert "1.道路交通2" in words
    assert "尚未交办5" in desk.words("/ledgers/library?by=unit")
    assert "全镇5" in desk.words("/ledgers/library?by=town&name=nothing")
    assert desk.audited("view.library")[-1] == {"by": "village", "name": "孟河村"}


def test_talks_are_held_against_the_rule(office: Office) -> None:
    desk = Desk(office, "administrator")
    lines = ["日期,谈话人,谈话对象,方式,内容", "2017-04-05,C1,C2,谈话,工作", "2017-04-06,C3,C1,谈话,工作"]
    sent = [("file", ("talks.csv", "\n".join(lines).encode(), "text/csv"))]
    text = desk.post("/ledgers/talks", files=sent).text
    assert "谈话 2 次，其中 1 次与“下谈一级”不符；还有 1 名干部没有谈到" in text
    assert "不是下谈一级" in text
    assert ".docx" in text
    wrong = [("file", ("talks.csv", "日期,谈话人,谈话对象\n4月99日,C1,无名氏".encode(), "text/csv"))]
    assert "2 处要改正" in desk.post("/ledgers/talks", 422, files=wrong).text
    assert "请选" in desk.post("/ledgers/talks", 422, files=[("file", ("a.pdf", b"", ""))]).text


def test_empty_ones_say_what_to_do(tmp_path: Path) -> None:
    town = OpinionTown(tmp_path / "town")
    desk = Desk(town.office, "supervisor")
    assert "安排走访" in desk.words("/ledgers")
    assert "读入收回的表" in desk.words("/ledgers/library")
    assert "还没有日记交回" in desk.words("/ledgers/diary")


def test_ledgers_are_the_offices(office: Office) -> None:
    for role, scope in (("keyer", ""), ("inspection", ""), ("unit", "U1"), ("cadre", "C1")):
        desk = Desk(office, role, scope)
        for path in ("/ledgers", "/ledgers/library", "/ledgers/diary", "/ledgers/talks"):
            desk.get(path, 403)


def test_plans_are_drawn_up_and_come_back(office: Office, tmp_path: Path) -> None:
    settings = office.workspace / "zoufang.toml"
    assert "start = 2017-03-01" in settings.read_text("utf-8")
    desk = Desk(office, "supervisor")
    desk.post("/roster/plan")
    office.jobs.wait(120)
    assert "已排定5个走访对象，其中新排5个" in desk.words("/jobs/1")
    job = office.jobs.find(1, desk.user)
    assert job
    path = next(name for name in job.outcome.files if name.endswith("xlsx"))
    book = desk.get(f"/papers/plan/{path}").content
    sent = [("file", ("走访计划.xlsx", book, ""))]
    assert "已载入 5 行，其中 0 行与原计划不同" in desk.post("/roster/plan/load", files=sent).text
    wrong = [("file", ("走访计划.csv", "编码,计划日期\nH9,2017-04-05\n".encode(), ""))]
    assert "没有载入任何内容" in desk.post("/roster/plan/load", 422, files=wrong).text
    assert "落后于走访计划的单位" in desk.words("/coverage")
