"""Data out: records, readings, opinions, ledger, diary and coverage, as JSON, CSV, XLSX or documents.

What names a person (telephones, householders) is masked unless asked for. Tables leave out what firms
wrote on the sealed page: that is the inspection group's report. Every export is noted in the audit log.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from campaign import register
from campaign.chronicle import CHRONICLE_COLUMNS, chronicle
from campaign.coverage import BY_NAMES, By, Line, Overview
from campaign.gleaning import glean
from campaign.ledger import DIARY_COLUMNS, LEDGER_COLUMNS, diary, ledger, visits_of
from campaign.lists import Lister, ranking
from campaign.masking import mask_answer
from campaign.opinions import CATEGORY_WORDS, Opinion, State
from campaign.planning import PLAN_COLUMNS, plan_rows
from campaign.progress import by_week
from campaign.records import Record, records
from campaign.revisits import REVISIT_COLUMNS, revisit_rows, wanted_again
from generate.fonts import FontBook
from store import Store, audit, visit_plans
from workspace.folder import Workspace
from workspace.tables import Sheet, cell, to_csv, to_paper, write_paper, write_xlsx

TEXTS = ("json", "csv")
"""Formats that are text; all others need a file."""
_TABLES = ("json", "csv", "xlsx")
_ALL = (*_TABLES, "docx", "pdf")
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
    "回访原因": 1.7,
    "意见编号": 1.75,
    "意见内容": 3.6,
    "备注": 1.2,
    "村组": 1.3,
    "序号": 0.6,
    "时间": 0.9,
    "人员": 0.7,
    "方式": 0.7,
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


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    unmasked  people by name and telephone
    whole     nothing masked and nothing left out, sealed pages included: what programs compare with paper
    by        opinions: village, unit or town, each a library of its own; coverage: what to list it by
    cadre     ledger, plan or revisits of this one alone
    """

    file_format: str = "json"
    unmasked: bool = False
    whole: bool = False
    by: str = ""
    cadre: str = ""

    @property
    def shows(self) -> bool:
        """Whether people are shown by name and telephone."""
        return self.unmasked or self.whole


@dataclass(frozen=True)
class Export:
    """Data on its way out: `data` for JSON, `sheets` for all else. `what`: 12 条记录."""

    title: str
    what: str
    rows: int
    data: Any
    sheets: Sequence[Sheet]


@dataclass(frozen=True)
class _Source:
    """Where it comes from. `on_step` hears how many records were gone through, of how many, 0: unknown."""

    workspace: Workspace
    store: Store
    wish: Wish
    on_step: Callable[[int, int], None]

    @property
    def json(self) -> bool:
        return self.wish.file_format == "json"

    def records(self) -> Iterator[Record]:
        with self.store.read() as db:
            for n, record in enumerate(records(db, self.workspace.campaign), 1):
                self.on_step(n, 0)
                yield record

    def opinions(self) -> tuple[list[Opinion], Lister]:
        workspace = self.workspace
        return register.load(self.store, workspace.campaign, workspace.who, self.wish.unmasked)


@dataclass(frozen=True)
class Kind:
    """Something that can be exported: what clerks call it, in which formats, and how it is made."""

    words: str
    formats: tuple[str, ...]
    make: Callable[[_Source], Export]


