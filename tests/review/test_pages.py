"""Pages that need a person, read again for real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from conftest import Serve, Site
from paper_office import NOT_AT_HOME, PX_PER_MM, Town, bring_back, keep, make_town, scanned_page
from playwright.sync_api import Page, expect
from test_keying import values

from ingest.model import PageResult, PageState, Problem
from layouts.identity import readable
from review import looks
from review.sifting import sift
from store import Subject, Wanted, printed, scanned, work

MARKED = {**NOT_AT_HOME, "housing": ("commercial", 1.0)}


def lost_page(town: Town, state: PageState = PageState.UNKNOWN, *, torn: bool = False) -> int:
    """A page of the first form on which no sheet was found; `torn`: markers and code are really gone."""
    pixels, _ = scanned_page(town, 1, MARKED)
    if torn:
        rim = round(34 * PX_PER_MM)
        pixels[:rim] = 255
        pixels[-round(22 * PX_PER_MM) :] = 255
    problem = Problem("no_code", "没有找到二维码")
    return keep(town, pixels, PageResult(state, problems=(problem,)), f"lost-{torn}")


def look(town: Town, serial: str) -> list[str]:
    with town.store.read() as db:
        return [page.state for page in scanned.pages(db, serial=serial)]


def open_first(site: Site, name: str = "wang") -> Page:
    page = site.sign_in(name, "/pages")
    page.locator(".cases a").first.press("Enter")
    page.wait_for_url("**/pages/*")
    return page


def test_the_serial_finds_the_sheet(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    lost_page(town)
    serial = town.serials[0][0]
    page = open_first(serve(town))
    expect(page.locator("#serial")).to_be_focused()
    page.keyboard.type("7K3M-9QPX-W2AB")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("编号校验不符")

    page.locator("#serial").fill(readable(serial).lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages")
    assert look(town, serial) == ["read"]
    with town.store.read() as db:
        (found,) = scanned.pages(db, serial=serial)
        read = {one.field: one.value for one in scanned.load_readings(db, found.id)}
        assert read["housing"] == "commercial"
        assert all(problem.settled for problem in scanned.load_problems(db))


def test_corners_marked_by_hand_put_the_page_straight(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    lost_page(town, torn=True)
    serial = town.serials[0][0]
    page = open_first(serve(town))
    page.locator("#serial").fill(serial)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("标出纸的四个角")

    expect(page.locator("#serial")).to_have_value(serial)
    page.locator("#corners").press("Enter")
    expect(page.locator(".corner")).to_have_count(4)
    _, registration = scanned_page(town, 1, MARKED)
    matrix = np.array(registration.homography).reshape(3, 3)
    image = page.locator("#scan")
    size = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    for handle, corner in zip(
        page.locator(".corner").all(), ((0, 0), (210, 0), (210, 297), (0, 297)), strict=True
    ):
        x, y, w = matrix @ (*corner, 1.0)
        scale = size[1] / 2339  # the page is shown smaller than it was scanned
        box, paper = handle.bounding_box(), image.bounding_box()
        assert box
        assert paper
        shown = paper["height"] / size[1]
        page.mouse.move(box["x"] + 13, box["y"] + 13)
        page.mouse.down()
        page.mouse.move(paper["x"] + x / w * scale * shown, paper["y"] + y / w * scale * shown, steps=3)
        page.mouse.up()
    page.locator("#corner-read").click()
    page.wait_for_url("**/pages", timeout=30_000)
    assert look(town, serial) == ["read"]
    with town.store.read() as db:
        (found,) = scanned.pages(db, serial=serial)
        read = {one.field: one.value for one in scanned.load_readings(db, found.id)}
    assert read["housing"] == "commercial"
    at = np.array(found.registration["homography"]).reshape(3, 3) @ (105.0, 148.5, 1.0)
    true = matrix @ (105.0, 148.5, 1.0)
    assert np.hypot(*(at / at[2] - true / true[2])[:2]) / PX_PER_MM < 1.0  # mm


def test_a_second_copy_that_differs_is_compared(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"registered": ("3", 0.9999)})
    bring_back(town, 0, answers={"registered": ("4", 0.9999)}, scan=2)
    site = serve(town)
    page = open_first(site)
    expect(page.locator(".compare")).to_contain_text("户籍人口")
    expect(page.get_by_role("button", name="两次都保留")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages")
    expect(page.locator(".cases")).to_have_count(0)

    page.goto("/key")
    expect(page.locator("#label")).to_have_text("户籍人口")
    expect(page.locator("#doubt")).to_contain_text("两次扫描")
    expect(page.locator("#stage img")).to_have_count(2)
    expect(page.locator("#stage figcaption")).to_have_text(["第 1 次扫描：3", "第 2 次扫描：4"])
    expect(page.locator("#answer input")).to_have_value("")  # neither is proposed
    expect(page.locator("#answer .candidates li")).to_have_text(["13", "24", "37"])
    page.keyboard.press("F2")
    expect(page.locator("#whole-page img")).to_have_count(2)
    page.keyboard.press("F2")
    page.wait_for_timeout(170)  # an Enter that comes sooner is taken for a bouncing key
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_contain_text("再按一次 Enter")
    assert values(town, "registered") == []
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    assert values(town, "registered") == ["4"]


def test_what_a_rejected_copy_said_is_no_longer_asked_about(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    bring_back(town, 0, answers={"registered": ("3", 0.6)})
    bring_back(town, 0, answers={"registered": ("4", 0.5)}, scan=2)
    sift(town.office)
    serial = town.serials[0][0]
    with town.store.write() as db:
        first, copy = scanned.pages(db, serial=serial)
        (asked,) = work.tasks_of(db, [serial])
        assert asked.images == (first.id, copy.id)
        looks.reject(db, copy, "wang", "复印件")
    sift(town.office)
    with town.store.read() as db:
        dropped, again = work.tasks_of(db, [serial])
    assert (dropped.state, again.state, again.images) == ("gone", "open", (first.id,))


def test_a_spare_gets_its_subject(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 3)
    with town.store.write() as db:
        job = printed.start_job(db, {"test": True})
        spare = Wanted(town.layout.digest, "2-5", 1, (1, 2), 1, None, "C1", spare=True)
        (issued,) = printed.issue(db, [spare], town.office.key.new_serial, job)
    town.serials.append((issued.serials[1], issued.serials[2]))
    bring_back(town, 3)
    page = open_first(serve(town))
    page.keyboard.type("小二")
    expect(page.locator("#subjects li.chosen")).to_contain_text("王小二")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages")
    with town.store.read() as db:
        sheet = printed.sheet(db, issued.serials[1])
    assert sheet
    assert sheet.subject == Subject("household", "H001")


def test_a_rejected_page_can_be_restored(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 1)
    lost_page(town)
    page = open_first(serve(town))
    page.get_by_label("退回原因").fill("不是走访表")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pages")
    expect(page.locator(".cases")).to_have_count(0)
    page.get_by_role("link", name="查看").click()
    page.get_by_role("button", name="恢复这一页").click()
    expect(page.locator(".cases li")).to_have_count(1)


def test_a_missing_second_side_is_listed(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2)
    bring_back(town, 0)
    site = serve(town)
    sift(town.office)
    page = site.sign_in("wang", "/pages")
    row = page.get_by_role("row", name=readable(town.serials[0][1]))
    expect(row).to_contain_text("2-5 第 2 页")
    expect(row).to_contain_text("周建国")
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text(readable(town.serials[0][0]))


def test_batches_are_shown_as_they_run(tmp_path: Path, serve: Serve) -> None:
    town = make_town(tmp_path, 2)
    bring_back(town, 0)
    page = serve(town).sign_in("zhang", "/")
    expect(page.locator("#batches tr")).to_contain_text("识读 1")
    bring_back(town, 1)
    expect(page.locator("#batches tr")).to_contain_text("识读 2")  # without reloading
