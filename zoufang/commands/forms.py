"""`zoufang forms …` and `zoufang layouts …`: what is asked, and where it sits on paper."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from forms import Field, Form, Kind
from forms.options import EXAMPLES, resolved
from generate.fonts import FontBook
from layouts import SerialError, place
from layouts.identity import readable
from store import printed
from workspace.folder import Workspace
from workspace.printing import ready_forms
from zoufang import trying
from zoufang.console import Exit, conclude, print_json, print_table, say, tell
from zoufang.options import json_option, workspace_option

FORM_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
PDF_FILE = click.Path(path_type=Path, dir_okay=False)
KIND_NAMES = {
    Kind.SINGLE: "单选",
    Kind.MULTIPLE: "多选",
    Kind.DIGITS: "数字",
    Kind.DATE: "日期",
    Kind.TEXT: "手写",
    Kind.LINES: "多行手写",
    Kind.SIGNATURE: "签名",
    Kind.PREFILL: "预印",
}


@click.group(name="forms", help="表单目录。")
def forms_command() -> None:
    pass


@forms_command.command("list", help="列出所有表单。")
@workspace_option
@json_option
def list_forms(workspace: Workspace, as_json: bool) -> None:
    rows = [_summary(form) for form in workspace.catalogue]
    if as_json:
        print_json(rows)
        return
    headings = ("表单", "版本", "名称", "面数", "填写项")
    print_table("表单目录", headings, [tuple(row.values())[:5] for row in rows])


@forms_command.command("show", help="显示表单 FORM 的每个字段。")
@click.argument("form_id", metavar="FORM")
@workspace_option
@json_option
def show_form(form_id: str, workspace: Workspace, as_json: bool) -> None:
    form = known_form(workspace, form_id)
    if as_json:
        print_json({**_summary(form), "field_list": [_field(field) for field in form.fields()]})
        return
    rows = [(f.key, f.label, KIND_NAMES[f.kind], _details(f)) for f in form.fields()]
    print_table(f"{form.appendix} {form.title}（第 {form.version} 版）", ("键", "名称", "类型", "内容"), rows)


@forms_command.command(
    "check", help="检查表单定义：FILE 或工作区 forms 文件夹里的全部，逐条报告文件、行和原因。"
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=FORM_FILE)
@workspace_option
@json_option
def check_forms(files: tuple[Path, ...], workspace: Workspace, as_json: bool) -> int:
    found = trying.check(workspace / "forms", files)
    if as_json:
        print_json({"errors": found})
    elif found:
        for line in found:
            tell(line)
        say(f"共 {len(found)} 处有误")
    else:
        tell("全部表单都可以印")
    return Exit.FAILED if found else Exit.DONE


@forms_command.command("preview", help="把表单 FORM 填上示例内容，存成 PDF；放不下的地方标红。")
@click.argument("form_id", metavar="FORM")
@click.option("-o", "path", required=True, metavar="FILE.pdf", type=PDF_FILE)
@workspace_option
@json_option
def preview_form(form_id: str, path: Path, workspace: Workspace, as_json: bool) -> int:
    form = known_form(workspace, form_id)
    if form.kind == "card":
        raise click.UsageError(f"{form.id} {form.title} 是卡片，请用 zoufang print 印一份来看")
    found = trying.preview(form, path, FontBook(workspace.fonts))
    for fault in found:
        say(f"第 {fault.page} 面：{fault.message}")
    data = {"file": str(path), "faults": [{"page": one.page, "message": one.message} for one in found]}
    conclude(as_json, data, f"已存为 {path}" + (f"，其中标红 {len(found)} 处" if found else ""))
    return Exit.FAILED if found else Exit.DONE


@click.group(name="layouts", help="版面：每个填写框在纸上的位置。")
def layouts_command() -> None:
    pass


@layouts_command.command("show", help="显示表单 FORM 或某张表的版面，单位毫米，从页面左上角量起。")
@click.argument("form_id", metavar="[FORM]", required=False)
@click.option("--sheet", "serial", metavar="SERIAL", help="按已印表格的编号，只显示它那一面。")
@workspace_option
@json_option
def show_layout(form_id: str | None, serial: str | None, workspace: Workspace, as_json: bool) -> None:
    if (form_id is None) == (serial is None):
        raise click.UsageError("请给出表单编号，或用 --sheet 给出表格编号，二者取一")
    if serial is not None:
        description = _of_sheet(workspace, serial)
    else:
        form = known_form(workspace, form_id or "")
        if form.kind == "card":
            raise click.UsageError(f"{form.id} {form.title} 只印不填，没有填写框")
        description = place(_ready(workspace, form)).describe()
    if as_json:
        print_json(description)
        return
    rows = [
        (
            box["page"],
            box["field"],
            box["option"] or ("" if box["cell"] is None else f"第 {box['cell'] + 1} 格"),
            *(round(box[side], 1) for side in "xywh"),
        )
        for box in description["boxes"]
    ]
    title = f"{description['form']} 第 {description['version']} 版，版面 {description['digest']}"
    print_table(title, ("页", "字段", "选项/格", *"xywh"), rows)


def known_form(workspace: Workspace, form_id: str) -> Form:
    """Raises click.UsageError that lists the forms there are."""
    if form_id not in workspace.catalogue:
        known = "、".join(form.id for form in workspace.catalogue)
        raise click.UsageError(f"没有表单 {form_id}；现有：{known}")
    return workspace.catalogue[form_id]


def _ready(workspace: Workspace, form: Form) -> Form:
    """The form as it would be printed now."""
    with workspace.open_store().read() as db:
        return ready_forms(db, [form])[0]


def _of_sheet(workspace: Workspace, text: str) -> dict[str, Any]:
    """The layout that the sheet was printed by. Raises SerialError."""
    serial = workspace.key.check_serial(text)
    with workspace.open_store().read() as db:
        sheet = printed.sheet(db, serial)
        if sheet is None:
            raise SerialError(f"没有印制过编号为 {readable(serial)} 的表格")
        return printed.load_layout(db, sheet.layout).describe(sheet.page)


def _summary(form: Form) -> dict[str, Any]:
    return {
        "form": form.id,
        "version": form.version,
        "title": form.title,
        "pages": place(resolved(form, EXAMPLES)).pages if form.kind == "sheet" else 2,
        "fields": sum(1 for _ in form.asked()),
        "appendix": form.appendix,
        "kind": form.kind,
        "subject_kinds": list(form.subject_kinds),
        "anonymous": form.anonymous,
    }


def _field(field: Field) -> dict[str, Any]:
    return {**asdict(field), "options": [asdict(option) for option in field.options]}


def _details(field: Field) -> str:
    if field.options:
        return " ".join(f"□{option.label}" for option in field.options)
    if field.cells:
        return f"{field.cells} 格{field.unit}"
    return field.source or (f"{field.lines} 行" if field.lines else "")
