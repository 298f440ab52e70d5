"""`zoufang export …`: data out.

What names a person (telephones, householders) is masked unless `--unmasked`, which is noted in the
audit log. Tables leave out what firms wrote on the sealed page: that is the inspection group's report.
The JSON of records and readings, which programs compare with paper, is whole and never masked, and is
noted as such.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from campaign.coverage import BY_NAMES, By, Line, Overview
from campaign.gleaning import glean
from campaign.ledger import DIARY_COLUMNS, LEDGER_COLUMNS, diary, ledger, visits_of
from campaign.lists import Lister, ranking
from campaign.masking import mask_answer
from campaign.opinions import CATEGORY_WORDS, Opinion, State
from campaign.progress import by_week
from campaign.records import Record, records
from generate.fonts import FontBook
from store import Store, audit
from workspace.folder import Workspace
from workspace.tables import Sheet, cell, to_csv, to_paper, write_paper, write_xlsx
from zoufang.commands.opinions import load
from zoufang.console import say
from zoufang.options import workspace_option

IN_FILES = ("xlsx", "docx", "pdf")
"""Formats that are no text."""
OPINION_COLUMNS = (
    "编号",
    "周次",
    "来源",
    "村组",
    "性质",
    "类别",
    "内容",
    "层级",
    "去向",
    "责任单位",
    "责任人",
    "交办日期",
    "时限",
    "状态",
    "办理结果",
    "办理情况",
    "答复日期",
    "满意度",
)
_DOCUMENT_COLUMNS = ("编号", "来源", "村组", "类别", "内容", "责任单位", "时限", "状态", "答复日期")
_SHARES = {
    "编号": 1.7,
    "来源": 1.9,
    "内容": 4.0,
    "户主（对象）": 1.6,
    "编码": 1.9,
    "所见所闻": 3.0,
    "反映问题": 3.0,
}
LINE_COLUMNS = {
    "name": "名称",
    "key": "编码",
    "assigned": "应走访",
    "issued": "发出",
    "returned": "收回",
    "missing": "未交",
    "incomplete": "缺页",
    "to_review": "待复核",
    "complete": "完成",
    "share": "收回率（收回÷发出）",
}


@click.group(name="export", help="导出数据。默认隐去电话和户主姓名；--unmasked 不隐去，并记入日志。")
def export_command() -> None:
    pass


def output_options(*formats: str) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        file = click.Path(path_type=Path, dir_okay=False)
        command = click.option("--unmasked", is_flag=True, help="不隐去个人信息。")(command)
        command = click.option("-o", "path", metavar="FILE", type=file, help="写到文件；默认写到屏幕。")(
            command
        )
        choice = click.option(
            "--format", "file_format", type=click.Choice(formats), default="json", show_default=True
        )
        return choice(command)

    return decorate


def need_file(file_format: str, path: Path | None) -> None:
    if file_format in IN_FILES and path is None:
        raise click.UsageError(f"{file_format} 请用 -o 指明文件")


# --- records and readings ------------------------------------------------------------------------


@export_command.command("records", help="每张表一条记录：每个字段的值、状态和把握。")
@output_options("json", "csv", "xlsx")
@workspace_option
def export_records(path: Path | None, file_format: str, unmasked: bool, workspace: Workspace) -> None:
    need_file(file_format, path)
    found = _load(workspace, "records", unmasked or file_format == "json")
    what = f"{len(found)} 条记录"
    if file_format == "json":
        return _write(_json([record.to_json() for record in found]), path, what)
    if file_format == "csv":
        rows = (_record_row(workspace, record, unmasked) for record in found)
        return _write(to_csv(Sheet.of("记录", rows)), path, what)
    by_form: dict[str, list[Record]] = defaultdict(list)
    for record in found:
        by_form[record.form].append(record)
    assert path is not None
    write_xlsx(path, [_record_sheet(workspace, form, some, unmasked) for form, some in by_form.items()])
    return say(f"已写出 {what}：{path}")


def _record_sheet(workspace: Workspace, form: str, found: Sequence[Record], unmasked: bool) -> Sheet:
    """A form's records under the form's own words."""
    sheet = Sheet.of(form, (_record_row(workspace, record, unmasked) for record in found))
    labels = {f.key: f.label for record in found[:1] for f in record.fields.values()}
    columns = {key: f"{labels[key]}（{key}）" if key in labels else key for key in sheet.columns}
    title = workspace.catalogue[form].title if form in workspace.catalogue else ""
    return Sheet(f"{form} {title}".strip(), columns, sheet.rows)


def _record_row(workspace: Workspace, record: Record, unmasked: bool) -> dict[str, Any]:
    """A table's row: without what is sealed, which is the inspection group's (`zoufang report`)."""
    sealed = _sealed_keys(workspace, record.form)
    return {
        "record": record.record,
        "form": record.form,
        "form_version": record.form_version,
        "cadre": record.cadre,
        "round": record.round,
        "status": record.status.value,
        "subject": record.subject.code if record.subject else "",
    } | {
        key: cell(_shown(key, answer.value, unmasked))
        for key, answer in record.answers.items()
        if key not in sealed
    }


def _sealed_keys(workspace: Workspace, form: str) -> frozenset[str]:
    return workspace.catalogue[form].sealed_keys if form in workspace.catalogue else frozenset()


def _shown(key: str, value: Any, unmasked: bool) -> Any:
    return value if unmasked else mask_answer(key, value)


@export_command.command("readings", help="每个字段一行，连同读数的把握和所在的表格编号。")
@output_options("json", "csv", "xlsx")
@workspace_option
def export_readings(path: Path | None, file_format: str, unmasked: bool, workspace: Workspace) -> None:
    need_file(file_format, path)
    shown = unmasked or file_format == "json"
    found = [
        row
        for one in _load(workspace, "readings", shown)
        for row in _field_rows(one, shown)
        if file_format == "json" or row["field"] not in _sealed_keys(workspace, one.form)
    ]
    what = f"{len(found)} 个字段"
    if file_format == "xlsx" and path is not None:
        write_xlsx(path, [Sheet.of("读数", found)])
        return say(f"已写出 {what}：{path}")
    text = _json(found) if file_format == "json" else to_csv(Sheet.of("读数", found))
    return _write(text, path, what)


def _field_rows(record: Record, unmasked: bool) -> Iterator[dict[str, Any]]:
    found = record.to_json()
    about = {name: found[name] for name in ("record", "form", "form_version", "cadre", "round")}
    subject = record.subject.code if record.subject else ""
    for key, field in found["fields"].items():
        value = _shown(key, field["value"], unmasked)
        yield {**about, "subject": subject, "field": key, **field, "value": value}


def _load(workspace: Workspace, what: str, unmasked: bool) -> list[Record]:
    store: Store = workspace.open_store()
    with store.read() as db:
        found = list(records(db, workspace.campaign))
    _note(workspace, store, what, len(found), unmasked)
    return found


# --- opinions ------------------------------------------------------------------------------------


@export_command.command(
    "opinions", help="意见建议及办理情况；--by 分村、分单位或全镇建民情民意库，附类别排序。"
)
@click.option("--by", type=click.Choice(["village", "unit", "town"]), help="按村、承办单位或全镇分开。")
@output_options("json", "csv", "xlsx", "docx", "pdf")
@workspace_option
def export_opinions(
    by: str | None, path: Path | None, file_format: str, unmasked: bool, workspace: Workspace
) -> None:
    need_file(file_format, path)
    store = workspace.open_store()
    found, lister = load(workspace, store, unmasked)
    found = [one for one in found if one.state is not State.WITHDRAWN]
    _note(workspace, store, "opinions", len(found), unmasked)
    groups = _groups(found, lister, by)
    what = f"{len(found)} 件意见建议"
    if file_format == "json":
        if by is None:
            return _write(_json([lister.row(one) for one in found]), path, what)
        return _write(_json([_group_json(name, some, lister) for name, some in groups.items()]), path, what)
    columns = dict.fromkeys(OPINION_COLUMNS if file_format in ("csv", "xlsx") else _DOCUMENT_COLUMNS)
    headings = {name: name for name in columns}
    sheets = [
        Sheet(
            name or "意见建议",
            headings,
            [lister.words(one) for one in some],
            _ranking_words(some) if by else "",
        )
        for name, some in groups.items()
    ]
    if by and file_format == "xlsx":
        sheets = [_ranking_sheet(groups), *sheets]
    return _deliver(workspace, "民情民意库" if by else "意见建议", sheets, path, file_format, what)


def _groups(found: Sequence[Opinion], lister: Lister, by: str | None) -> dict[str, list[Opinion]]:
    def name(one: Opinion) -> str:
        if by == "village":
            return lister.village(one) or "不属于某村"
        return "全镇" if by != "unit" else one.handler_name or "尚未交办"

    groups: dict[str, list[Opinion]] = defaultdict(list)
    for one in found:
        groups[name(one)].append(one)
    return dict(sorted(groups.items()))


def _group_json(name: str, found: Sequence[Opinion], lister: Lister) -> dict[str, Any]:
    topics = [{"category": category, "count": count} for category, count in ranking(found)]
    return {"name": name, "ranking": topics, "opinions": [lister.row(one) for one in found]}


def _ranking_words(found: Sequence[Opinion]) -> str:
    topics = "、".join(f"{CATEGORY_WORDS.get(c, '未分类')} {n} 件" for c, n in ranking(found))
    return f"共 {len(found)} 件，按类别：{topics}。"


def _ranking_sheet(groups: dict[str, list[Opinion]]) -> Sheet:
    rows = [
        {"name": name, "rank": rank, "category": CATEGORY_WORDS.get(category, "未分类"), "count": count}
        for name, found in groups.items()
        for rank, (category, count) in enumerate(ranking(found), 1)
    ]
    return Sheet("类别排序", {"name": "范围", "rank": "名次", "category": "类别", "count": "件数"}, rows)


# --- ledger and diary ----------------------------------------------------------------------------


@export_command.command("ledger", help="走访台账：每个走访对象一行，日期、方式、结果、表、卡、意见件数。")
@click.option("--cadre", metavar="C", help="只要这名干部（工号）的。")
@output_options("json", "csv", "xlsx", "docx", "pdf")
@workspace_option
def export_ledger(
    cadre: str | None, path: Path | None, file_format: str, unmasked: bool, workspace: Workspace
) -> None:
    need_file(file_format, path)
    store = workspace.open_store()
    found, _ = load(workspace, store)
    with store.read() as db:
        rows = ledger(db, workspace.campaign, found, cadre, unmasked)
    _note(workspace, store, "ledger", len(rows), unmasked)
    _table(workspace, "走访台账", LEDGER_COLUMNS, rows, path, file_format)


@export_command.command("diary", help="民情走访日记索引。")
@output_options("json", "csv", "xlsx", "docx", "pdf")
@workspace_option
def export_diary(path: Path | None, file_format: str, unmasked: bool, workspace: Workspace) -> None:
    need_file(file_format, path)
    store = workspace.open_store()
    with store.read() as db:
        rows = diary(db, workspace.campaign, unmasked)
    _note(workspace, store, "diary", len(rows), unmasked)
    _table(workspace, "民情走访日记索引", DIARY_COLUMNS, rows, path, file_format)


def _table(
    workspace: Workspace,
    title: str,
    columns: dict[str, str],
    rows: list[dict[str, Any]],
    path: Path | None,
    file_format: str,
) -> None:
    what = f"{len(rows)} 行"
    if file_format == "json":
        return _write(_json(rows), path, what)
    return _deliver(workspace, title, [Sheet(title, columns, rows)], path, file_format, what)


# --- coverage ------------------------------------------------------------------------------------


@export_command.command("coverage", help="走访进度：干部、单位、村、小组、条线、表单、周次，以及未走访名单。")
@click.option("--by", type=click.Choice([*BY_NAMES, "week"]), help="csv 只含一种；默认 village。")
@output_options("json", "csv", "xlsx", "docx", "pdf")
@workspace_option
def export_coverage(
    by: str | None, path: Path | None, file_format: str, unmasked: bool, workspace: Workspace
) -> None:
    need_file(file_format, path)
    store = workspace.open_store()
    glean(store, workspace.campaign, workspace.who)
    sheets = coverage_sheets(store, workspace, unmasked)
    _note(workspace, store, "coverage", sum(len(sheet.rows) for sheet in sheets.values()), unmasked)
    if file_format == "csv":
        by = by or "village"
    chosen = {by: sheets[by]} if by else sheets
    if file_format == "json":
        return _write(_json({name: list(sheet.rows) for name, sheet in chosen.items()}), path, "走访进度")
    shown = [replace(sheet, rows=[_percent(row) for row in sheet.rows]) for sheet in chosen.values()]
    return _deliver(workspace, "走访进度", shown, path, file_format, "走访进度")


def _percent(row: Mapping[str, Any]) -> dict[str, Any]:
    share = row.get("share")
    return {**row, "share": f"{share:.1%}" if share is not None else ""}


def coverage_sheets(store: Store, workspace: Workspace, unmasked: bool = False) -> dict[str, Sheet]:
    """The figures by everything that they can be asked by. Glean first."""
    overview = Overview.of(store, workspace.campaign)
    sheets = {
        name: Sheet(f"按{word}", LINE_COLUMNS, [*_lines(overview, name), _line(overview.total())])
        for name, word in BY_NAMES.items()
    }
    with store.read() as db:
        visits = visits_of(db, workspace.campaign)
    weeks = [vars(week) for week in by_week(workspace.campaign, overview.duties, visits.items())]
    columns = {"week": "周次", "visits": "本周走访", "done": "累计走访", "planned": "匀速计划累计"}
    sheets["week"] = Sheet("按周", columns, weeks)
    lister = Lister(overview.facts, unmasked)
    left = [
        {
            "code": one.subject.code,
            "who": lister.who(one.subject),
            "village": one.village,
            "cadre": one.cadre_name,
        }
        for one in overview.unvisited()
    ]
    columns = {"code": "编码", "who": "对象", "village": "村", "cadre": "走访人"}
    sheets["unvisited"] = Sheet("未走访", columns, left)
    return sheets


def _lines(overview: Overview, by: str) -> list[dict[str, Any]]:
    name: By = by  # type: ignore[assignment]
    return [_line(line) for line in overview.lines(name)]


def _line(line: Line) -> dict[str, Any]:
    share = round(line.returned / line.issued, 4) if line.issued else None
    return {**vars(line), "missing": line.missing, "share": share}


# --- writing -------------------------------------------------------------------------------------


def _deliver(
    workspace: Workspace,
    title: str,
    sheets: Sequence[Sheet],
    path: Path | None,
    file_format: str,
    what: str,
) -> None:
    if file_format == "csv":
        whole = Sheet(title, sheets[0].columns if sheets else {}, [r for s in sheets for r in s.rows])
        return _write(to_csv(whole), path, what)
    assert path is not None
    if file_format == "xlsx":
        write_xlsx(path, sheets)
    else:
        paper = to_paper(f"{workspace.campaign.town}{title}", sheets, _SHARES)
        write_paper(path.with_suffix(f".{file_format}"), paper, FontBook(workspace.fonts))
    return say(f"已写出 {what}：{path}")


def _json(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _note(workspace: Workspace, store: Store, what: str, count: int, unmasked: bool) -> None:
    with store.write() as db:
        audit.note(db, workspace.who, f"export.{what}", {"rows": count, "unmasked": unmasked})


def _write(text: str, path: Path | None, what: str) -> None:
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, "utf-8")
        say(f"已写出 {what}：{path}")
