"""The talk register (谈话登记): checked against the plan's rule, and written out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from campaign.facts import Facts
from campaign.talks import Talk, rank_of, read_talks, without_talk
from generate.fonts import FontBook
from store import Store, Subject, audit
from workspace.folder import Workspace
from workspace.tables import Sheet, to_paper, write_paper, write_xlsx

TALK_COLUMNS = {
    "day": "日期",
    "talker": "谈话人",
    "talker_rank": "层级",
    "partner": "谈话对象",
    "partner_rank": "对象层级",
    "mode": "方式",
    "rule": "对应关系",
    "remark": "说明",
}
_SHARES = {"对应关系": 2.4, "说明": 2.0}


@dataclass(frozen=True)
class TalkRegister:
    """Its lines by TALK_COLUMNS, in the order of days; and code and name of whom nobody has talked with."""

    rows: list[dict[str, str]]
    left: list[tuple[str, str]]

    @staticmethod
    def of(workspace: Workspace, store: Store, path: Path) -> TalkRegister:
        """Read the office's file; noted. Raises RosterError with every line that cannot be read, OSError."""
        with store.read() as db:
            facts = Facts.of(db, workspace.campaign)
        talks = read_talks(path, facts, workspace.campaign)
        rows = [_row(talk, facts) for talk in sorted(talks, key=lambda talk: (talk.day, talk.row))]
        left = [(code, facts.name(Subject("cadre", code))) for code in without_talk(facts, talks)]
        with store.write() as db:
            audit.note(db, workspace.who, "talks", {"talks": len(rows), "left": len(left)})
        return TalkRegister(rows, left)

    @property
    def doubtful(self) -> list[dict[str, str]]:
        """Lines that are not as the plan has it."""
        return [row for row in self.rows if row["remark"]]

    def write(self, workspace: Workspace, path: Path) -> None:
        """As XLSX, Word or PDF, by the name's ending. Raises FontError, OSError."""
        missing = [{"code": code, "name": name} for code, name in self.left]
        sheets = [
            Sheet("谈话登记", TALK_COLUMNS, self.rows),
            Sheet("尚未谈到", {"code": "工号", "name": "姓名"}, missing),
        ]
        if path.suffix.lower() == ".xlsx":
            write_xlsx(path, sheets)
        else:
            paper = to_paper(f"{workspace.campaign.town}干部谈话登记表", sheets, _SHARES)
            write_paper(path, paper, FontBook(workspace.fonts))


def _row(talk: Talk, facts: Facts) -> dict[str, str]:
    return {
        "day": talk.day.isoformat(),
        **_person("talker", talk.talker, facts),
        **_person("partner", talk.partner, facts),
        "mode": talk.mode,
        "rule": talk.rule,
        "remark": talk.remark,
    }


def _person(key: str, code: str, facts: Facts) -> dict[str, str]:
    row = facts.row(Subject("cadre", code)) or {}
    return {key: f"{row.get('name', '')}（{code}）", f"{key}_rank": rank_of(row, facts).value}
