"""Calibrating from corrections and deciding again, over a workspace whose readings are made up: what the
engine "read" and how sure it was is up to the test, what people said of it too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from campaign.config import Acceptance, Campaign
from campaign.quality import CLASS_OF
from campaign.records import records
from forms import load_catalogue
from forms.model import Kind
from generate.blank import blank_pages
from ingest.confidence import Calibration, Judgement, calibration_error, fit, shipped
from ingest.decide import decide
from ingest.model import Character, Measurement, PageResult, PageState, Registration, TextSeen
from layouts import place
from store import Store, Subject, Wanted, audit, printed, roster, scanned
from workspace import models
from workspace.calibrating import Case, calibrate, outlook, put_into_use
from workspace.folder import Workspace
from workspace.models import ModelError
from workspace.rejudging import NAMES, redecide
from zoufang.cli import cli

FIELD = "correction"  # a line of text on the household form's first page
THRESHOLD = Acceptance().threshold(Kind.TEXT)
HIGH = 0.9995


@dataclass
class Office:
    workspace: Workspace
    store: Store
    serials: list[str]

    def value(self, serial: str) -> object:
        with self.store.read() as db:
            found = records(db, self.workspace.campaign, serials={serial})
            return next(r.answers[FIELD].value for r in found if r.answers[FIELD].serial == serial)

    def confidence(self, serial: str) -> float:
        with self.store.read() as db:
            (page,) = scanned.pages(db, serial=serial)
            return next(r.confidence for r in scanned.load_readings(db, page.id) if r.field == FIELD)


@pytest.fixture(scope="module")
def blanks():
    return blank_pages(place(load_catalogue()["2-5"]))


@pytest.fixture
def office(tmp_path: Path, blanks) -> Office:
    """120 households' forms of twelve cadres came back. In two of three the engine was rather sure (0.97)
    of one line of text, in the others quite (0.999)."""
    workspace = Workspace.create(tmp_path / "office")
    store, layout = workspace.open_store(), place(load_catalogue()["2-5"])
    with store.write() as db:
        units = [{"code": "U1", "name": "经发局"}]
        cadres = [{"code": f"C{n}", "name": f"周{n}", "unit": "U1", "type": "机关"} for n in range(12)]
        roster.replace(db, {"units": units, "cadres": cadres})
        digest = printed.keep_layout(db, layout)
        printed.keep_blanks(db, digest, blanks)
        job = printed.start_job(db, {"test": True})
        wanted = [
            Wanted(digest, "2-5", 1, (1,), 1, Subject("household", f"H{n:03}"), f"C{n % 12}")
            for n in range(120)
        ]
        issued = printed.issue(db, wanted, workspace.key.new_serial, job)
        batch = scanned.start_batch(db, "test", "test")
        scanned.add_scan(db, batch, "0" * 64, "scan.pdf", 1)
        serials = [one.serials[1] for one in issued]
        for n, serial in enumerate(serials):
            seen = (_written("路灯不亮", 0.97 if n % 3 else 0.999),)
            page = PageResult(
                PageState.READ, serial, "2-5", 1, 0, Registration((1.0,) * 9, 0.1, "markers:4"), seen,
                decide(layout.form, seen, {}),
            )  # fmt: skip
            scanned.save_page(db, batch, "0" * 64, n + 1, page)
    return Office(workspace, store, serials)


def _written(text: str, score: float) -> Measurement:
    characters = (Character(text[0], score), *(Character(c, 1.0) for c in text[1:]))
    return Measurement(FIELD, 0.1, texts=(TextSeen("test 1", text, characters),))


def _say(office: Office, wrong: Sequence[int] = ()) -> None:
    """People look at all that was unsure; the readings number `wrong` are."""
    with office.store.write() as db:
        for n, serial in enumerate(office.serials):
            if n % 3 or n % 12 == 0:
                said = "路灯太暗" if n in wrong else "路灯不亮"
                scanned.add_correction(db, serial, FIELD, said, "周", blind=n % 3 == 0)


def test_corrections_teach_that_unsure_readings_are_mostly_right(office):
    _say(office)
    before = office.confidence(office.serials[1])
    result = calibrate(office.workspace, office.store)
    (text,) = result.fitted
    assert (text.judgement, text.said, text.wrong) == (Judgement.TEXT, 90, 0)
    assert text.after < text.before
    assert result.learnt
    assert office.confidence(office.serials[1]) == before, "nothing changes before it is put into use"
    (line,) = (one for one in result.outlooks if one.kind is Kind.TEXT)
    assert line.then.review < line.now.review


def test_corrections_teach_that_unsure_readings_are_often_wrong(office):
    _say(office, wrong=[n for n in range(120) if n // 12 % 2])
    raw, old = 0.97, shipped()
    new = calibrate(office.workspace, office.store).calibration
    assert new(Judgement.TEXT, raw) < 0.75
    assert new(Judgement.TEXT, raw) <= old(Judgement.TEXT, raw) + 0.05


def test_what_nobody_can_read_teaches_nothing(office):
    _say(office)
    with office.store.write() as db:
        for serial in office.serials[:30]:
            scanned.add_correction(db, serial, FIELD, None, "周", unreadable=True)
    (text,) = calibrate(office.workspace, office.store).fitted
    assert (text.said, text.wrong) == (90 - 23, 0)


def test_few_corrections_change_nothing(office):
    with office.store.write() as db:
        for serial in office.serials[:20]:
            scanned.add_correction(db, serial, FIELD, "别的", "周")
    result = calibrate(office.workspace, office.store)
    assert not result.learnt
    assert result.calibration == shipped()


def test_deciding_again_applies_the_new_curves_but_never_over_a_person(office):
    _say(office)
    spoken, silent = office.serials[1], office.serials[3]
    put_into_use(office.workspace, office.store, calibrate(office.workspace, office.store))
    with office.store.write() as db:
        scanned.add_correction(db, spoken, FIELD, "路灯坏了", "周")
    workspace = Workspace.find(office.workspace.root)
    assert workspace.calibration.version == "confidence-2"

    changes = redecide(workspace, office.store)
    assert changes.pages == changes.changed == 120
    assert changes.accepted["handwriting"] == 80
    assert not changes.values["handwriting"]
    assert not changes.review["handwriting"]
    assert changes.said == 80
    assert office.value(spoken) == "路灯坏了"
    assert office.value(silent) == "路灯不亮"
    assert office.confidence(spoken) > THRESHOLD
    assert redecide(workspace, office.store).changed == 0, "the same judgement twice is no change"


def test_every_kind_of_answer_has_a_name_in_what_is_reported():
    kinds = [kind for kind in Kind if kind is not Kind.PREFILL]
    assert {CLASS_OF.get(kind, str(kind)) for kind in kinds} == NAMES.keys()


def test_one_can_go_back_and_everything_is_kept(office):
    _say(office)
    put_into_use(office.workspace, office.store, calibrate(office.workspace, office.store))
    root = office.workspace.root
    assert models.versions(root) == ["confidence-2"]
    assert models.back(root) == shipped()
    assert models.versions(root) == ["confidence-2"]
    assert models.next_version(root) == "confidence-3"
    report = json.loads((root / "models" / "confidence-2.json").read_text("utf-8"))["report"]
    assert report["fitted"][0]["said"] == 90
    with pytest.raises(ModelError, match="没有可退回的"):
        models.back(root)
    with office.store.read() as db:
        assert [entry.detail["version"] for entry in audit.entries(db, "calibrate")] == ["confidence-2"]


def test_a_spoilt_model_file_is_named_and_left_by_going_back(office):
    models.keep(office.workspace.root, Calibration("confidence-2", {}), {})
    (office.workspace.root / "models" / "confidence-2.json").write_text("{", "utf-8")
    with pytest.raises(ModelError, match="confidence-2"):
        models.current(office.workspace.root)
    assert models.back(office.workspace.root) == shipped()


def test_the_commands_say_what_they_did(office, cli_runner):
    _say(office)
    told = cli_runner("calibrate", "--json", "-w", str(office.workspace.root))
    assert json.loads(told)["applied"] is False
    told = cli_runner("calibrate", "--apply", "-w", str(office.workspace.root))
    assert "已启用 confidence-2" in told
    told = cli_runner("scan", "--redecide", "--json", "-w", str(office.workspace.root))
    assert json.loads(told)["changed"] == 120
    told = cli_runner("calibrate", "--back", "--json", "-w", str(office.workspace.root))
    assert json.loads(told) == {"version": shipped().version}


def test_what_a_threshold_would_mean_is_told_before_it_is_changed(office, cli_runner):
    """A higher one has more looked at and lets fewer errors through; asking changes nothing."""
    ask = "calibrate", "--threshold", f"text={HIGH}", "-w", str(office.workspace.root)
    (line,) = json.loads(cli_runner(*ask, "--json"))["outlooks"]
    now, then = line["now"], line["then"]
    assert (now["threshold"], then["threshold"]) == (THRESHOLD, HIGH)
    assert (now["review"], then["review"]) == (pytest.approx(2 / 3), 1.0)
    assert then["wrong"] < now["wrong"]
    assert "什么也没有改" in cli_runner(*ask)
    assert Workspace.find(office.workspace.root).campaign.acceptance.text == THRESHOLD
    assert not models.versions(office.workspace.root)


@pytest.mark.parametrize("asked", ["text", "text=2", "text=很高", "signature=0.9", "name=0.9"])
def test_a_threshold_that_means_nothing_is_refused(office, cli_runner, asked):
    with pytest.raises(click.BadParameter, match=r"text=0\.9"):
        cli_runner("calibrate", "--threshold", asked, "-w", str(office.workspace.root))


def test_a_changed_threshold_counts_at_once_and_is_nothing_to_decide_again(office):
    """As the manual says."""
    before = office.workspace.campaign
    config = office.workspace / "zoufang.toml"
    config.write_text(config.read_text("utf-8") + f"\n[campaign.acceptance]\ntext = {HIGH}\n", "utf-8")
    changed = Workspace.find(office.workspace.root)

    def status(campaign: Campaign) -> str:
        with office.store.read() as db:
            (record,) = records(db, campaign, serials={office.serials[0]})
            return record.answers[FIELD].status

    assert (status(before), status(changed.campaign)) == ("accepted", "needs_review")
    assert redecide(changed, office.store).changed == 0


@pytest.fixture
def cli_runner(capsys):
    def run(*args: str) -> str:
        cli.main(list(args), standalone_mode=False)
        return capsys.readouterr().out

    return run


# --- the arithmetic -------------------------------------------------------------------------------


def test_weights_count_as_fields():
    few = [(0.9, True)] * 30 + [(0.9, False)] * 10
    many = fit(few, [100.0] * 40)
    assert many(0.9) == pytest.approx(fit(few * 100)(0.9), abs=0.005)


def test_what_is_said_is_off_by_what_it_is_off():
    judged = [(0.8, n % 2 == 0) for n in range(100)] + [(0.96, n > 3) for n in range(100)]
    assert calibration_error(judged) == pytest.approx(0.15, abs=0.001)
    assert calibration_error(judged, [0.0] * 100 + [1.0] * 100) == pytest.approx(0.0, abs=1e-9)


def test_what_is_doubted_is_looked_at_however_sure():
    cases = [
        Case(Kind.TEXT, Judgement.TEXT, 0.99, 1.0, confidence, doubt, None, 0)
        for confidence, doubt in ((0.99, ""), (0.999, "不清楚"), (0.5, ""), (0.97, ""))
    ]
    assert outlook(cases, 0.98).review == 0.75
    assert outlook(cases, 0.98).wrong == pytest.approx(0.01)
    assert outlook(cases, 0.9).wrong == pytest.approx(0.02)
