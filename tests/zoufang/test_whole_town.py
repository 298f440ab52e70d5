"""The whole chain but for images, over a whole town, against counts made another way."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from whole_town import WholeTown, whole_town

from campaign.breaches import OWNED_KINDS
from campaign.weeks import monday
from store import roster
from zoufang.cli import cli

WEEK = "2017-W14"


@pytest.fixture(
    scope="module",
    params=[1000, pytest.param(25_000, marks=pytest.mark.slow)],
    ids=["1000 households", "25000 households"],
)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WholeTown:
    return whole_town(tmp_path_factory.mktemp("town") / "town", request.param)


def run(town: WholeTown, *args: object) -> Any:
    words = [*map(str, args), "-w", str(town.workspace.root)]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    if result.exception:
        raise result.exception
    return json.loads(result.stdout) if "--json" in args else result.stdout


def said_in_week(town: WholeTown) -> Counter[str]:
    """Opinions of the week by nature, counted from what was written on the forms."""
    first = monday(WEEK)
    found: Counter[str] = Counter()
    for values in town.answers.values():
        day = values["visit_date"]
        if not day or not 0 <= (date.fromisoformat(str(day)) - first).days < 7:
            continue
        for row in ("opinion_1", "opinion_2"):
            if values[f"{row}.text"]:
                suggestion = values[f"{row}.nature"] == "suggestion"
                found["suggestions" if suggestion else "problems"] += 1
    return found


def test_everybody_has_one_visitor_and_every_quota_is_met(town: WholeTown) -> None:
    with town.store.read() as db:
        tables = roster.load(db)
    owned = Counter(duty.subject for duty in town.duties if duty.subject.kind in OWNED_KINDS)
    assert set(owned.values()) == {1}
    assert len(owned) == sum(len(tables[f"{kind}s"]) for kind in OWNED_KINDS)
    assert list(town.breaches) == []


def test_coverage_adds_up_by_everything(town: WholeTown) -> None:
    sheets = json.loads(run(town, "export", "coverage"))
    forms = len(town.answers)
    for by in ("cadre", "unit", "village", "group", "line", "form"):
        *lines, total = sheets[by]
        assert sum(line["issued"] for line in lines) == total["issued"] == forms
        assert sum(line["returned"] for line in lines) == total["returned"] == forms
    assert len(sheets["unvisited"]) == sum(d.subject.kind in OWNED_KINDS for d in town.duties) - forms


def test_a_weeks_lists_hold_what_was_written_that_week(town: WholeTown) -> None:
    digest = run(town, "digest", "--week", WEEK, "--date", "2017-04-10", "--json")
    expected = said_in_week(town)
    assert {kind: len(digest[kind]) for kind in expected} == expected
    assert len(expected) == 2
    again = run(town, "digest", "--week", WEEK, "--date", "2017-04-17", "--json")
    assert again == digest


def test_the_ledger_has_a_row_for_everybody(town: WholeTown, tmp_path: Path) -> None:
    run(town, "export", "ledger", "--format", "csv", "-o", tmp_path / "ledger.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "ledger.csv").read_text("utf-8-sig"))))
    assert Counter(row["编码"] for row in rows) == Counter(duty.subject.code for duty in town.duties)
    done = sum(values["visit_result"] == "done" for values in town.answers.values())
    assert sum(row["结果"] == "完成" for row in rows) == done
