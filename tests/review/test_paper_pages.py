"""印制 and 扫描 on the page: packets go out, scans come in, each as long work."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from clients import Desk
from opinion_town import OpinionTown

from review import Office
from review.jobs import Job, JobState
from store import Duty, Subject, printed, roster

SENT = "web-20170405-120000-0123abcd"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    town = OpinionTown(tmp_path / "town")
    with town.store.write() as db:
        roster.set_duties(db, 1, [Duty(Subject("household", "H1"), "C1", "x")])
    return town.office


def send(desk: Desk, name: str, content: bytes, batch: str = SENT, token: str | None = None) -> int:
    """Send a file as the page's script does; returns the answer's status."""
    headers = {"X-CSRF-Token": desk.csrf if token is None else token, "Accept": "application/json"}
    return desk.client.put(f"/scans/{batch}/{quote(name)}", content=content, headers=headers).status_code


def ended(desk: Desk, number: int) -> Job:
    desk.office.jobs.wait(120)
    job = desk.office.jobs.find(number, desk.user)
    assert job
    assert not job.running
    return job


def test_packets_are_printed_and_come_back_as_scans(office: Office) -> None:
    desk = Desk(office, "supervisor")
    assert "建设局" in desk.words("/packets")
    desk.post("/packets", forms=["2-5"], units=["U1"])
    job = ended(desk, 1)
    assert job.state is JobState.DONE, job.said
    words = desk.words("/jobs/1")
    assert "1份资料，2面表格" in words
    packet = desk.get(f"/papers/{job.outcome.papers}/packet-C1.pdf").content
    assert packet.startswith(b"%PDF")

    assert send(desk, "扫描 1.pdf", packet) == 200
    assert send(desk, "坏.pdf", b"no scan at all") == 200
    assert "2个文件送来了，还没有读完" in desk.words("/scans")
    desk.post("/scans/read", batch=SENT)
    job = ended(desk, 2)
    assert job.state is JobState.DONE, job.said
    assert (job.done, job.total) == (2, 2)
    said = "\n".join(job.outcome.said)
    assert "2 个文件，2 页：已读 2" in said
    assert "坏.pdf：" in said
    assert not list((office.workspace / "inbox").iterdir())
    assert len(list((office.workspace / "originals").iterdir())) == 2
    assert "还没有读完" not in desk.words("/scans")
    assert desk.audited("scan") == [{"files": 2}]


def test_the_same_name_twice_is_two_files_and_bad_names_are_none(office: Office) -> None:
    desk = Desk(office, "administrator")
    assert [send(desk, "0001.pdf", b"a"), send(desk, "0001.pdf", b"b")] == [200, 200]
    folder = office.workspace / "inbox" / SENT
    assert sorted(path.name for path in folder.iterdir()) == ["0001.pdf", "0001（2）.pdf"]
    assert send(desk, ".hidden", b"a") == 422
    assert send(desk, "a.pdf", b"a", batch="web-evil") == 404
    assert send(desk, "a.pdf", b"a", batch="..") in (404, 405)
    assert send(desk, "a.pdf", b"a", token="guessed") == 403
    desk.post("/scans/discard", batch=SENT)
    assert not folder.exists()
    desk.post("/scans/read", 404, batch=SENT)


def test_what_may_not_be_printed(office: Office) -> None:
    desk = Desk(office, "supervisor")
    assert "名册中没有工号 C9" in desk.post("/packets", 422, cadres="C1 C9").text
    assert "所选单位没有干部" in desk.post("/packets", 422, units=["U2"]).text
    desk.post("/packets", 404, file_format="exe")


def test_paper_is_the_offices(office: Office) -> None:
    for role, scope in (("keyer", ""), ("inspection", ""), ("unit", "U1"), ("cadre", "C1")):
        desk = Desk(office, role, scope)
        desk.get("/scans", 403)
        desk.get("/packets", 403)
        assert send(desk, "a.pdf", b"a") == 403
        desk.post("/packets", 403)
        desk.post("/scans/read", 403, batch=SENT)
    assert not list((office.workspace / "inbox").iterdir())


def test_an_empty_campaign_says_what_to_do(tmp_path: Path) -> None:
    town = OpinionTown(tmp_path / "town")
    desk = Desk(town.office, "supervisor")
    assert "补齐走访安排" in desk.words("/packets")
    assert re.search(r'data-batch="web-\d{8}-\d{6}-[0-9a-f]{8}"', desk.get("/scans").text)


def test_a_sheet_is_looked_up_and_declared_void(tmp_path: Path) -> None:
    town = OpinionTown(tmp_path / "town")
    town.returns("H1", {"visit_date": "2017-04-05"})
    desk, keyer = Desk(town.office, "supervisor"), Desk(town.office, "keyer")
    with town.store.read() as db:
        serial, *_ = sorted(printed.sheet_index(db))
    assert "查别的编号" in desk.words(f"/lookup?serial={serial.lower()}")
    desk.post(f"/sheet/{serial}/void", reason="写坏")
    assert "已作废" in desk.words(f"/sheet/{serial}")
    assert "已经作废" in desk.post(f"/sheet/{serial}/void", 422, reason="写坏").text
    desk.post(f"/sheet/{serial}/revive")
    assert "这份表已作废" not in desk.words(f"/sheet/{serial}")
    assert "没有作废" in desk.post(f"/sheet/{serial}/revive", 422).text
    assert len(desk.audited("sheet.void")) == 1
    desk.get("/lookup?serial=nonsense", 422)
    assert "没有印制过" in desk.words(f"/lookup?serial={town.workspace.key.new_serial()}")
    keyer.get("/lookup", 403)
    keyer.post(f"/sheet/{serial}/void", 403)
