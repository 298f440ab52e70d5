"""`zoufang print`: the packets that cadres take along."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from store import Store, roster
from workspace.folder import Workspace
from workspace.printing import FORMATS, MANIFEST, Printed, print_packets, usual_choice
from zoufang.commands.forms import known_form
from zoufang.console import print_json, progress, tell
from zoufang.options import check_codes, json_option, workspace_option


@click.command(name="print", help="印制走访资料：每名干部一份表格、一份联系卡，附清单 manifest.json。")
@click.option("--cadre", "cadres", multiple=True, metavar="C", help="只印这名干部（工号），可重复。")
@click.option("--unit", "units", multiple=True, metavar="U", help="只印这个单位（单位编码），可重复。")
@click.option("--all", "everyone", is_flag=True, help="印全部干部。")
@click.option("--form", "form_ids", multiple=True, metavar="F", help="只印这种表单（如 2-5），可重复。")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(list(FORMATS)),
    default="pdf",
    show_default=True,
    help="pdf，或可用 Word、WPS 修改文字的 docx。",
)
@click.option(
    "--spare",
    type=click.IntRange(0, 100),
    default=0,
    metavar="N",
    help="每份资料、每种表另加的空白份数；用 --form 点名的表，没有走访对象要用也加。",
)
@click.option("-o", "folder", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@workspace_option
@json_option
def print_command(
    cadres: tuple[str, ...],
    units: tuple[str, ...],
    everyone: bool,
    form_ids: tuple[str, ...],
    file_format: str,
    spare: int,
    folder: Path,
    workspace: Workspace,
    as_json: bool,
) -> None:
    if everyone and (cadres or units):
        raise click.UsageError("--all 已是全部干部，不能同时用 --cadre、--unit")
    store = workspace.open_store()
    usual_forms, going = usual_choice(workspace, store)
    forms = [known_form(workspace, form_id) for form_id in form_ids] or usual_forms
    chosen = choose_cadres(store, cadres, units, going if everyone else [])
    with progress() as bar:
        task = bar.add_task("印制", total=len(chosen))
        done = print_packets(
            workspace,
            store,
            chosen,
            forms,
            folder,
            spare,
            lambda n, total: bar.update(task, completed=n, total=total),
            file_format,
            asked=form_ids,
        )
    if as_json:
        print_json(
            {
                "job": done.job,
                "manifest": str(folder / MANIFEST),
                "files": [file.name for file in done.files],
                "packets": done.packets,
                "sheets": done.sheets,
                "cards": done.cards,
                "reprinted": done.reprinted,
            }
        )
    else:
        report(done, folder)


def choose_cadres(
    store: Store, cadres: tuple[str, ...], units: tuple[str, ...], everyone: Sequence[str]
) -> list[str]:
    """Codes, in the roster's order. `everyone`: those whom --all means. Raises click.UsageError for unknown
    ones or an empty choice."""
    with store.read() as db:
        rows = roster.load(db, "cadres")["cadres"]
    if not rows:
        raise click.UsageError("名册是空的。请先运行 zoufang roster load 和 zoufang assign")
    check_codes(store, "cadre", cadres)
    check_codes(store, "unit", units)
    if not (cadres or units or everyone):
        raise click.UsageError("请用 --cadre、--unit 或 --all 说明印给谁")
    return [row["code"] for row in rows if row["code"] in (*everyone, *cadres) or row["unit"] in units]


def report(done: Printed, folder: Path) -> None:
    tell(f"第 {done.job} 批：{done.packets} 份资料，{done.sheets} 面表格，{done.cards} 张联系卡")
    if done.remark:
        tell(done.remark)
    tell(f"共 {len(done.files)} 个文件在 {folder}，清单是 {MANIFEST}；请按 100% 大小双面打印")
    if any(file.suffix == ".docx" for file in done.files):
        tell("各表共有的文字在页眉里（双击页眉修改，同一种表一改全改）；用 LibreOffice 修改后请另存为 ODT")