def export(
    workspace: Workspace,
    store: Store,
    kind: str,
    wish: Wish,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> Export:
    """One of KINDS, as wished; noted. Raises FormError."""
    found = KINDS[kind].make(_Source(workspace, store, wish, on_step))
    with store.write() as db:
        detail = {"rows": found.rows, "unmasked": wish.shows}
        audit.note(db, workspace.who, f"export.{kind}", detail)
    return found


def to_text(found: Export, file_format: str) -> str:
    """As JSON, or as CSV with all sheets below one another."""
    if file_format == "json":
        return json.dumps(found.data, ensure_ascii=False, indent=1) + "\n"
    columns = found.sheets[0].columns if found.sheets else {}
    return to_csv(Sheet(found.title, columns, [row for sheet in found.sheets for row in sheet.rows]))


def save(workspace: Workspace, found: Export, file_format: str, path: Path) -> None:
    """Raises FontError, OSError."""
    if file_format in TEXTS:
        path.write_text(to_text(found, file_format), "utf-8")
    elif file_format == "xlsx":
        write_xlsx(path, found.sheets)
    else:
        paper = to_paper(f"{workspace.campaign.town}{found.title}", found.sheets, _SHARES)
        write_paper(path.with_suffix(f".{file_format}"), paper, FontBook(workspace.fonts))


# --- records and readings ------------------------------------------------------------------------


def _records(source: _Source) -> Export:
    """A record for each form about each subject; a sheet for each form, but for CSV."""
    found = list(source.records())
    workspace, wish = source.workspace, source.wish
    data, sheets = None, []
    if source.json:
        data = [_record_json(workspace, record, wish) for record in found]
    elif wish.file_format == "csv":
        sheets = [Sheet.of("记录", (_record_row(workspace, record, wish.unmasked) for record in found))]
    else:
        by_form: dict[str, list[Record]] = defaultdict(list)
        for record in found:
            by_form[record.form].append(record)
        sheets = [_record_sheet(workspace, form, some, wish.unmasked) for form, some in by_form.items()]
    return Export("记录", f"{len(found)} 条记录", len(found), data, sheets)


def _record_json(workspace: Workspace, record: Record, wish: Wish) -> dict[str, Any]:
    found = record.to_json()
    if not wish.whole:
        sealed = _sealed_keys(workspace, record.form)
        found["fields"] = {
            key: {**field, "value": _shown(key, field["value"], wish.unmasked)}
            for key, field in found["fields"].items()
            if key not in sealed
        }
    return found


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
        key: answer.reason if answer.unreadable else cell(_shown(key, answer.value, unmasked))
        for key, answer in record.answers.items()
        if key not in sealed
    }


def _sealed_keys(workspace: Workspace, form: str) -> frozenset[str]:
    return workspace.catalogue[form].sealed_keys if form in workspace.catalogue else frozenset()


def _shown(key: str, value: Any, unmasked: bool) -> Any:
    return value if unmasked else mask_answer(key, value)


def _readings(source: _Source) -> Export:
    """A row for each field."""
    found = [row for record in source.records() for row in _field_rows(source, record)]
    return Export("读数", f"{len(found)} 个字段", len(found), found, [Sheet.of("读数", found)])


def _field_rows(source: _Source, record: Record) -> Iterator[dict[str, Any]]:
    found = _record_json(source.workspace, record, source.wish)
    about = {name: found[name] for name in ("record", "form", "form_version", "cadre", "round")}
    subject = record.subject.code if record.subject else ""
    for key, field in found["fields"].items():
        yield {**about, "subject": subject, "field": key, **field}


# --- opinions ------------------------------------------------------------------------------------


def _opinions(source: _Source) -> Export:
    everything, lister = source.opinions()
    found = [one for one in everything if one.state is not State.WITHDRAWN]
    by = source.wish.by
    groups = libraries(found, lister, by)
    data: list[Any] = []
    if source.json:
        grouped = [_group_json(name, some, lister) for name, some in groups.items()]
        data = grouped if by else [lister.row(one) for one in found]
    columns = OPINION_COLUMNS if source.wish.file_format in _TABLES else _DOCUMENT_COLUMNS
    headings = {name: name for name in columns}
    sheets = [
        Sheet(
            name if by else "意见建议",
            headings,
            [lister.words(one) for one in some],
            _ranking_words(some) if by else "",
        )
        for name, some in groups.items()
    ]
    if by and source.wish.file_format == "xlsx":
        sheets = [_ranking_sheet(groups), *sheets]
    title = "民情民意库" if by else "意见建议"
    return Export(title, f"{len(found)} 件意见建议", len(found), data, sheets)


def libraries(found: Sequence[Opinion], lister: Lister, by: str) -> dict[str, list[Opinion]]:
    """民情民意库 by village or unit, or the town's: name → opinions."""

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


