"""Many alike at once."""

from __future__ import annotations

from pathlib import Path

from clients import Desk
from conftest import Serve
from paper_office import bring_back, make_town
from playwright.sync_api import expect
from test_keying import eventually, shown, values

from forms import load_catalogue
from layouts import place
from review.access import Area
from store import Subject, Wanted, printed, work


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


def test_scans_that_differ_are_never_judged_in_a_grid(tmp_path: Path, serve: Serve) -> None:
    """A blank copy beside a filled-in sheet: not "all blank?"."""
    town = make_town(tmp_path, 3)
    for form in range(3):
        bring_back(town, form, answers={"housing": ("commercial", 0.9999)})
        bring_back(town, form, scan=2)
    page = serve(town).sign_in("zhang", "/grid")
    expect(page.locator("main")).to_contain_text("没有成组的了")
    page.goto("/key")
    shown(page, "住房")
    expect(page.locator("#stage figcaption")).to_have_text(["第 1 次扫描：商品房", "第 2 次扫描：空白"])
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("没有选择")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    eventually(lambda: values(town, "housing") == ["commercial"])


def test_digits_of_several_forms_are_one_group(tmp_path: Path) -> None:
    town = make_town(tmp_path, 1, form=load_catalogue()["2-2"])
    image = bring_back(town, 0)
    villages = place(load_catalogue()["2-4"])
    with town.store.write() as db:
        printed.keep_layout(db, villages)
        wanted = Wanted(villages.digest, "2-4", 1, (1, 2), 1, Subject("village", "V1"), "C1")
        (issued,) = printed.issue(db, [wanted], town.office.key.new_serial, printed.start_job(db, {}))
        of_digits = work.alike_text("", "", "digits", 5, "12")
        asked = ((town.serials[0][0], "2-2", "employees"), (issued.serials[1], "2-4", "collective_income"))
        work.open_tasks(
            db,
            [
                work.NewTask(work.KEY, Area.OPEN, serial, image, form, field, "digits", "12", of_digits)
                for serial, form, field in (*asked, asked[0])
            ],
        )
    assert "125格数字3项" in Desk(town.office, "keyer").words("/grid")
