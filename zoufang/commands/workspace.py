"""`zoufang init`."""

from pathlib import Path

import click

from workspace.folder import CONFIG, Workspace
from zoufang.console import print_json, say
from zoufang.options import json_option


@click.command(name="init", help="新建工作区文件夹 DIR。")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@json_option
def init_command(folder: Path, as_json: bool) -> None:
    workspace = Workspace.create(folder.resolve())
    say(f"已新建工作区 {workspace.root}")
    say(f"接下来：\n  1. 核对 {workspace / CONFIG} 中的活动名称、日期和电话")
    say(f"  2. zoufang roster template 名册.xlsx，填好后 zoufang roster load 名册.xlsx -w {workspace.root}")
    if as_json:
        print_json({"workspace": str(workspace.root)})
