"""The audit trail in words: what `store.audit` keeps under short English names, as clerks read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from campaign.chronicle import STEPS
from campaign.opinions import CATEGORY_WORDS
from campaign.town import KIND_WORDS
from campaign.workbook import SHEET_OF_TABLE
from layouts.identity import readable
from review.access import ROLE_NAMES
from workspace.exporting import KINDS

ACTIONS = {
    **{action: name for action, (name, _) in STEPS.items()},
    "sign_in": "登录",
    "sign_in.refused": "登录被拒绝",
    "sign_out": "退出",
    "account.add": "新建账号",
    "account.change": "修改账号",
    "account.close": "停用账号",
    "view.fields": "查看待录项",
    "view.page": "查看整页",
    "view.sheet": "查看一张表",
    "lookup": "查编号",
    "view.unvisited": "查看未走访名单",
    "view.opinions": "查看意见建议列表",
    "view.opinion": "查看一件意见建议",
    "view.opinion.picture": "查看意见建议原件",
    "view.ledger": "查看台账",
    "view.library": "查看民情民意库",
    "view.diary": "查看民情日记",
    "key.save": "录入",
    "key.unreadable": "录入：无法辨认",
    "key.refer": "交主管",
    "key.undo": "撤销录入",
    "page.serial": "按编号识读",
    "page.corners": "标四角识读",
    "page.reread": "重新识读",
    "page.reject": "退回一页",
    "page.restore": "恢复一页",
    "page.keep": "两次扫描都保留",
    "page.subject": "注明备用表的对象",
    "problem.settle": "处理问题文件",
    "scan": "扫描识读",
    "scan.discard": "放弃送来的文件",
    "scan.redecide": "重新判断",
    "scan.reread": "全部重新识读",
    "calibrate": "校准",
    "roster.check": "检查名册",
    "roster.annotate": "下载名册批注",
    "plan.write": "写出走访计划",
    "digest.write": "写出周清单",
    "opinions.distinct": "标为不重复",
    "report.inspection.refused": "督查材料被拒绝",
    **{f"export.{name}": f"导出{kind.words.partition('：')[0]}" for name, kind in KINDS.items()},
    "paper.download": "下载文件",
    "job.stop": "停止任务",
    "backup.restore": "从备份恢复",
    "purge.done": "清除完毕",
}
"""Action → what clerks call it."""

_DETAILS = {
    "action": "操作",
    "anonymous": "可看匿名表",
    "assigned": "已交办",
    "batch": "批次",
    "by": "按",
    "answers": "识读内容",
    "cadre": "干部",
    "cadres": "干部",
    "category": "类别",
    "changed": "变动",
    "code": "编码",
    "corrections": "录入内容",
    "count": "条数",
    "errors": "错误",
    "field": "项目",
    "figures": "统计底稿",
    "file": "文件",
    "files": "文件",
    "folder": "文件夹",
    "images": "图像",
    "inbox": "收件箱文件",
    "job": "印制批次",
    "kind": "种类",
    "lacking": "缺少的文件",
    "left": "未登记",
    "lines": "行数",
    "listed": "列入",
    "look": "新的识读",
    "measurements": "笔迹测量",
    "name": "名称",
    "names": "显示姓名",
    "new": "新排",
    "number": "文号",
    "numbers": "文号",
    "opinions": "意见文字",
    "originals": "扫描原图",
    "overdue": "只看逾期",
    "page": "页",
    "pages": "页",
    "papers": "印制、导出的文件",
    "personal": "个人信息",
    "planned": "排定",
    "problem": "问题",
    "questions": "复核题目",
    "reason": "原因",
    "registered": "登记",
    "rejected": "退回的文件",
    "remarks": "原因、备注",
    "role": "角色",
    "roster": "名册",
    "round": "轮次",
    "rows": "行数",
    "rules": "规则",
    "scope": "范围",
    "seen": "项目",
    "serial": "编号",
    "serials": "编号",
    "spare": "备用份数",
    "state": "状态",
    "subject": "对象",
    "task": "待录项",
    "title": "任务",
    "unit": "单位",
    "units": "单位",
    "unmasked": "不遮盖",
    "values": "改变的值",
    "version": "版本",
    "village": "村",
    "warnings": "提醒",
    "week": "周",
    "added": "新增",
    "removed": "移出",
    "unchanged": "未变",
    **{table: spec.name for table, spec in SHEET_OF_TABLE.items()},
}
_CODES: Mapping[str, str] = {
    **{role.value: name for role, name in ROLE_NAMES.items()},
    **CATEGORY_WORDS,
    **ACTIONS,
    "key": "识别存疑",
    "first": "盲录",
    "second": "第二人盲录",
    "sample": "抽查盲录",
    "third": "裁定",
    "save": "录入",
    "unreadable": "无法辨认",
    "skip": "跳过",
    "refer": "交主管",
    "village": "村",
    "unit": "单位",
    "cadre": "干部",
    "household": "户",
    "enterprise": "企业",
}
"""Values that are codes of ours."""


Label = Callable[[str, str], str]
"""Serial and field → what the field is called on that sheet."""


def detail_words(detail: Mapping[str, Any], label: Label) -> str:
    """What an entry is about; what is empty in it says nothing."""
    said = ((key, _words(key, value)) for key, value in _labelled(detail, label).items())
    return "　".join(f"{_DETAILS.get(key, key)}：{words}" for key, words in said if words)


def _labelled(detail: Mapping[str, Any], label: Label) -> dict[str, Any]:
    """With fields as they are called on paper."""
    found = dict(detail)
    if "seen" in found:
        found["seen"] = [f"{readable(serial)} {label(serial, field)}" for serial, field in found["seen"]]
    if "subject" in found:
        kind, _, code = found["subject"].rpartition("/")
        found["subject"] = f"{KIND_WORDS.get(kind, kind)} {code}".strip()
    if "serial" in found and "field" in found:
        found["field"] = label(found["serial"], found["field"])
    return found


def _words(key: str, value: Any) -> str:
    if isinstance(value, list):
        return "、".join(word for one in value if (word := _words(key, one)))
    if isinstance(value, dict):
        return "，".join(
            f"{_DETAILS.get(name, name)} {_words(name, one)}" for name, one in value.items() if one
        )
    if isinstance(value, bool):
        return "是" if value else "否"
    if value is None:
        return ""
    if key in ("serial", "serials"):
        return readable(str(value))
    return _CODES.get(str(value), str(value))
