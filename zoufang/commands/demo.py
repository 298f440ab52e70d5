"""`zoufang demo`: everything once, from a roster to records, on a town that does not exist."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from review.access import Role
from review.accounts import save_account
from store import printed
from zoufang import demo as stages
from zoufang.commands.review import open_review
from zoufang.commands.scan import report_states
from zoufang.console import Exit, print_table, progress, tell
from zoufang.demo import Demo

DEMO_USER = "演示"
REVIEW_PORT = 8765


@click.command(name="demo", help="演示：示例镇 → 印表 → 模拟填写和扫描 → 读取 → 记录。")
@click.argument("folder", metavar="[DIR]", default="demo", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--households", type=click.IntRange(1), default=200, show_default=True, metavar="N", help="户数。"
)
@click.option(
    "--until",
    type=click.Choice(["roster", "print", "scan"]),
    default="scan",
    help="做到哪一步为止：roster 只有名册，print 印好未收回，scan 全部（默认）。",
)
@click.option("--review", "review", is_flag=True, help="最后打开复核网页，看看人要做什么。")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="同时工作的进程数；默认为处理器核数。")
def demo_command(folder: Path, households: int, until: str, review: bool, jobs: int | None) -> int:
    demo = stages.begin(folder.resolve(), jobs or os.cpu_count() or 1)
    with demo.stage("名册"):
        people = stages.make_roster(demo, households)
    tell(f"示例镇：{households} 户、{len(people['cadres'])} 名干部，名册 {demo.workbook}")
    if until == "roster":
        return _end(demo, f"zoufang print --all -o {demo.packets} -w {demo.workspace.root}")
    with demo.stage("印制"):
        done = stages.print_everything(demo, people)
    sheets = next(file for file in done.files if file.name.startswith("packet-"))
    cards = next(file for file in done.files if file.name.startswith("cards-"))
    tell(f"印出 {done.packets} 份资料：{done.sheets} 面表格、{done.cards} 张联系卡，请打开看看：")
    tell(f"  表格 {sheets}\n  联系卡 {cards}")
    if until == "print":
        return _end(demo, f"zoufang scan 扫描件 -w {demo.workspace.root}")
    with demo.stage("模拟填写和扫描"):
        returned = stages.return_everything(demo)
    inbox = demo.workspace / "inbox"
    tell(f"收回 {len(returned.files)} 个扫描文件、{returned.pages} 页，在 {inbox}")
    with demo.stage("读取"), progress() as bar:
        task = bar.add_task("读取", total=returned.pages)
        batch = stages.read_everything(demo, lambda n, total: bar.update(task, completed=n, total=total))
    report_states(batch)
    _report_score(demo)
    code = _end(demo, f"zoufang review -w {demo.workspace.root}")
    return _review(demo) if review else code


def _review(demo: Demo) -> int:
    """The review page, with an account for this demonstration."""
    password = secrets.token_urlsafe(9)
    save_account(demo.store, demo.workspace.who, DEMO_USER, Role.SUPERVISOR, password)
    tell(f"用户名 {DEMO_USER}，密码 {password}")
    return open_review(demo.workspace, demo.store, "127.0.0.1", REVIEW_PORT)


def _report_score(demo: Demo) -> None:
    with demo.store.read() as db:
        layouts = printed.load_layouts(db).values()
    forms = {(layout.form.id, layout.form.version): layout.form for layout in layouts}
    scores = stages.compare(stages.load_records(demo), stages.load_truth(demo), forms)
    rows = [
        (name, s.fields, s.right + s.wrong, s.right, s.wrong, s.review, _share(s.right + s.wrong, s.fields))
        for name, s in scores.items()
    ]
    print_table("读数与真值相比", ("字段", "共", "无需复核", "其中对", "其中错", "待复核", "免复核率"), rows)
    mistakes = [(name, *mistake) for name, score in scores.items() for mistake in score.mistakes]
    if mistakes:
        headings = ("字段", "编号", "键", "读作", "实为")
        print_table(f"读错而未请人看的 {len(mistakes)} 项", headings, mistakes[:20])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _end(demo: Demo, next_command: str) -> int:
    times = "，".join(f"{name} {seconds:.1f} 秒" for name, seconds in demo.seconds.items())
    tell(f"用时：{times}，共 {sum(demo.seconds.values()):.0f} 秒")
    tell(f"接下来：{next_command}")
    if "读取" in demo.seconds:
        tell(f"        zoufang status -w {demo.workspace.root}")
        tell(f"        zoufang export records -o 记录.json -w {demo.workspace.root}")
    return Exit.DONE
