"""`zoufang export …`: data out."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from campaign.records import Record, records
from store import Store, audit
from zoufang.console import say
from zoufang.options import workspace_option
from zoufang.workspace import Workspace


@click.group(name="export", help="导出数据。")
def export_command() -> None:
    pass


def output_options(command: Any) -> Any:
    command = click.option("-o", "path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))(
        command
    )
    return click.option("--format", "file_format", type=click.Choice(["json", "csv"]), default="json")(
        command
    )


@export_command.command("records", help="每张表一条记录：每个字段的值、状态和把握。")
@output_options
@workspace_option
def export_records(path: Path | None, file_format: str, workspace: Workspace) -> None:
    found = [record.to_json() for record in _load(workspace, "records")]
    _write(to_text(found, file_format, _record_rows), path, f"{len(found)} 条记录")


@export_command.command("readings", help="每个字段一行，连同读数的把握和所在的表格编号。")
@output_options
@workspace_option
def export_readings(path: Path | None, file_format: str, workspace: Workspace) -> None:
    found = [row for record in _load(workspace, "readings") for row in _field_rows(record.to_json())]
    _write(to_text(found, file_format, lambda rows: rows), path, f"{len(found)} 个字段")


def _load(workspace: Workspace, what: str) -> list[Record]:
    store: Store = workspace.open_store()
    with store.read() as db:
        found = list(records(db, workspace.campaign))
    with store.write() as db:
        audit.note(db, workspace.who, f"export.{what}", {"records": len(found)})
    return found


def to_text(found: list[dict[str, Any]], file_format: str, rows: Any) -> str:
    if file_format == "json":
        return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    return _csv(rows(found))


def _record_rows(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per record, one column per field of any of the forms."""
    about = ("record", "form", "form_version", "cadre", "round", "status")
    return [
        {name: record[name] for name in about}
        | {"subject": record["subject"]["code"] if record["subject"] else ""}
        | {key: _cell(field["value"]) for key, field in record["fields"].items()}
        for record in found
    ]


def _field_rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    about = {name: record[name] for name in ("record", "form", "form_version", "cadre", "round")}
    subject = record["subject"]["code"] if record["subject"] else ""
    return [{**about, "subject": subject, "field": key, **field} for key, field in record["fields"].items()]


def _cell(value: Any) -> Any:
    return "、".join(value) if isinstance(value, list) else value


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    """With a byte-order mark, without which Excel takes UTF-8 for the local code page."""
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows({key: _safe(_cell(value)) for key, value in row.items()} for row in rows)
    return "\ufeff" + text.getvalue()


def _safe(value: Any) -> Any:
    """What a spreadsheet would run as a formula becomes text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _write(text: str, path: Path | None, what: str) -> None:
    if path is None:
        sys.stdout.write(text)
    else:
        path.write_text(text, "utf-8")
        say(f"已写出 {what}：{path}")
