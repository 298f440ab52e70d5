"""Several people: who gets what, who may see what, and what happens when someone is cut off."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from conftest import PASSWORD, Serve, Site
from paper_office import Town, bring_back, make_town
from playwright.sync_api import expect
from test_keying import eventually, shown, values

from campaign.config import Review
from campaign.quality import error_rates
from campaign.records import records
from forms import load_catalogue
from forms.model import Field, Form
from layouts.identity import readable
from review import judging
from review.access import Area
from review.accounts import save_account
from review.doings import ACTIONS, detail_words
from review.sifting import sift
from store import audit, work

PARTS = ("zoufang", "review", "workspace", "campaign", "store")


def critical(form: Form, key: str) -> Form:
    """The form with one field marked as critical."""

    def mark(field: Field) -> Field:
        return replace(field, critical=True) if field.key == key else field

    pages = tuple(
        replace(
            page,
            sections=tuple(
                replace(s, rows=tuple(replace(r, fields=tuple(mark(f) for f in r.fields)) for r in s.rows))
                for s in page.sections
            ),
        )
        for page in form.pages
    )
    return replace(form, pages=pages)


def test_two_clerks_never_get_the_same(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 9)
    for form in range(9):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    site = serve(town)
    zhang, li = site.sign_in("zhang"), site.sign_in("li")
    shown(zhang, "户籍人口")
    shown(li, "户籍人口")
    for page in (zhang, li):  # zhang holds six ahead, li the other three
        while not page.locator("#finished").is_visible():
            before = page.locator("#place").inner_text()
            shown(page, "户籍人口")
            page.keyboard.press("Enter")
            page.wait_for_function(
                "before => document.querySelector('#place').innerText !== before"
                " || !document.querySelector('#finished').hidden",
                arg=before,
            )
    eventually(lambda: all(values(town, "registered", form) == [str(form + 1)] for form in range(9)))
    with town.store.read() as db:
        by = {
            one.who: one.answers
            for one in work.speeds(db, min(t.opened_at for t in work.find_tasks(db, [1])))
        }
    assert sum(by.values()) == 9
    assert set(by) == {"zhang", "li"}


def test_nothing_is_blank_in_a_blind_keying_until_it_is_said(tmp_path: Path, serve: Serve) -> None:
    form = critical(critical(load_catalogue()["2-5"], "registered"), "housing")
    town = make_town(tmp_path, 1, form=form)
    bring_back(town, 0)
    page = serve(town).sign_in("zhang")
    shown(page, "住房")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("没有选择")
    page.keyboard.press("0")
    expect(page.get_by_role("radio", checked=True)).to_contain_text("空白")
    expect(page.locator("#message")).to_have_text("")
    page.wait_for_timeout(170)
    page.keyboard.press("Enter")

    shown(page, "户籍人口")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("没有填写")
    page.keyboard.press("Enter")  # a bouncing key
    assert values(town, "registered") == []
    page.wait_for_timeout(170)
    page.keyboard.press("Enter")
    eventually(lambda: values(town, "registered") == [None])
    assert values(town, "housing") == [None]


def test_what_a_closed_browser_held_goes_to_others(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"registered": ("1", 0.6)})
    site = serve(town)
    zhang = site.sign_in("zhang")
    shown(zhang, "户籍人口")
    li = site.sign_in("li")
    expect(li.locator("#finished")).to_contain_text("正由其他同事处理")
    zhang.close(run_before_unload=False)
    shown(li, "户籍人口")  # without doing anything


def test_a_lapsed_item_goes_back(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1, review=Review(blind_sample=0.0, hold_minutes=0.03))
    bring_back(town, 0, answers={"registered": ("1", 0.6)})
    site = serve(town)
    zhang = site.sign_in("zhang")
    expect(zhang.locator("#finished")).to_contain_text("久未操作", timeout=8000)
    assert values(town, "registered") == []
    zhang.keyboard.press("Enter")
    shown(zhang, "户籍人口")


def test_critical_fields_are_keyed_blind_by_two(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2, form=critical(load_catalogue()["2-5"], "registered"))
    for form in range(2):
        bring_back(town, form, answers={"registered": ("3", 0.9999)})
    site = serve(town)
    zhang = site.sign_in("zhang")
    for answer in ("3", "5"):
        shown(zhang, "户籍人口")
        expect(zhang.locator("#badge")).to_have_text("盲录")
        expect(zhang.locator("#answer input")).to_have_value("")
        assert "3" not in zhang.locator("#characters").inner_text()
        expect(zhang.locator("#answer .candidates li")).to_have_count(0)
        zhang.keyboard.type(answer)
        zhang.wait_for_timeout(170)  # both have the same label: the second may have come just now
        zhang.keyboard.press("Enter")
    expect(zhang.locator("#finished")).to_contain_text("需要另一位同事录入")
    assert status(town, 0) == "needs_review"

    li = site.sign_in("li")
    for answer in ("3", "6"):
        shown(li, "户籍人口")
        expect(li.locator("#answer input")).to_have_value("")
        li.keyboard.type(answer)
        li.wait_for_timeout(170)
        li.keyboard.press("Enter")
    expect(li.locator("#finished")).to_be_visible()
    eventually(lambda: status(town, 0) == "corrected")
    assert status(town, 1) == "needs_review"

    wang = site.sign_in("wang", "/key?queue=third")
    shown(wang, "户籍人口")
    expect(wang.locator("#badge")).to_have_text("裁定")
    expect(wang.locator("#said")).to_have_text("zhang：5　li：6　识读：3")
    expect(wang.locator("#answer .candidates li")).to_have_text(["15", "26", "37"])
    wang.keyboard.press("ArrowDown")
    wang.keyboard.press("Enter")
    expect(wang.locator("#finished")).to_be_visible()
    assert status(town, 1) == "corrected"
    assert values(town, "registered", 1)[-1] == "5"


def status(town: Town, form: int, field: str = "registered") -> str:
    serial = town.serials[form][0]
    with town.store.read() as db:
        return next(iter(records(db, town.office.campaign, serials=[serial]))).answers[field].status


def test_a_sample_of_accepted_fields_tells_the_error_rate(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2, review=Review(blind_sample=1.0))
    for form in range(2):
        bring_back(town, form, answers={"registered": ("3", 0.9999)})
    site = serve(town)
    zhang = site.sign_in("zhang", "/key?queue=blind&field=registered")
    for answer in ("3", "8"):
        shown(zhang, "户籍人口")
        expect(zhang.locator("#answer input")).to_have_value("")
        zhang.keyboard.type(answer)
        zhang.keyboard.press("Enter")
    expect(zhang.locator("#finished")).to_be_visible()
    wang = site.sign_in("wang", "/key?queue=third")
    shown(wang, "户籍人口")
    wang.keyboard.type("8")
    wang.keyboard.press("Enter")
    expect(wang.locator("#finished")).to_be_visible()

    with town.store.read() as db:
        rate = error_rates(db)["digits"]
    assert (rate.checked, rate.wrong) == (2, 1)
    low, high = rate.interval
    assert low == pytest.approx(0.0945, abs=1e-3)  # Wilson, 1 of 2
    assert high == pytest.approx(0.9055, abs=1e-3)
    wang.goto("/")
    expect(wang.get_by_role("row", name="数字 2 1")).to_contain_text("50.00 %")
    sift(town.office)
    with town.store.read() as db:
        again = [task for task in work.tasks_of(db, [town.serials[0][0]]) if task.field == "registered"]
    assert [task.state for task in again] == ["done"]  # nobody is asked twice


def test_signatures_are_not_sampled_and_those_that_were_break_no_figures(tmp_path: Path) -> None:
    town = make_town(tmp_path, 1, review=Review(blind_sample=1.0))
    image = bring_back(town, 0, page=2, answers={"head_signature": (True, 0.9999)})
    sift(town.office)
    serial = town.serials[0][1]
    with town.store.write() as db:
        assert {task.answer for task in work.tasks_of(db, [serial])}.isdisjoint({"signature"})
        sample = (work.SAMPLE, Area.OPEN, serial, image, "2-5", "head_signature", "signature", True)
        work.open_tasks(db, [work.NewTask(*sample)])
        judging.answer(db, work.tasks_of(db, [serial])[-1], "li", work.SAVE, True)
        assert error_rates(db) == {}


def test_a_lost_session_loses_nothing(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2)
    for form in range(2):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    page = serve(town).sign_in("zhang")
    shown(page, "户籍人口")
    page.context.clear_cookies()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.locator("#again")).to_be_visible()
    assert values(town, "registered") == []
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#again")).to_be_hidden()
    eventually(lambda: values(town, "registered") == ["7"])
    shown(page, "户籍人口")
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    assert values(town, "registered", 1) == ["2"]


def test_a_server_that_is_away_for_a_while_loses_nothing(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2)
    for form in range(2):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    page = serve(town).sign_in("zhang")
    shown(page, "户籍人口")
    page.wait_for_timeout(300)  # the second crop is loaded too
    page.context.set_offline(True)
    for n in (1, 2):
        expect(page.locator("#answer input")).to_have_value(str(n))
        shown(page, "户籍人口")
        page.keyboard.press("Enter")
    expect(page.locator("#banner")).to_contain_text("2 项尚未保存")
    page.context.set_offline(False)
    expect(page.locator("#finished")).to_be_visible(timeout=10_000)
    assert [values(town, "registered", form) for form in range(2)] == [["1"], ["2"]]


# --- who may see what ----------------------------------------------------------------------------


def signed_in(site: Site, name: str) -> httpx.Client:
    client = httpx.Client(base_url=site.url, headers={"Origin": site.url, "Accept": "application/json"})
    answer = client.post("/login/again", json={"name": name, "password": PASSWORD})
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


DESK = "0123456789abcdef"


def test_the_sealed_side_is_for_the_inspection_group_alone(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1, form=load_catalogue()["2-2"])
    assert town.layout.sealed_pages
    sealed = town.layout.sealed_pages[0]
    image = bring_back(town, 0, sealed, {"rate_overall": ("dissatisfied", 0.5)})
    site = serve(town)
    serial = town.serials[0][sealed - 1]
    with town.store.read() as db:
        (task,) = work.tasks_of(db, [serial])
    assert task.area == Area.INSPECTION
    for name in ("zhang", "wang", "root"):
        client = signed_in(site, name)
        assert client.post("/key/take", json={"desk": DESK}).json()["items"] == []
        for path in (
            f"image/task/{task.id}",
            f"image/task/{task.id}/page",
            f"image/sheet/{image}",
            f"sheet/{serial}",
        ):
            assert client.get(f"/{path}").status_code in (403, 404), (name, path)
        done = {"desk": DESK, "task": task.id, "action": "save", "value": "satisfied"}
        assert client.post("/key/done", json=done).status_code == 404
    du = signed_in(site, "du")
    (item,) = du.post("/key/take", json={"desk": DESK}).json()["items"]
    assert item["field"] == "rate_overall"
    assert du.get("/" + item["looks"][0]["crop"]["url"]).headers["content-type"] == "image/jpeg"
    assert du.get(f"/sheet/{serial}").status_code == 200


def test_roles(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"registered": ("1", 0.6)})
    site = serve(town)
    allowed = {
        "/pages": {"wang", "root"},
        "/coverage/unvisited": {"wang", "root"},
        "/accounts": {"root"},
        "/audit": {"root"},
        "/key?queue=referred": {"wang", "root", "du"},
        f"/sheet/{town.serials[0][0]}": {"wang", "root"},
        "/": {"zhang", "wang", "root", "du"},
    }
    for name in ("zhang", "wang", "root", "du"):
        client = signed_in(site, name)
        for path, who in allowed.items():
            answer = client.get(path)
            assert (answer.status_code == 200) == (name in who), (name, path, answer.status_code)


def test_changes_must_be_meant(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"registered": ("1", 0.6)})
    site = serve(town)
    client = signed_in(site, "zhang")
    (item,) = client.post("/key/take", json={"desk": DESK}).json()["items"]
    done = {"desk": DESK, "task": item["id"], "action": "save", "value": "4"}
    for headers in (
        {"X-CSRF-Token": "guessed"},
        {"X-CSRF-Token": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        assert client.post("/key/done", json=done, headers=headers).status_code == 403, headers
    stolen = httpx.Client(base_url=site.url, cookies=client.cookies, headers={"Origin": site.url})
    assert stolen.post("/logout", data={"csrf": "guessed"}).status_code == 403
    assert httpx.post(site.url + "/key/done", json=done).status_code == 401
    assert values(town, "registered") == []
    assert client.post("/key/done", json=done).status_code == 200
    assert client.post("/key/done", json=done).status_code == 200  # sent twice, kept once
    assert values(town, "registered") == ["4"]


def test_guessing_passwords_is_slow(tmp_path: Path, serve: Serve) -> None:
    site = serve(make_town(tmp_path, 1))
    client = httpx.Client(base_url=site.url, headers={"Origin": site.url})
    for _ in range(5):
        assert client.post("/login/again", json={"name": "li", "password": "wrong"}).status_code == 403
    answer = client.post("/login/again", json={"name": "li", "password": PASSWORD})
    assert answer.status_code == 403
    assert "一分钟" in answer.json()["message"]


def test_views_and_changes_are_written_down(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"registered": ("1", 0.6)})
    site = serve(town)
    page = site.sign_in("zhang")
    shown(page, "户籍人口")
    page.keyboard.press("F2")
    expect(page.locator("#whole-page img")).to_be_visible()
    page.keyboard.press("F2")
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    page.keyboard.press("PageUp")
    shown(page, "户籍人口")
    serial = town.serials[0][0]
    with town.store.read() as db:
        found = [(one.who, one.action) for one in reversed(audit.search(db, about=serial))]
    assert found == [("zhang", f"{what}") for what in ("view.fields", "view.page", "key.save", "key.undo")]
    root = site.sign_in("root", f"/audit?sheet={readable(serial)}")
    rows = root.locator("tbody tr")
    expect(rows.nth(1)).to_contain_text(f"编号：{readable(serial)}　项目：户籍人口　种类：识别存疑")
    expect(rows.nth(3)).to_contain_text(f"查看待录项项目：{readable(serial)} 户籍人口")
    root.get_by_label("操作").select_option("查看整页")
    root.get_by_role("button", name="查找").press("Enter")
    expect(rows).to_have_count(1)


def test_every_doing_has_a_name_for_clerks() -> None:
    root = Path(__file__).parents[2]
    sources = (path for part in PARTS for path in (root / part).rglob("*.py"))
    noted = (re.findall(r'audit\.note\([^"{}]*?"([a-z_.]+)"', path.read_text("utf-8")) for path in sources)
    assert {action for found in noted for action in found} <= set(ACTIONS)


def test_backups_and_erasures_are_told_in_clerks_words() -> None:
    def words(**detail: object) -> str:
        return detail_words(detail, lambda serial, field: field)

    assert (
        words(folder="2017-05-01-183000", files=21, added=2) == "文件夹：2017-05-01-183000　文件：21　新增：2"
    )
    assert words(subject="household/H1", roster=1) == "对象：户 H1　名册：1"


def test_nobody_keys_the_same_field_twice_even_by_hand(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1, form=critical(load_catalogue()["2-5"], "registered"))
    bring_back(town, 0)
    site = serve(town)
    client = signed_in(site, "zhang")
    (first,) = client.post("/key/take", json={"desk": DESK}).json()["items"]
    done = {"desk": DESK, "action": "save", "value": "3"}
    answer = client.post("/key/done", json=done | {"task": first["id"]})
    assert answer.json()["items"] == []
    with town.store.read() as db:
        second = work.tasks_of(db, [town.serials[0][0]])[-1]
    assert second.kind == "second"
    assert client.post("/key/done", json=done | {"task": second.id, "value": "4"}).status_code == 409
    other = signed_in(site, "li")
    assert other.post("/key/done", json=done | {"task": second.id, "desk": "another-desk"}).status_code == 200
    assert status(town, 0) == "corrected"


def test_anonymous_forms_are_for_those_who_may(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1, form=replace(load_catalogue()["2-5"], anonymous=True))
    bring_back(town, 0, answers={"registered": ("1", 0.6)})
    site = serve(town)
    for name in ("zhang", "root", "du"):
        assert signed_in(site, name).post("/key/take", json={"desk": DESK}).json()["items"] == []
    save_account(town.store, "test", "chen", "keyer", PASSWORD, anonymous=True)
    (item,) = signed_in(site, "chen").post("/key/take", json={"desk": DESK}).json()["items"]
    assert item["field"] == "registered"
