"""工作纪实: the steps of the campaign's work, in the order in which they were done (domain.md §1, row 33).

From the audit log and the batches of scans. Who looked at what, and who keyed which answer, stays in the
log itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from store import audit, returns

CHRONICLE_COLUMNS = {"at": "时间", "who": "人员", "step": "事项", "what": "内容"}
_ALL = 1_000_000
Detail = Mapping[str, Any]


def _roster(d: Detail) -> str:
    added, changed, removed = (
        sum(table[key] for table in d.values()) for key in ("added", "changed", "removed")
    )
    return f"新增 {added} 条，修改 {changed} 条，移出 {removed} 条"


def _assigned(d: Detail) -> str:
    counts = f"新安排 {d['added']} 个，改派 {d['changed']} 个，移出 {d['removed']} 个"
    return f"第 {d.get('round', 1)} 轮，{counts}"


def _numbers(d: Detail) -> str:
    return "、".join(d["numbers"])


def _nothing(d: Detail) -> str:
    return ""


STEPS: Mapping[str, tuple[str, Callable[[Detail], str]]] = {
    "roster.load": ("载入名册", _roster),
    "assign": ("安排走访", _assigned),
    "plan": ("排定走访计划", lambda d: f"共 {d['planned']} 个，新排 {d['new']} 个"),
    "plan.load": ("载回走访计划", lambda d: f"{d['lines']} 行，改动 {d['changed']} 行"),
    "print": ("印制资料", lambda d: f"第 {d['job']} 批，{d['cadres']} 名干部"),
    "sheet.void": ("作废表格", lambda d: f"{len(d['serials'])} 面，原因：{d['reason']}"),
    "sheet.revive": ("撤销作废", lambda d: f"{len(d['serials'])} 面"),
    "opinions.glean": ("登记意见建议", lambda d: f"新登记 {d['registered']} 件，更新 {d['changed']} 件"),
    "opinions.merge": ("并案", _numbers),
    "opinions.part": ("撤销并案", _numbers),
    "opinions.assign": ("交办", _numbers),
    "opinions.answer": ("登记办理结果", _numbers),
    "opinions.adopt": ("登记建议采纳", _numbers),
    "digest": ("每周汇总交办", lambda d: f"{d['week']}：列入 {d['listed']} 件，交办 {d['assigned']} 件"),
    "talks": ("核对谈话登记", lambda d: f"{d['talks']} 次，尚未谈到 {d['left']} 人"),
    "report.summary": ("生成总结材料", _nothing),
    "report.circular": ("生成每周通报", _nothing),
    "report.inspection": ("生成企业评价报告", _nothing),
    "purge": ("清除个人信息", lambda d: "按一个对象的要求" if "subject" in d else "按保存期限"),
    "backup": ("备份", lambda d: f"{d['files']} 个文件，其中新增 {d['added']} 个"),
}
"""Action of the audit log → what clerks call the step, and what it came to."""


def chronicle(db: Connection) -> list[dict[str, str]]:
    """A row for each step (`CHRONICLE_COLUMNS`), the first first, in local time."""
    found = sorted([*_noted(db), *_scanned(db)], key=lambda row: row[0])
    return [
        {"at": at.astimezone().strftime("%Y-%m-%d %H:%M"), "who": who, "step": step, "what": what}
        for at, who, step, what in found
    ]


_Step = tuple[datetime, str, str, str]


def _noted(db: Connection) -> Iterator[_Step]:
    for entry in audit.entries(db, limit=_ALL):
        if entry.action in STEPS:
            step, words = STEPS[entry.action]
            yield entry.at, entry.who, step, words(entry.detail)


def _scanned(db: Connection) -> Iterator[_Step]:
    for batch in returns.latest_batches(db, _ALL):
        if batch.pages:
            yield batch.started_at, batch.who, "扫描读入", f"{batch.files} 个文件，{batch.pages} 页"
