"""Commands as a clerk runs them: what they print, and their exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner

import zoufang
from zoufang.cli import COMMANDS, cli
from zoufang.console import Exit


def run(*args: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, so that its exit code and both its streams are real."""
    environment = {**os.environ, "ZOUFANG_WORKSPACE": "", "COLUMNS": "160"}
    command = [sys.executable, "-c", "from zoufang.cli import main; main()", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_in_chinese(name):
    result = CliRunner().invoke(cli, [name, "-h"])
    assert result.exit_code == 0, result.output
    assert any("一" <= character <= "鿿" for character in result.output)


def leaves(command, *path):
    """Every command that does something, with its words."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(click.Context(command)):
        yield from leaves(command.get_command(click.Context(command), name), *path, name)


def test_every_command_reports_as_json_but_those_that_one_watches():
    silent = {path for path, command in leaves(cli) if "--json" not in str([p.opts for p in command.params])}
    assert silent == {("demo",), ("review",)}


def test_a_command_that_only_writes_reports_what_it_wrote(tmp_path):
    town = tmp_path / "town"
    assert json.loads(run("init", str(town), "--json").stdout) == {"workspace": str(town)}
    out = tmp_path / "x.csv"
    words = ("export", "diary", "--format", "csv", "--json", "-w", str(town))
    assert json.loads(run(*words, "-o", str(out)).stdout) == {"file": str(out), "rows": 0, "unmasked": False}
    assert run(*words).returncode == Exit.USAGE
    words = ("user", "add", "张三", "--role", "keyer", "--password", "a long one")
    added = run(*words, "--json", "-w", str(town))
    assert json.loads(added.stdout) == {"name": "张三", "role": "keyer", "scope": "", "new": True}
    (user,) = json.loads(run("user", "list", "--json", "-w", str(town)).stdout)
    assert (user["name"], user["disabled"]) == ("张三", False)


def test_the_rosters_template_needs_no_workspace_and_says_how_to_load_it_into_one(tmp_path):
    """As does what `init` says comes next."""
    town, book = tmp_path / "town", tmp_path / "名册.xlsx"
    assert f"roster load 名册.xlsx -w {town}" in run("init", str(town)).stderr
    assert "-w 工作区文件夹" in run("roster", "template", str(book), "-w", str(tmp_path)).stderr
    assert book.exists()
    book.unlink()
    assert f"-w {town}" in run("roster", "template", str(book), "-w", str(town)).stderr


def test_init_makes_a_workspace_that_only_its_owner_reads(tmp_path):
    result = run("init", str(tmp_path / "town"))
    assert result.returncode == Exit.DONE, result.stderr
    assert {"zoufang.toml", "data.db", "secret.key"} <= {path.name for path in (tmp_path / "town").iterdir()}
    assert (tmp_path / "town").stat().st_mode & 0o077 == 0
    again = run("init", str(tmp_path / "town"))
    assert again.returncode == Exit.FAILED
    assert "已经是工作区" in again.stderr


def test_without_a_workspace_a_command_says_what_to_do(tmp_path):
    result = run("status", "-w", str(tmp_path))
    assert result.returncode == Exit.FAILED
    assert "zoufang init" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_setting_that_is_wrong_is_named(tmp_path):
    run("init", str(tmp_path / "town"))
    config = tmp_path / "town" / "zoufang.toml"
    config.write_text(config.read_text("utf-8").replace("round = 1", 'round = "first"\nrownd = 2'), "utf-8")
    result = run("assign", "-w", str(tmp_path / "town"))
    assert result.returncode == Exit.FAILED
    assert "round" in result.stderr
    assert "rownd" in result.stderr


@pytest.mark.parametrize(
    ("line", "encoding", "words"),
    [
        ("town = 孟河镇", "utf-8", "第 3 行第 8 个字符起写法不对"),
        ('town = "孟河镇', "utf-8", "写法不对"),
        ('town = "孟河镇"', "gbk", "另存为 UTF-8"),
    ],
)
def test_settings_that_cannot_be_read_are_explained_in_chinese(tmp_path, line, encoding, words):
    run("init", str(tmp_path / "town"))
    (tmp_path / "town" / "zoufang.toml").write_text(f"[campaign]\nyear = 2017\n{line}", encoding)
    result = run("assign", "-w", str(tmp_path / "town"))
    assert result.returncode == Exit.FAILED
    assert words in result.stderr
    assert "Invalid" not in result.stderr


def test_settings_saved_by_windows_are_read(tmp_path):
    """Its editor begins a file with a byte order mark."""
    run("init", str(tmp_path / "town"))
    (tmp_path / "town" / "zoufang.toml").write_text('[campaign]\ntown = "孟河镇"\n', "utf-8-sig")
    assert run("status", "-w", str(tmp_path / "town")).returncode == Exit.DONE


def test_a_folder_that_is_not_there_is_said_in_chinese(tmp_path):
    run("init", str(tmp_path / "town"))
    nowhere = tmp_path / "nowhere" / "x.json"
    result = run("export", "records", "-o", str(nowhere), "-w", str(tmp_path / "town"))
    assert result.returncode == Exit.FAILED
    assert result.stderr == f"错误：没有这个文件或文件夹：{nowhere}\n"


def test_looking_up_a_picture_that_is_not_there_says_so(tmp_path):
    run("init", str(tmp_path / "town"))
    for what in ("nothing.jpg", "扫描件/第一页"):
        result = run("lookup", what, "-w", str(tmp_path / "town"))
        assert result.returncode == Exit.USAGE
        assert f"没有这个文件：{what}" in result.stderr
    assert "编号应为" in run("lookup", "ABC", "-w", str(tmp_path / "town")).stderr


def test_days_are_taken_as_people_write_them(tmp_path):
    run("init", str(tmp_path / "town"))

    def plan(day):
        return run("plan", "--from", day, "-w", str(tmp_path / "town"))

    assert "应写成 2017-04-01 的样子" in plan("4月1日").stderr
    assert plan("4月1日").returncode == Exit.USAGE
    for day in ("2017-04-01", "2017/4/1"):
        assert "还没有走访安排" in plan(day).stderr


def test_forms_and_layouts_are_told_as_json(tmp_path):
    run("init", str(tmp_path / "town"))
    forms = json.loads(run("forms", "list", "--json", "-w", str(tmp_path / "town")).stdout)
    assert {"2-2", "2-5", "2-8"} <= {form["form"] for form in forms}
    layout = json.loads(run("layouts", "show", "2-5", "--json", "-w", str(tmp_path / "town")).stdout)
    assert set(layout) >= {"form", "version", "digest", "page_size_mm", "boxes"}
    keys = {"field", "kind", "option", "cell", "page", "x", "y", "w", "h"}
    assert all(set(box) >= keys for box in layout["boxes"])


def test_an_unknown_form_is_a_usage_error_that_names_the_known_ones(tmp_path):
    run("init", str(tmp_path / "town"))
    result = run("forms", "show", "9-9", "-w", str(tmp_path / "town"))
    assert result.returncode == Exit.USAGE
    assert "2-5" in result.stderr


def test_a_missing_file_is_one_line(tmp_path):
    run("init", str(tmp_path / "town"))
    result = run("roster", "load", str(tmp_path / "none.xlsx"), "-w", str(tmp_path / "town"))
    assert result.returncode == Exit.USAGE
    assert "none.xlsx' 不存在" in result.stderr
    assert "Traceback" not in result.stderr


def test_printing_for_all_and_for_some_at_once_is_refused(tmp_path):
    run("init", str(tmp_path / "town"))
    result = run("print", "--cadre", "G0001", "--all", "-o", "out", "-w", str(tmp_path / "town"))
    assert result.returncode == Exit.USAGE
    assert "--all" in result.stderr


def test_what_click_says_is_chinese_and_its_catalogue_is_compiled(tmp_path):
    result = run("print")
    assert result.returncode == Exit.USAGE
    assert "缺少选项" in result.stderr
    folder = Path(zoufang.__file__).parent / "locale" / "zh_CN" / "LC_MESSAGES"
    with (folder / "zoufang.po").open("rb") as source, (folder / "zoufang.mo").open("rb") as compiled:
        written, shipped = read_po(source), read_mo(compiled)
    assert _words(written) == _words(shipped)


def _words(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    def plain(text: object) -> tuple[str, ...]:
        return (text,) if isinstance(text, str) else tuple(text)

    return {plain(message.id): plain(message.string) for message in catalogue if message.id}