def _ledger(source: _Source) -> Export:
    opinions, _ = source.opinions()
    campaign, wish = source.workspace.campaign, source.wish
    with source.store.read() as db:
        rows = ledger(db, campaign, opinions, wish.cadre or None, wish.unmasked)
    return _table("走访台账", LEDGER_COLUMNS, rows)


def _diary(source: _Source) -> Export:
    with source.store.read() as db:
        rows = diary(db, source.workspace.campaign, source.wish.unmasked)
    return _table("民情走访日记索引", DIARY_COLUMNS, rows)


def _plan(source: _Source) -> Export:
    """By cadre on paper, so that each gets a table."""
    glean(source.store, source.workspace.campaign, source.workspace.who)
    with source.store.read() as db:
        rows = plan_rows(db, source.workspace.campaign, date.today(), source.wish.unmasked)
    return _of_cadres(source, "走访计划", PLAN_COLUMNS, rows)


def _revisits(source: _Source) -> Export:
    opinions, lister = source.opinions()
    with source.store.read() as db:
        found = wanted_again(db, source.workspace.campaign, opinions)
    return _of_cadres(
        source, "回访名单", REVISIT_COLUMNS, revisit_rows(lister.facts, found, source.wish.unmasked)
    )


def _chronicle(source: _Source) -> Export:
    with source.store.read() as db:
        rows = chronicle(db)
    return _table("工作纪实", CHRONICLE_COLUMNS, rows)


def _of_cadres(source: _Source, title: str, columns: Mapping[str, str], rows: list[dict[str, Any]]) -> Export:
    """All rows as one table; in documents a table for each cadre."""
    rows = [row for row in rows if source.wish.cadre in ("", row["cadre"])]
    if source.wish.file_format in _TABLES:
        return _table(title, columns, rows)
    shown = {
        key: words
        for key, words in columns.items()
        if key not in ("unit", "unit_name", "cadre", "cadre_name")
    }
    of_cadre: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        of_cadre[f"{row['cadre_name']}（{row['cadre']}）"].append(row)
    sheets = [Sheet(name, shown, some) for name, some in of_cadre.items()]
    return Export(title, f"{len(rows)} 行", len(rows), rows, sheets)


def _table(title: str, columns: Mapping[str, str], rows: list[dict[str, Any]]) -> Export:
    return Export(title, f"{len(rows)} 行", len(rows), rows, [Sheet(title, columns, rows)])


# --- coverage ------------------------------------------------------------------------------------


def _coverage(source: _Source) -> Export:
    glean(source.store, source.workspace.campaign, source.workspace.who)
    sheets = coverage_sheets(source.store, source.workspace, source.wish.unmasked)
    by = source.wish.by or ("village" if source.wish.file_format == "csv" else "")
    chosen = {by: sheets[by]} if by else sheets
    shown = [replace(sheet, rows=[_percent(row) for row in sheet.rows]) for sheet in chosen.values()]
    data = {name: list(sheet.rows) for name, sheet in chosen.items()}
    rows = sum(map(len, data.values()))
    return Export("走访进度", "走访进度", rows, data, shown)


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
        plan = visit_plans.load(db, workspace.campaign.round)
    weeks = [vars(week) for week in by_week(workspace.campaign, overview.duties, visits.items(), plan)]
    columns = {"week": "周次", "visits": "本周走访", "done": "累计走访", "planned": "计划累计"}
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


KINDS: Mapping[str, Kind] = {
    "records": Kind("记录：每张表一条", _TABLES, _records),
    "readings": Kind("读数：每个字段一行", _TABLES, _readings),
    "opinions": Kind("意见建议", _ALL, _opinions),
    "ledger": Kind("走访台账", _ALL, _ledger),
    "diary": Kind("民情走访日记索引", _ALL, _diary),
    "coverage": Kind("走访进度", _ALL, _coverage),
    "plan": Kind("走访计划：计划日期与走访情况对照", _ALL, _plan),
    "log": Kind("工作纪实：活动各步工作的时间、人员和内容", _ALL, _chronicle),
    "revisits": Kind("回访名单：谁需要再访、为什么", _ALL, _revisits),
}
