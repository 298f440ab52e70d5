"""`zoufang init`."""

from pathlib import Path

import click

from workspace.folder import CONFIG, Workspace
from zoufang.console import say


@click.command(name="init", help="新建工作区文件夹 DIR。")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init_command(folder: Path) -> None:
    workspace = Workspace.create(folder.resolve())
    say(f"已新建工作区 {workspace.root}")
    say(f"接下来：\n  1. 核对 {workspace / CONFIG} 中的活动名称、日期和电话")
    say("  2. zoufang roster template 名册.xlsx，填好后 zoufang roster load 名册.xlsx")
