"""Keying by keyboard alone, in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Serve
from paper_office import Town, bring_back, make_town
from playwright.sync_api import Page, expect

from campaign.records import records
from store import scanned, work


def values(town: Town, field: str, form: int = 0, page: int = 1) -> list[object]:
    """What people said of a field and did not take back."""
    with town.store.read() as db:
        said = scanned.load_corrections(db, town.serials[form][page - 1])
    return [one.value for one in said if one.field == field]


def state(town: Town) -> str:
    with town.store.read() as db:
        (look,) = scanned.pages(db, serial=town.serials[0][0])
    return look.state


def eventually(check: Callable[[], bool]) -> None:
    """Steps are sent behind the next item."""
    for _ in range(200):
        if check():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


def shown(page: Page, label: str) -> None:
    """Wait until a question is on the screen, with its crop."""
    expect(page.locator("#label")).to_have_text(label)
    expect(page.locator("#stage img").first).to_be_visible()
    page.wait_for_timeout(170)  # an Enter that comes sooner is taken for a bouncing key


def saved(page: Page, left: int) -> None:
    expect(page.locator("#left")).to_have_text(f"余 {left} 项")


UNSURE = {
    "registered": ("3", 0.6),
    "housing": ("commercial", 0.8),
    "companions": ("周建", 0.4),
}


def test_a_stack_is_keyed_by_keyboard_alone(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers=UNSURE)
    page = serve(town).sign_in("zhang")

    shown(page, "同行人")
    page.keyboard.type("周建国")
    page.keyboard.press("Enter")

    shown(page, "住房")
    chosen = page.get_by_role("radio", checked=True)
    expect(chosen).to_contain_text("商品房")
    page.keyboard.press("3")
    expect(chosen).to_contain_text("安置房")
    page.keyboard.press("Enter")

    shown(page, "户籍人口")
    expect(page.locator("#answer input")).to_have_value("3")
    page.keyboard.press("Enter")  # unchanged

    expect(page.locator("#finished")).to_contain_text("全部完成")
    assert values(town, "housing") == ["resettlement"]
    assert values(town, "registered") == ["3"]
    assert values(town, "companions") == ["周建国"]
    with town.store.read() as db:
        (record,) = records(db, town.office.campaign)
    assert not any(record.answers[key].status == "needs_review" for key in UNSURE)


def test_enter_inside_a_composition_saves_nothing(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"companions": ("周", 0.4)})
    page = serve(town).sign_in("zhang")
    shown(page, "同行人")

    ime = page.context.new_cdp_session(page)
    ime.send("Input.imeSetComposition", {"text": "zhoujianguo", "selectionStart": 11, "selectionEnd": 11})
    ime.send(
        "Input.dispatchKeyEvent",
        {"type": "rawKeyDown", "windowsVirtualKeyCode": 229, "key": "Enter", "code": "Enter"},
    )
    page.evaluate(
        "document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    ime.send("Input.insertText", {"text": "周建国"})
    expect(page.locator("#answer input")).to_have_value("周建国")
    expect(page.locator("#label")).to_have_text("同行人")
    assert values(town, "companions") == []

    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    assert values(town, "companions") == ["周建国"]


def test_undo_goes_back_any_number_of_steps(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 4)
    for form in range(4):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    page = serve(town).sign_in("zhang")
    for n in range(4):
        expect(page.locator("#answer input")).to_have_value(str(n + 1))
        shown(page, "户籍人口")
        page.keyboard.type(str(n + 5))
        page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()

    for n in (8, 7, 6):
        page.keyboard.press("PageUp")
        expect(page.locator("#answer input")).to_have_value(str(n))
        expect(page.locator("#badge")).to_have_text("已撤销，请重填")
    assert [values(town, "registered", form) for form in range(4)] == [["5"], [], [], []]

    for n in range(3):
        expect(page.locator("#answer input")).to_have_value(str(n + 6))
        shown(page, "户籍人口")
        page.keyboard.type("9")
        page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    assert [values(town, "registered", form) for form in range(4)] == [["5"], ["9"], ["9"], ["9"]]


@pytest.mark.parametrize("action", [["PageDown"], ["Escape", "1"]])
def test_undoing_what_was_no_answer_proposes_what_was_read(
    tmp_path: Path, serve: Serve, action: list[str]
) -> None:
    town = make_town(tmp_path, 2)
    for form in range(2):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    page = serve(town).sign_in("zhang")
    shown(page, "户籍人口")
    for key in action:
        page.keyboard.press(key)
    expect(page.locator("#answer input")).to_have_value("2")
    page.keyboard.press("PageUp")
    expect(page.locator("#answer input")).to_have_value("1")
    expect(page.locator("#characters")).to_have_text("1")
    shown(page, "户籍人口")
    page.keyboard.press("Enter")
    eventually(lambda: values(town, "registered") == ["1"])


def test_candidates_are_chosen_without_the_mouse(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2)
    bring_back(town, 0, answers={"phone": ("13912345678", 0.5)})
    bring_back(town, 1, answers={"phone": ("13912345678", 0.5)})
    page = serve(town).sign_in("zhang")
    shown(page, "联系电话（自愿）")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#answer input")).to_have_value("87654321931")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#answer input")).to_have_value("13912345678")
    page.keyboard.press("Control+Alt+2")
    expect(page.locator("#answer input")).to_have_value("7")
    page.keyboard.press("Enter")  # not a telephone number: said, not forbidden
    expect(page.locator("#message")).to_contain_text("再按一次 Enter")
    page.wait_for_timeout(170)
    page.keyboard.press("Enter")
    saved(page, 1)
    eventually(lambda: values(town, "phone") == ["7"])


def test_skip_refer_and_unreadable(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 3)
    for form in range(3):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    site = serve(town)
    page = site.sign_in("zhang")
    field = page.locator("#answer input")
    expect(field).to_have_value("1")
    shown(page, "户籍人口")
    page.keyboard.press("PageDown")

    expect(field).to_have_value("2")
    shown(page, "户籍人口")
    page.keyboard.press("Escape")
    page.keyboard.press("1")  # unreadable

    expect(field).to_have_value("3")
    shown(page, "户籍人口")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#reason-message")).to_have_text("请选一个原因，或写明原因")
    page.keyboard.type("问一下三组组长")
    page.keyboard.press("Enter")

    expect(field).to_have_value("1")  # what was skipped comes last
    page.keyboard.press("PageUp")
    expect(field).to_have_value("3")
    expect(page.locator("#doubt")).to_have_text("数字看不准")
    shown(page, "户籍人口")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.keyboard.type("问一下三组组长")
    page.keyboard.press("Enter")

    expect(field).to_have_value("1")
    shown(page, "户籍人口")
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    assert [values(town, "registered", form) for form in range(3)] == [["1"], [None], []]
    with town.store.read() as db:
        (record,) = records(db, town.office.campaign, serials=town.serials[1])
        speeds = work.speeds(db, datetime.min.replace(tzinfo=UTC))
    assert record.to_json()["fields"]["registered"]["reason"] == "无法辨认"
    assert [(one.who, one.answers) for one in speeds] == [("zhang", 2)]  # what was skipped is not keyed

    supervisor = site.sign_in("wang", "/key?queue=referred")
    shown(supervisor, "户籍人口")
    expect(supervisor.locator("#doubt")).to_have_text("转来原因：问一下三组组长　数字看不准")
    supervisor.keyboard.press("Enter")
    expect(supervisor.locator("#finished")).to_be_visible()
    assert values(town, "registered", 2) == ["3"]
    supervisor.goto(f"/sheet/{town.serials[1][0]}")
    expect(supervisor.get_by_role("row", name="户籍人口 无法辨认 已核")).to_be_visible()


def test_a_rejected_page_asks_no_more_and_undo_brings_it_back(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2)
    bring_back(town, 0, answers={"registered": ("1", 0.6), "resident": ("4", 0.5)})
    bring_back(town, 1, answers={"registered": ("2", 0.6)})
    page = serve(town).sign_in("zhang")
    shown(page, "户籍人口")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#answer input")).to_have_value("2")
    eventually(lambda: state(town) == "rejected")
    with town.store.read() as db:
        assert {task.state for task in work.tasks_of(db, [town.serials[0][0]])} == {"gone"}
    page.keyboard.press("PageUp")
    expect(page.locator("#answer input")).to_have_value("1")
    shown(page, "户籍人口")
    page.keyboard.press("Enter")
    expect(page.locator("#answer input")).to_have_value("2")
    assert state(town) == "read"
    eventually(lambda: values(town, "registered") == ["1"])


def test_a_key_held_down_does_not_run_through_the_queue(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 3)
    for form in range(3):
        bring_back(town, form, answers={"registered": (str(form + 1), 0.6)})
    page = serve(town).sign_in("zhang")
    shown(page, "户籍人口")
    for _ in range(5):  # Playwright repeats a key that is pressed and not let go
        page.keyboard.down("Enter")
        page.wait_for_timeout(200)
    page.keyboard.up("Enter")
    expect(page.locator("#answer input")).to_have_value("2")


def test_a_value_that_breaks_a_rule_is_kept_when_it_is_confirmed(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    sure = {"registered": ("3", 0.9999), "resident": ("3", 0.9999)}
    answers = sure | {"elderly": ("1", 0.6), "companions": ("周", 0.4)}
    bring_back(town, 0, answers=answers)
    page = serve(town).sign_in("zhang")
    shown(page, "同行人")
    page.keyboard.insert_text("周" * 300)
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("有 300 个字")
    page.wait_for_timeout(170)
    page.keyboard.press("Enter")

    shown(page, "60岁以上")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("60岁以上人数多于户籍和常住人口；纸上若确是如此")
    assert values(town, "elderly") == []
    page.wait_for_timeout(170)
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    eventually(lambda: values(town, "elderly") == ["9"])


def test_nothing_jumps_between_items(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    answers = {
        "registered": ("3", 0.6),
        "housing": ("commercial", 0.8),
        "concerns": (["education"], 0.7),
        "companions": ("周建", 0.4),
    }
    bring_back(town, 0, answers=answers)
    page = serve(town).sign_in("zhang")
    places = []
    for label in ("同行人", "关心事项（限选3项）", "住房", "户籍人口"):
        shown(page, label)
        boxes = [page.locator(what).bounding_box() for what in ("#stage", "#label", "#answer", ".keys")]
        places.append([(box["y"], box["x"]) for box in boxes if box])
        page.keyboard.press("Enter")
    assert all(place == places[0] for place in places)
    assert all(y < 768 for y, _ in places[0])
