"""The campaign's pages in a real browser: room on the screen, keys, sending files, work that goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Serve, Site
from opinion_town import OpinionTown
from playwright.sync_api import Page, expect

from store import Duty, Subject, roster

PAGES = (
    "/", "/coverage", "/coverage?by=cadre&unit=U1", "/coverage/unvisited", "/opinions", "/opinions/1",
    "/opinions/repeats", "/opinions/weeks", "/ledgers", "/ledgers/library", "/ledgers/diary",
    "/ledgers/talks", "/reports", "/roster", "/packets", "/scans", "/lookup",
)  # fmt: skip


@pytest.fixture
def site(town: OpinionTown, serve: Serve) -> Site:
    with town.store.write() as db:
        roster.set_duties(db, 1, [Duty(Subject("household", f"H{n}"), "C1", "x") for n in range(1, 6)])
    return serve(town)  # type: ignore[arg-type]


def sign_in(site: Site, name: str, to: str) -> tuple[Page, list[str]]:
    """The page, and what its browser complains of from now on."""
    page = site.sign_in(name, to)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def test_every_page_has_room_on_a_small_screen(site: Site) -> None:
    page, complaints = sign_in(site, "root", "/coverage")
    for path in PAGES:
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 1366, path
        unnamed = page.locator("main :is(input:not([type=hidden], .hidden), select, textarea)")
        for field in unnamed.all():
            name = field.evaluate("one => one.labels?.length || one.getAttribute('aria-label')")
            assert name, (path, field.evaluate("one => one.outerHTML"))
    assert not complaints


def test_an_opinion_is_handed_over_and_answered_by_keyboard(site: Site, town: OpinionTown) -> None:
    page, complaints = sign_in(site, "wang", "/opinions?category=roads")
    page.get_by_role("link", name="〔2017〕问1号").press("Enter")
    page.get_by_label("承办单位").select_option("U2")
    page.get_by_label("交办日期").fill("2017-04-10")
    page.get_by_role("button", name="交办", exact=True).press("Enter")
    expect(page.locator(".facts")).to_contain_text("农业局")
    page.get_by_label("办理结果").select_option("resolved")
    page.get_by_label("办理日期").fill("2017-04-12")
    page.get_by_role("button", name="保存").first.press("Enter")
    expect(page.locator("h1")).to_contain_text("已解决待答复")
    page.get_by_label("答复日期").fill("2017-04-13")
    page.get_by_label("群众满意度").select_option("satisfied")
    page.get_by_role("button", name="保存").first.press("Enter")
    expect(page.locator("h1")).to_contain_text("已答复办结")
    assert town.opinion("门口的路坏了").closed
    assert not complaints


def test_long_work_goes_on_through_a_reload_and_ends_with_papers(site: Site) -> None:
    page, complaints = sign_in(site, "wang", "/opinions/weeks?week=2017-W14")
    page.get_by_role("button", name="整理清单，开交办单").press("Enter")
    page.wait_for_url("**/jobs/1")
    page.reload()
    expect(page.locator("main")).to_contain_text("交办单 3 份", timeout=60_000)
    with page.expect_download() as got:
        page.get_by_role("link", name="交办单-2017-W14.pdf").click()
    assert Path(got.value.path()).read_bytes().startswith(b"%PDF")
    page.get_by_role("link", name="接下来").press("Enter")
    expect(page.locator(".papers")).to_contain_text("问题清单-2017-W14.docx")
    assert not complaints


def test_scans_are_sent_and_read_with_what_was_wrong(site: Site, tmp_path: Path) -> None:
    bad = tmp_path / "坏 文件.pdf"
    bad.write_bytes(b"no scan")
    page, complaints = sign_in(site, "wang", "/scans")
    empty = tmp_path / "空.jpg"
    empty.write_bytes(b"")
    page.locator("#files").set_input_files([bad, empty])
    page.wait_for_url("**/jobs/1")
    expect(page.locator("main")).to_contain_text("坏 文件.pdf：", timeout=60_000)
    expect(page.locator("main")).to_contain_text("空.jpg：文件是空的（0 字节）")
    page.goto("/scans")
    expect(page.locator("table")).to_contain_text("wang")
    assert not complaints


def test_a_roster_is_checked_before_anything_changes(site: Site, tmp_path: Path) -> None:
    wrong = tmp_path / "户.csv"
    wrong.write_text("户码,村,组,户主\nH1,V9,9组,王小明\n", "utf-8")
    page, complaints = sign_in(site, "root", "/roster")
    page.get_by_label("工作簿，或各张表的 CSV").set_input_files(wrong)
    page.get_by_role("button", name="核对", exact=True).press("Enter")
    expect(page.locator("main")).to_contain_text("处错误，没有载入任何内容")
    with page.expect_download() as got:
        page.get_by_role("link", name="下载批注过的工作簿").click()
    assert got.value.suggested_filename == "名册-批注.xlsx"
    assert not complaints
