"""`zoufang roster load` tried before it is done, and its errors written back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from samples.town import build_town, write_workbook
from store import roster
from workspace.folder import Workspace
from zoufang.cli import cli
from zoufang.console import Exit


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    write_workbook(build_town(seed=3, households=60), tmp_path / "roster.xlsx")
    return Workspace.create(tmp_path / "town")


def load(workspace: Workspace, path: Path, *more: object) -> tuple[int, dict]:
    words = ["roster", "load", str(path), "--json", *map(str, more), "-w", str(workspace.root)]
    result = CliRunner().invoke(cli, words, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, json.loads(result.stdout)


def households(workspace: Workspace) -> int:
    with workspace.open_store().read() as db:
        return len(roster.load(db, "households")["households"])


def test_a_dry_run_says_what_would_change_and_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    code, tried = load(workspace, tmp_path / "roster.xlsx", "--dry-run")
    assert (code, tried["loaded"], tried["dry_run"]) == (Exit.DONE, False, True)
    assert households(workspace) == 0
    _, done = load(workspace, tmp_path / "roster.xlsx")
    assert done["loaded"]
    assert done["tables"] == tried["tables"]
    assert households(workspace) == tried["tables"]["households"]["added"] == 60
    _, again = load(workspace, tmp_path / "roster.xlsx", "--dry-run")
    assert again["tables"]["households"] == {"added": 0, "changed": 0, "removed": 0, "unchanged": 60}


def test_errors_go_into_a_copy_and_never_over_the_original(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "户.csv").write_text("户码,村,组,户主\nH1,nowhere,1,张三\n", "gb18030")
    copy = tmp_path / "copy.xlsx"
    code, result = load(workspace, tmp_path / "户.csv", "--annotate", copy)
    assert code == Exit.FAILED
    listed = CalamineWorkbook.from_path(str(copy)).get_sheet_by_name("错误清单").to_python()[1:]
    assert len(listed) == len(result["errors"]) + len(result["warnings"])
    with pytest.raises(Exception, match="另外的文件名"):
        load(workspace, tmp_path / "户.csv", "--annotate", tmp_path / "户.csv")
