"""`zoufang calibrate`: confidence from what people corrected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from forms.model import Kind
from ingest.confidence import Judgement
from workspace import models
from workspace.calibrating import (
    LEAST_CASES,
    Calibrated,
    Outlook,
    Outlooks,
    calibrate,
    put_into_use,
    what_if,
)
from workspace.folder import Workspace
from workspace.rejudging import OnPage
from zoufang.console import conclude, print_json, print_table, progress, say, tell
from zoufang.options import json_option, workspace_option

JUDGEMENT_NAMES = {
    Judgement.CHOICE: "勾选",
    Judgement.NUMBER: "数字、日期",
    Judgement.TEXT: "手写文字",
    Judgement.WORD: "手写（名单内）",
    Judgement.BLANK: "空白",
    Judgement.SIGNATURE: "签名",
}
KIND_NAMES = {
    Kind.SINGLE: "单选",
    Kind.MULTIPLE: "多选",
    Kind.DIGITS: "数字",
    Kind.DATE: "日期",
    Kind.TEXT: "单行手写",
    Kind.LINES: "多行手写",
}


def _thresholds(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> dict[Kind, float]:
    """Click's callback for `KIND=SHARE`."""
    return dict(map(_threshold, values))


def _threshold(value: str) -> tuple[Kind, float]:
    name, _, number = value.partition("=")
    try:
        kind, threshold = Kind(name), float(number)
        if kind in KIND_NAMES and 0 <= threshold <= 1:
            return kind, threshold
    except ValueError:
        pass
    known = "、".join(f"{kind.value}（{words}）" for kind, words in KIND_NAMES.items())
    raise click.BadParameter(f"“{value}”应写成 text=0.9 的样子；项目有 {known}，界限在 0 到 1 之间")


@click.command(
    name="calibrate",
    help="用复核时的改正校准识读把握；先看报告，加 --apply 才启用。启用后可用 scan --redecide 重新判定旧页。"
    "改界限之前，用 --threshold 先看会怎样。",
)
@click.option("--apply", is_flag=True, help="启用新的校准（旧的保留，可退回）。")
@click.option("--back", is_flag=True, help="退回上一个校准。")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="项目=界限",
    callback=_thresholds,
    help="只算不改：界限若改成这样（如 text=0.9），要复核多少、预计错多少。可重复。",
)
@workspace_option
@json_option
def calibrate_command(
    apply: bool, back: bool, thresholds: dict[Kind, float], workspace: Workspace, as_json: bool
) -> None:
    if apply + back + bool(thresholds) > 1:
        raise click.UsageError("--apply、--back 与 --threshold 不能同时使用")
    if back:
        _go_back(workspace, as_json)
    elif thresholds:
        _answer_what_if(workspace, thresholds, as_json)
    else:
        _calibrate(workspace, apply, as_json)


def _go_back(workspace: Workspace, as_json: bool) -> None:
    version = models.back(workspace.root).version
    conclude(
        as_json,
        {"version": version},
        f"已退回：{version}。以前读过的页请用 zoufang scan --redecide 重新判定",
    )


def _answer_what_if(workspace: Workspace, thresholds: dict[Kind, float], as_json: bool) -> None:
    with _reading() as on_page:
        outlooks = what_if(workspace, workspace.open_store(), thresholds, on_page)
    if as_json:
        print_json({"outlooks": [asdict(one) for one in outlooks], "applied": False})
        return
    _print_outlooks("改界限后的变化", outlooks)
    tell("什么也没有改。要改就改 zoufang.toml 的 [campaign.acceptance]：一保存就生效，开着的网页要重新启动")


def _calibrate(workspace: Workspace, apply: bool, as_json: bool) -> None:
    store = workspace.open_store()
    with _reading() as on_page:
        result = calibrate(workspace, store, on_page)
    if apply and result.learnt:
        put_into_use(workspace, store, result)
    if as_json:
        print_json(result.report() | {"applied": apply and result.learnt})
    else:
        report(result, apply)


@contextmanager
def _reading() -> Iterator[OnPage]:
    with progress() as bar:
        task = bar.add_task("读取", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def report(result: Calibrated, apply: bool) -> None:
    rows = [
        (
            JUDGEMENT_NAMES[one.judgement],
            one.said,
            one.wrong,
            _percent(one.before),
            _percent(one.after),
            "改" if one.judgement in _changed(result) else "不变",
        )
        for one in result.fitted
    ]
    title = "人工看过的项（校准误差在未参与拟合的页上算出）"
    print_table(title, ("判断", "人工看过", "读错", "校准误差：原", "新", "曲线"), rows)
    _print_outlooks("启用后的变化", result.outlooks)
    say(
        "界限在 zoufang.toml 的 [campaign.acceptance] 中改，改之前用 --threshold 看会怎样；"
        "目标在 [campaign.target_errors] 中改。"
    )
    if not result.learnt:
        tell(f"没有可改的：每一类至少要有 {LEAST_CASES} 项人工看过，且新曲线要比原来的准")
    elif apply:
        tell(
            f"已启用 {result.calibration.version}（原为 {result.old.version}，可用 --back 退回）。"
            "以前读过的页请用 zoufang scan --redecide 重新判定"
        )
    else:
        tell("还没有启用。看过报告后，用 zoufang calibrate --apply 启用")


def _print_outlooks(title: str, outlooks: Iterable[Outlooks]) -> None:
    print_table(
        f"{title}（按已读各项估算；错误以每万项无需复核的计）",
        ("项目", "项数", "界限", "现复核", "将复核", "现错", "将错", "目标", "建议界限（复核）"),
        [
            (
                KIND_NAMES[one.kind],
                one.fields,
                _change(one.now.threshold, one.then.threshold),
                _percent(one.now.review),
                _percent(one.then.review),
                _ten_thousandth(one.now.wrong),
                _ten_thousandth(one.then.wrong),
                _ten_thousandth(one.target),
                _suggestion(one.suggested),
            )
            for one in outlooks
        ],
    )


def _change(now: float, then: float) -> str:
    return f"{now}" if now == then else f"{now}→{then}"


def _changed(result: Calibrated) -> set[Judgement]:
    new, old = result.calibration.curves, result.old.curves
    return {judgement for judgement in new if new[judgement] != old.get(judgement)}


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.1%}"


def _ten_thousandth(share: float) -> str:
    return f"{share * 1e4:.1f}"


def _suggestion(outlook: Outlook | None) -> str:
    return f"{outlook.threshold}（{outlook.review:.1%}）" if outlook else "达不到"
