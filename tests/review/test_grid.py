"""Many alike at once."""

from __future__ import annotations

from pathlib import Path

from conftest import Serve
from paper_office import bring_back, make_town
from playwright.sync_api import expect
from test_keying import eventually, shown, values

from store import work


def test_the_odd_ones_are_marked_and_the_rest_confirmed(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 5)
    for form in range(5):
        bring_back(town, form, answers={"registered": ("3", 0.6)})
    site = serve(town)
    page = site.sign_in("zhang", "/grid")
    page.get_by_role("link", name="3 2 格数字").press("Enter")
    cells = page.get_by_role("option")
    expect(cells).to_have_count(5)
    expect(cells.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(cells.nth(1)).to_have_attribute("aria-selected", "true")
    page.wait_for_timeout(420)  # nobody takes in a screen sooner
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    said = [values(town, "registered", form) for form in range(5)]
    assert sorted(said) == [[], ["3"], ["3"], ["3"], ["3"]]

    page.keyboard.press("PageUp")
    expect(page.locator("#odd")).to_have_text("5 项")  # the last that is painted
    expect(cells).to_have_count(5)
    assert [values(town, "registered", form) for form in range(5)] == [[]] * 5
    page.wait_for_timeout(420)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    eventually(lambda: sum(bool(values(town, "registered", form)) for form in range(5)) == 4)

    page.goto("/key")  # the odd one is looked at alone
    shown(page, "户籍人口")
    page.keyboard.type("8")
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    assert sorted(values(town, "registered", form)[0] for form in range(5)) == ["3", "3", "3", "3", "8"]


def test_handwriting_is_never_judged_in_a_grid(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 4)
    for form in range(4):
        bring_back(town, form, answers={"companions": ("周建国", 0.6)})
    site = serve(town)
    with town.store.read() as db:
        assert {task.alike for task in work.find_tasks(db, range(1, 99))} == {""}
    page = site.sign_in("zhang", "/grid")
    expect(page.locator("main")).to_contain_text("没有成组的了")
