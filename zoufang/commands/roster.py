"""`zoufang roster …` and `zoufang assign`: who there is, and who visits whom."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from campaign.annotate import write_annotated
from campaign.breaches import Breach
from campaign.duties import complete, examine, go_back
from campaign.roster import Issue, RosterError, describe_changes, load_workbook
from campaign.roster import load_roster as keep
from campaign.template import write_template
from campaign.town import KIND_WORDS
from store import Duty, roster
from workspace.folder import CONFIG, Workspace
from zoufang.console import Exit, print_json, print_table, say, tell
from zoufang.options import folder_option, json_option, workspace_option

WORKBOOK = click.Path(path_type=Path, dir_okay=False)


@click.group(name="roster", help="名册：单位、村、干部、户、企业……")
def roster_command() -> None:
    pass


@roster_command.command("template", help="写出只有表头的名册工作簿 FILE.xlsx，供填写。")
@click.argument("path", metavar="FILE.xlsx", type=WORKBOOK)
@folder_option
@json_option
def write_roster_template(path: Path, folder: Path, as_json: bool) -> None:
    if path.exists():
        raise click.UsageError(f"{path} 已存在，没有覆盖。请换一个文件名")
    write_template(path)
    where = folder.resolve() if (folder / CONFIG).is_file() else "工作区文件夹"
    say(f"已写出 {path}。填好后运行：zoufang roster load {path} -w {where}")
    if as_json:
        print_json({"file": str(path)})


@roster_command.command(
    "load", help="检查并载入名册：工作簿，或每表一个 CSV 的文件夹；有任何错误就一条也不载入。"
)
@click.argument("path", metavar="FILE.xlsx|DIR", type=click.Path(path_type=Path, exists=True))
@click.option("--dry-run", is_flag=True, help="只检查，说明会有哪些变化，不载入。")
@click.option("--annotate", metavar="COPY.xlsx", type=WORKBOOK, help="把错误和提醒写成批注，存到副本。")
@workspace_option
@json_option
def load_roster(path: Path, dry_run: bool, annotate: Path | None, workspace: Workspace, as_json: bool) -> int:
    if annotate is not None and annotate.resolve() == path.resolve():
        raise click.UsageError("--annotate 请用另外的文件名，原文件不会改动")
    store = workspace.open_store()
    with store.read() as db:
        known = roster.codes(db)
    try:
        loaded = load_workbook(path, known)
    except RosterError as error:
        _annotate(path, annotate, error.errors, error.warnings)
        if as_json:
            print_json(
                {"loaded": False, "errors": _issues(error.errors), "warnings": _issues(error.warnings)}
            )
        else:
            say(f"{path} 中有 {len(error.errors)} 处错误，没有载入任何内容：")
            for issue in error.errors:
                say(f"  {issue}")
            _warn(error.warnings)
            say("请改正后重新运行同一命令。")
        return Exit.FAILED
    _annotate(path, annotate, (), loaded.warnings)
    changes = keep(store, loaded, workspace.who, dry_run=dry_run)
    if as_json:
        tables = {name: vars(change) for name, change in changes.items()}
        print_json(
            {
                "loaded": not dry_run,
                "dry_run": dry_run,
                "tables": tables,
                "errors": [],
                "warnings": _issues(loaded.warnings),
            }
        )
        return Exit.DONE
    _warn(loaded.warnings)
    say("检查通过。载入后会是：" if dry_run else "名册已载入：")
    for line in describe_changes(changes):
        say(f"  {line}")
    if dry_run:
        say("没有载入任何内容。去掉 --dry-run 即载入")
    else:
        say(f"接下来：zoufang assign -w {workspace.root}")
    return Exit.DONE


def _annotate(path: Path, copy: Path | None, errors: tuple[Issue, ...], warnings: tuple[Issue, ...]) -> None:
    if copy is not None:
        write_annotated(path, copy, errors, warnings)
        say(f"已把 {len(errors)} 处错误、{len(warnings)} 处提醒写成批注：{copy}")


@click.command(name="assign", help="安排谁走访谁：名册中已定的照办，其余按方案补齐；核对定额和不重不漏。")
@click.option("--check", "only_check", is_flag=True, help="只核对，不改动安排。")
@click.option("--revisit", is_flag=True, help="回访轮次（round 从 2 起）：只安排上一轮之后需要再访的对象。")
@workspace_option
@json_option
def assign_command(only_check: bool, revisit: bool, workspace: Workspace, as_json: bool) -> int:
    if only_check and revisit:
        raise click.UsageError("--check 和 --revisit 只能选一个")
    store, campaign = workspace.open_store(), workspace.campaign
    with store.read() as db:
        if not roster.codes(db)["cadres"]:
            say("名册是空的。请先运行 zoufang roster load")
            return Exit.FAILED
    if revisit:
        go_back(store, campaign, workspace.who)
    elif not only_check:
        complete(store, campaign, workspace.who)
    duties, breaches = examine(store, campaign)
    if as_json:
        print_json({"duties": _counts(duties), "breaches": [_breach(breach) for breach in breaches]})
    else:
        _print_assignment(duties, breaches)
    return Exit.DONE if not only_check or not breaches else Exit.FAILED


def _print_assignment(duties: list[Duty], breaches: list[Breach]) -> None:
    counts = Counter(duty.subject.kind for duty in duties)
    cadres = {kind: len({d.cadre for d in duties if d.subject.kind == kind}) for kind in counts}
    rows = [(word, counts[kind], cadres[kind]) for kind, word in KIND_WORDS.items() if counts[kind]]
    print_table("走访安排", ("对象", "已安排", "走访人数"), rows)
    if not breaches:
        tell("核对通过：不重不漏，定额都已达到。")
        return
    tell(f"有 {len(breaches)} 处与方案不符：")
    for breach in breaches:
        tell(f"  · {breach.message}")


def _warn(warnings: tuple[Issue, ...]) -> None:
    if warnings:
        say(f"提醒 {len(warnings)} 处（不影响载入，请核对）：")
        for warning in warnings:
            say(f"  {warning}")


def _issues(issues: tuple[Issue, ...]) -> list[dict[str, Any]]:
    return [vars(issue) for issue in issues]


def _counts(duties: list[Duty]) -> dict[str, int]:
    return dict(Counter(duty.subject.kind for duty in duties))


def _breach(breach: Breach) -> dict[str, Any]:
    subjects = [{"kind": subject.kind, "code": subject.code} for subject in breach.subjects]
    return {"kind": breach.kind, "message": breach.message, "cadre": breach.cadre, "subjects": subjects}
