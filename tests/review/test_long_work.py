"""Long work from the page: one thing at a time, seen as it runs, and what it wrote for download."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from clients import Desk
from opinion_town import OpinionTown

from review import Office
from review.jobs import BusyError, Job, Jobs, JobState, Outcome
from store.accounts import User
from store.schema import now

WANG = User("wang", "supervisor", False, "", now(), None)


def ended(office: Office) -> Job:
    """The latest job, when it has ended."""
    office.jobs.wait(120)
    (job, *_) = office.jobs.latest(WANG)
    assert not job.running
    return job


# --- jobs ----------------------------------------------------------------------------------------


def start(jobs: Jobs, work: Callable[[Job], Outcome], may_see: Callable[[User], bool] = bool) -> Job:
    return jobs.start("试", WANG, "/", work, may_see)


def test_one_thing_at_a_time_and_it_can_be_stopped() -> None:
    jobs, at_work = Jobs(), threading.Event()

    def work(job: Job) -> Outcome:
        for n in range(100_000):
            at_work.set()
            job.step(n, 100_000)
            threading.Event().wait(0.001)
        return Outcome()

    job = start(jobs, work)
    at_work.wait(10)
    with pytest.raises(BusyError, match=r"试.*wang"):
        start(jobs, work)
    jobs.stop()
    jobs.wait(10)
    assert (job.state, jobs.running) == (JobState.STOPPED, None)
    assert job.ended


@pytest.mark.parametrize("error", [OSError(28, "磁盘已满"), RuntimeError("secret"), ValueError("secret")])
def test_what_fails_ends_and_says_so(error: Exception) -> None:
    jobs = Jobs()

    def work(_job: Job) -> Outcome:
        raise error

    job = start(jobs, work)
    jobs.wait(10)
    assert job.state is JobState.FAILED
    assert job.said
    assert "secret" not in " ".join(job.said)
    assert start(jobs, lambda _job: Outcome(("好",))).number == 2


def test_a_job_is_seen_by_those_who_may() -> None:
    jobs = Jobs()
    job = start(jobs, lambda _job: Outcome(), lambda user: user.role == "inspection")
    jobs.wait(10)
    assert jobs.find(job.number, WANG) is None
    assert jobs.latest(WANG) == []


# --- the week's lists ----------------------------------------------------------------------------


def test_a_weeks_lists_from_the_page(town: OpinionTown, office: Office) -> None:
    desk = Desk(office, "supervisor")
    assert "这一周还没有整理" in desk.words("/opinions/weeks?week=2017-W14")
    page = desk.post("/opinions/weeks/2017-W14", dated="2017-04-10")
    job = ended(office)
    assert job.state is JobState.DONE, job.said
    assert str(page.url).endswith(f"/jobs/{job.number}")
    words = desk.words(f"/jobs/{job.number}")
    assert "问题3件，建议1件，交办单3份" in words
    for name in ("问题清单", "建议清单", "会商会办议题", "交办单"):
        assert f"{name}-2017-W14.pdf" in words
    pdf = desk.get("/papers/digest-2017-W14/交办单-2017-W14.pdf")
    assert pdf.content.startswith(b"%PDF")
    assert desk.audited("paper.download") == [{"folder": "digest-2017-W14", "file": "交办单-2017-W14.pdf"}]
    assert town.opinion("门口的路坏了").state == "assigned"
    assert desk.audited("digest.write") == [{"week": "2017-W14", "unmasked": False}]
    assert "2017-04-10" in desk.words("/opinions/weeks?week=2017-W14")


def test_who_may_have_which_papers(office: Office) -> None:
    desk = Desk(office, "supervisor")
    desk.post("/reports/export/ledger", file_format="csv")
    (name,) = ended(office).outcome.files
    desk.get(f"/papers/export/{name}")
    for other in (Desk(office, "keyer"), Desk(office, "inspection"), Desk(office, "unit", "U1")):
        other.get(f"/papers/export/{name}", 403)
        other.get("/jobs/1", 404)
        other.get("/opinions/weeks", 403)
        other.post("/opinions/weeks/2017-W14", 403, dated="2017-04-10")
    for path in ("/papers/export/nothing.pdf", "/papers/export/..%2f..%2fdata.db", "/papers/export-/x"):
        desk.get(path, 404)
    desk.get("/papers/data.db/x", 403)


# --- reports and exports -------------------------------------------------------------------------


def test_summary_and_circular(office: Office) -> None:
    desk = Desk(office, "administrator")
    desk.post("/reports/summary", day="2017-05-01")
    job = ended(office)
    assert job.state is JobState.DONE, job.said
    assert [Path(name).suffix for name in job.outcome.files] == [".docx", ".pdf", ".xlsx"]
    desk.post("/reports/circular", week="2017-W14")
    assert ended(office).outcome.files[0] == "每周通报-2017-W14.docx"
    assert "走访总结-2017-05-01.docx" in desk.words("/reports")
    assert desk.audited("report.") == [{}, {}]


def test_the_inspection_groups_report_is_its_own(office: Office) -> None:
    group, desk = Desk(office, "inspection"), Desk(office, "supervisor")
    desk.post("/reports/inspection", 403, day="2017-05-01")
    group.post("/reports/summary", 403, day="2017-05-01")
    group.post("/reports/inspection", day="2017-05-01")
    office.jobs.wait(120)
    assert "企业评价报告-2017-05-01.pdf" in group.words("/reports")
    group.get("/papers/inspection/企业评价报告-2017-05-01.pdf")
    desk.get("/papers/inspection/企业评价报告-2017-05-01.pdf", 403)
    assert "企业评价" not in desk.words("/reports").replace("企业评价页的内容不在其中", "")
    desk.get("/jobs/1", 404)
    assert len(group.audited("report.inspection")) == 1


def exported(desk: Desk, kind: str, **wish: str) -> str:
    desk.post(f"/reports/export/{kind}", **wish)
    job = ended(desk.office)
    assert job.state is JobState.DONE, job.said
    return desk.get(f"/papers/export/{job.outcome.files[0]}").content.decode("utf-8-sig")


def test_names_are_exported_only_when_asked_for(office: Office) -> None:
    desk = Desk(office, "supervisor")
    rows = list(csv.DictReader(io.StringIO(exported(desk, "opinions", file_format="csv"))))
    assert {row["来源"] for row in rows} >= {"户 王*明（H1）"}
    assert "王小明" in exported(desk, "opinions", file_format="csv", unmasked="true")
    assert [one["unmasked"] for one in desk.audited("export.opinions")] == [True, False]
    found = json.loads(exported(desk, "records", file_format="json"))
    assert {one["form"] for one in found} == {"2-5"}
    assert found[0]["fields"]["opinion_1.text"]["value"]


def test_an_export_that_there_is_not(office: Office) -> None:
    desk = Desk(office, "supervisor")
    desk.post("/reports/export/passwords", 404, file_format="csv")
    desk.post("/reports/export/records", 404, file_format="pdf")
    desk.post("/reports/export/ledger", 422, file_format="csv", by="village")
