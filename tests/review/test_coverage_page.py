"""进度: figures of the town and of its parts, and who was not visited."""

from __future__ import annotations

from pathlib import Path

import pytest
from clients import Desk
from opinion_town import RETURNS, OpinionTown

from review import Office
from store import Duty, Subject, roster


@pytest.fixture
def town(tmp_path: Path) -> OpinionTown:
    """Two cadres of two units, who have five households to visit."""
    town = OpinionTown(tmp_path / "town")
    more = [
        {"code": "C1", "name": "蒋玉兰", "type": "机关", "unit": "U1"},
        {"code": "C2", "name": "于小农", "type": "事业", "unit": "U2"},
    ]
    with town.store.write() as db:
        roster.replace(db, {"cadres": more})
        duties = [Duty(Subject("household", f"H{n}"), "C1" if n < 4 else "C2", "x") for n in range(1, 6)]
        roster.set_duties(db, 1, duties)
    return town


@pytest.fixture
def office(town: OpinionTown) -> Office:
    """Four of the households came back."""
    town.bring_back()
    return town.office


def test_figures_by_village_and_its_parts(office: Office) -> None:
    desk = Desk(office, "supervisor")
    words = desk.words("/coverage")
    assert "5应走访4已走访4发出（份）4收回" in words
    assert "孟河村" in words
    assert "活动阶段" in words
    assert "2017-W14" in words
    assert "3应走访3已走访" in desk.words("/coverage?unit=U1&by=cadre")
    assert "3组544" in desk.words("/coverage?village=V01&by=group")


def test_what_is_owed_is_all_accounted_for(town: OpinionTown) -> None:
    """Somebody not at home, and somebody whose form leaves it open, are neither visited nor unvisited."""
    town.returns("H1", {"visit_date": "2017-04-05", "visit_result": "not_home"})
    town.returns("H2", RETURNS["H2"], unsure="visit_result")
    for household in ("H3", "H4"):
        town.returns(household, RETURNS[household])
    words = Desk(town.office, "supervisor").words("/coverage")
    assert "应走访5个对象：已走访2，家中无人1，待复核1，没有消息1。" in words
    assert "2未走访›" in words
    assert "没有表交回的：还没有印表1，没有安排走访人1" in words


def test_an_address_that_makes_no_sense_is_explained_on_a_page(office: Office) -> None:
    answer = Desk(office, "supervisor").client.get("/coverage?by=foo", headers={"accept": "text/html"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "请求格式不对" in answer.text


def test_a_unit_and_a_cadre_see_only_their_own(office: Office) -> None:
    unit, cadre = Desk(office, "unit", "U2"), Desk(office, "cadre", "C1")
    assert "2应走访1已走访" in unit.words("/coverage")
    assert "2应走访1已走访" in unit.words("/coverage?unit=U1")
    assert "3应走访3已走访" in cadre.words("/coverage?cadre=C2")
    assert "蒋玉兰" not in unit.words("/coverage?by=cadre")
    assert "H5" in unit.words("/coverage/unvisited")
    assert "一户不漏" in cadre.words("/coverage/unvisited")
    assert "逐项录入" not in unit.words("/coverage")
    assert "逐项录入" in Desk(office, "keyer").words("/coverage")
    for one in (unit, cadre):
        assert one.client.get("/", follow_redirects=False).headers["location"] == "/coverage"
        for path in ("/key", "/grid", "/pages", "/accounts"):
            one.get(path, 403)


def test_names_are_hidden_until_asked_for_and_then_it_is_noted(office: Office) -> None:
    desk = Desk(office, "supervisor")
    assert "钱*" in desk.words("/coverage/unvisited")
    assert desk.audited("view.unvisited")[0]["names"] is False
    assert "钱七" in desk.words("/coverage/unvisited?names=1")
    assert desk.audited("view.unvisited")[0]["names"] is True


def test_who_may_not_see_the_list_of_names(office: Office) -> None:
    for role in ("keyer", "inspection"):
        desk = Desk(office, role)
        desk.get("/coverage")
        desk.get("/coverage/unvisited", 403)


def test_an_empty_campaign_says_what_to_do(tmp_path: Path) -> None:
    town = OpinionTown(tmp_path / "town")
    desk = Desk(town.office, "administrator")
    assert "载入名册、安排走访" in desk.words("/coverage")


def test_accounts_of_units_name_one_of_the_roster(office: Office) -> None:
    desk = Desk(office, "administrator")
    answer = desk.post("/accounts", name="农业局账号", password="long enough", role="unit", scope="U9")
    assert "名册中没有单位编码 U9" in answer.text
    assert "要填工号" in desk.post("/accounts", name="于", password="long enough", role="cadre").text
    assert "U2" in desk.post("/accounts", name="农业局", password="long enough", role="unit", scope="U2").text
