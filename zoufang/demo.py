"""The demonstration: a sample town, its packets, their simulated return, and what was read of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign.assign import propose
from campaign.judge import Status
from campaign.records import Record, records
from campaign.roster import Roster, keep_roster, load_workbook
from forms import Kind, Value
from ingest.confidence import same_answer
from samples.answers import Circumstances
from samples.simulate import Returned, Side, simulate_return
from samples.town import build_town, write_workbook
from store import Store, printed, roster
from workspace.folder import CONFIG, Workspace, WorkspaceError
from workspace.pool import Processes
from workspace.printing import Printed, print_packets
from workspace.scanning import Batch, scan

SEED = 2017
RETURNED = ("2-2", "2-4", "2-5", "2-7")
"""The forms that come back: those about whom was visited. To simulate ledgers, diaries and the rest as
well would take the demonstration past two minutes."""
TELEPHONES = ("0519-83500100", "0519-83500119")  # invented: office, supervision

Truth = Mapping[str, Any]


@dataclass
class Demo:
    """A demonstration under way: its folder, and how long each stage took."""

    workspace: Workspace
    store: Store
    jobs: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def packets(self) -> Path:
        return self.workspace / "out" / "packets"

    @property
    def workbook(self) -> Path:
        return self.workspace / "名册.xlsx"

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun


def begin(folder: Path, jobs: int) -> Demo:
    """A workspace for a town that does not exist. Raises WorkspaceError when there is one already."""
    if (folder / CONFIG).exists():
        raise WorkspaceError(f"{folder} 里已有一个工作区，没有改动。请换一个文件夹，或先删去它再演示")
    workspace = Workspace.create(folder)
    config = workspace / CONFIG
    office, supervision = TELEPHONES
    settings = config.read_text("utf-8")
    settings = settings.replace('office_phone = ""', f'office_phone = "{office}"')
    settings = settings.replace('supervision_phone = ""', f'supervision_phone = "{supervision}"')
    config.write_text(settings, "utf-8")
    return Demo(workspace, workspace.open_store(), jobs)


def make_roster(demo: Demo, households: int) -> Roster:
    """The sample town's workbook, loaded and with everybody assigned."""
    town = build_town(SEED, households)
    write_workbook(town, demo.workbook)
    people = load_workbook(demo.workbook)
    campaign = demo.workspace.campaign
    with demo.store.write() as db:
        keep_roster(db, people, demo.workspace.who)
        roster.set_duties(db, campaign.round, propose(people, [], campaign.quotas))
    return people


def print_everything(demo: Demo, people: Roster) -> Printed:
    cadres = [row["code"] for row in people["cadres"]]
    return print_packets(demo.workspace, demo.store, cadres, list(demo.workspace.catalogue), demo.packets)


def return_everything(demo: Demo) -> Returned:
    """What people wrote, scanned into inbox/; the truth beside it is not for the reader."""
    with demo.store.read() as db:
        index = printed.sheet_index(db)
        layouts = printed.load_layouts(db)
        sides = {}
        for serial, (digest, page) in index.items():
            if layouts[digest].form.id in RETURNED:
                sheet = printed.sheet(db, serial)
                assert sheet is not None
                sides[serial] = Side(sheet.instance, layouts[digest], page)
        names = roster.vocabularies(db)
    told = Circumstances(vocabularies=names)
    inbox = demo.workspace / "inbox"
    returned = simulate_return(demo.packets, sides, inbox, SEED, circumstances=told, jobs=demo.jobs)
    for name in ("truth.json", "pages.json"):
        (inbox / name).rename(demo.workspace / "out" / name)
    return returned


def read_everything(demo: Demo, on_page: Any) -> Batch:
    inbox = demo.workspace / "inbox"
    return scan(demo.workspace, demo.store, [inbox], Processes(demo.jobs), demo.workspace.who, on_page)


# --- compared with the truth ---------------------------------------------------------------------


@dataclass
class Score:
    """Fields whose truth is certain: how many were accepted rightly and wrongly, and sent to a person."""

    right: int = 0
    wrong: int = 0
    review: int = 0
    mistakes: list[tuple[str, str, Value, Value]] = field(default_factory=list)  # serial, field, read, true

    @property
    def fields(self) -> int:
        return self.right + self.wrong + self.review


def load_truth(demo: Demo) -> Truth:
    truth: Truth = json.loads((demo.workspace / "out" / "truth.json").read_text("utf-8"))
    return truth


def load_records(demo: Demo) -> list[Record]:
    with demo.store.read() as db:
        return list(records(db, demo.workspace.campaign))


KINDS = {
    Kind.SINGLE: "勾选",
    Kind.MULTIPLE: "勾选",
    Kind.DIGITS: "数字",
    Kind.DATE: "数字",
    Kind.TEXT: "手写",
    Kind.LINES: "手写",
    Kind.SIGNATURE: "签名",
}


def compare(found: Sequence[Record], truth: Truth, forms: Mapping[tuple[str, int], Any]) -> dict[str, Score]:
    """Score by kind of field. `forms`: (id, version) → form, as printed."""
    scores: dict[str, Score] = {name: Score() for name in dict.fromkeys(KINDS.values())}
    for record in found:
        form = forms[record.form, record.form_version]
        for key, answer in record.answers.items():
            told = truth.get(answer.serial or "")
            if answer.status is Status.MISSING or told is None or key in told["ambiguous"]:
                continue
            score = scores[KINDS[form.field(key).kind]]
            if answer.status is Status.NEEDS_REVIEW:
                score.review += 1
            elif same_answer(answer.value, told["fields"][key]):
                score.right += 1
            else:
                score.wrong += 1
                score.mistakes.append((str(answer.serial), key, answer.value, told["fields"][key]))
    return scores
