"""`zoufang export …`: data out (`workspace.exporting`).

The JSON of records and readings, which programs compare with paper, is whole and never masked, and is
noted as such.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from campaign.coverage import BY_NAMES
from workspace.exporting import KINDS, TEXTS, Wish, export, save, to_text
from workspace.folder import Workspace
from zoufang.console import print_json, say
from zoufang.options import check_codes, json_option, workspace_option

_WHOLE = ("records", "readings")
_WHOLE_WORDS = "json 供程序与纸面核对，一律不隐去，并记入日志；要隐去的请用 --format csv、xlsx。"


@click.group(
    name="export",
    help="导出数据。默认隐去电话和户主姓名（records 和 readings 的 json 除外）；--unmasked 不隐去。"
    "不隐去的都记入日志。",
)
def export_command() -> None:
    pass


def output_options(kind: str) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        file = click.Path(path_type=Path, dir_okay=False)
        command = click.option("--unmasked", is_flag=True, help="不隐去个人信息，并记入日志。")(command)
        command = click.option("-o", "path", metavar="FILE", type=file, help="写到文件；默认写到屏幕。")(
            command
        )
        formats = click.Choice(KINDS[kind].formats)
        return click.option("--format", "file_format", type=formats, default="json", show_default=True)(
            workspace_option(json_option(command))
        )

    return decorate


def _export(
    kind: str,
    workspace: Workspace,
    path: Path | None,
    file_format: str,
    unmasked: bool,
    as_json: bool,
    by: str | None = None,
    cadre: str | None = None,
) -> None:
    if path is None and file_format not in TEXTS:
        raise click.UsageError(f"{file_format} 请用 -o 指明文件")
    if path is None and as_json and file_format != "json":
        raise click.UsageError(f"--json 说明写了哪个文件；{file_format} 请用 -o 指明文件")
    store = workspace.open_store()
    check_codes(store, "cadre", [cadre] if cadre else [])
    whole = kind in _WHOLE and file_format == "json"
    wish = Wish(file_format, unmasked, whole, by or "", cadre or "")
    found = export(workspace, store, kind, wish)
    if path is None:
        sys.stdout.write(to_text(found, file_format))
        return
    save(workspace, found, file_format, path)
    say(f"已写出 {found.what}：{path}" + ("（没有隐去个人信息，已记入日志）" if wish.shows else ""))
    if as_json:
        print_json({"file": str(path), "rows": found.rows, "unmasked": wish.shows})


@export_command.command("records", help=f"每张表一条记录：每个字段的值、状态和把握。{_WHOLE_WORDS}")
@output_options("records")
def export_records(**options: Any) -> None:
    _export("records", **options)


@export_command.command("readings", help=f"每个字段一行，连同读数的把握和所在的表格编号。{_WHOLE_WORDS}")
@output_options("readings")
def export_readings(**options: Any) -> None:
    _export("readings", **options)


@export_command.command(
    "opinions", help="意见建议及办理情况；--by 分村、分单位或全镇建民情民意库，附类别排序。"
)
@click.option("--by", type=click.Choice(["village", "unit", "town"]), help="按村、承办单位或全镇分开。")
@output_options("opinions")
def export_opinions(**options: Any) -> None:
    _export("opinions", **options)


@export_command.command("ledger", help="走访台账：每个走访对象一行，日期、方式、结果、表、卡、意见件数。")
@click.option("--cadre", metavar="C", help="只要这名干部（工号）的。")
@output_options("ledger")
def export_ledger(**options: Any) -> None:
    _export("ledger", **options)


@export_command.command("diary", help="民情走访日记索引。")
@output_options("diary")
def export_diary(**options: Any) -> None:
    _export("diary", **options)


@export_command.command("plan", help="走访计划与走访情况对照；各单位的文件和载回用 zoufang plan。")
@click.option("--cadre", metavar="C", help="只要这名干部（工号）的。")
@output_options("plan")
def export_plan(**options: Any) -> None:
    _export("plan", **options)


@export_command.command(
    "revisits", help="回访名单：本轮走访后谁需要再访、为什么；下一轮用 zoufang assign --revisit 安排。"
)
@click.option("--cadre", metavar="C", help="只要这名干部（工号）的。")
@output_options("revisits")
def export_revisits(**options: Any) -> None:
    _export("revisits", **options)


@export_command.command("log", help="工作纪实：名册、安排、印制、扫描、交办、办理、报告，按时间列出。")
@output_options("log")
def export_log(**options: Any) -> None:
    _export("log", **options)


@export_command.command("coverage", help="走访进度：干部、单位、村、小组、条线、表单、周次，以及未走访名单。")
@click.option("--by", type=click.Choice([*BY_NAMES, "week"]), help="csv 只含一种；默认 village。")
@output_options("coverage")
def export_coverage(**options: Any) -> None:
    _export("coverage", **options)
