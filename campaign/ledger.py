"""走访台账 and the diary's index: who was to be visited by whom, and what is known of each visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from campaign.breaches import OWNED_KINDS
from campaign.config import Campaign
from campaign.facts import Facts
from campaign.masking import mask_answer, name_of
from campaign.opinions import Opinion
from campaign.records import records
from campaign.town import KIND_WORDS
from store import Duty, Subject, gleanings, roster
from store.gleanings import Gleaning
from store.listed import Lists

RESULT_WORDS = {
    "done": "完成",
    "not_home": "家中无人",
    "vacant": "空关户",
    "refused": "拒访",
    "moved": "已搬迁",
    "wrong_information": "信息有误",
    "unsure": "待复核",
}
MODE_WORDS = {
    "in_person": "上门",
    "symposium": "座谈",
    "telephone": "电话",
    "by_letter": "函访",
    "online": "网络",
}
UNSURE = "unsure"
"""The result of a visit that nobody has settled yet."""
LEDGER, DIARY, WALK = "LEDGER", "DIARY", "walk"
LEDGER_COLUMNS = {
    "cadre": "工号",
    "cadre_name": "走访人",
    "unit": "单位",
    "kind": "类型",
    "code": "编码",
    "name": "户主（对象）",
    "place": "村组",
    "date": "日期",
    "mode": "方式",
    "result": "结果",
    "form": "表",
    "card": "卡",
    "opinions": "意见件数",
    "note": "来源",
}
DIARY_COLUMNS = {
    "cadre": "工号",
    "cadre_name": "走访人",
    "date": "日期",
    "mode": "方式",
    "code": "户码",
    "name": "走访对象",
    "findings": "所见所闻",
    "problems": "反映问题",
    "serial": "编号",
}


@dataclass(frozen=True)
class Visit:
    """What is known of a visit: from the form about the subject, else from the ledger's row."""

    day: date | None
    mode: str
    result: str
    form: bool
    card: bool
    source: str


def ledger(
    db: Connection,
    campaign: Campaign,
    opinions: Sequence[Opinion],
    cadre: str | None = None,
    unmasked: bool = False,
) -> list[dict[str, Any]]:
    """A row for each subject that somebody has to visit, by cadre and on the way from door to door.

    Bring the gleanings up to date first (`campaign.gleaning`).
    """
    facts = Facts.of(db, campaign)
    visits = visits_of(db, campaign)
    said = Counter(
        one.subject for one in opinions if one.subject and one.record.split("/")[1] == str(campaign.round)
    )
    duties = sorted(
        roster.load_duties(db, campaign.round, cadre),
        key=lambda duty: (duty.cadre, facts.walking_key(duty.subject)),
    )
    return [
        _ledger_row(facts, duty, visits.get(duty.subject), said[duty.subject], unmasked) for duty in duties
    ]


def visits_of(db: Connection, campaign: Campaign) -> dict[Subject, Visit]:
    """Subject → visit, of all that came back in this round."""
    found = dict(_ticked(db, campaign))
    for one in gleanings.load(db, campaign.round):
        about = one.about
        if about is not None and about.kind in OWNED_KINDS:
            found[about] = Visit(
                one.day,
                str(one.answers.get("visit_mode", "")),
                str(one.answers.get("visit_result", UNSURE)),
                form=True,
                card=one.answers.get("card_delivered") == "yes",
                source=one.form,
            )
    return found


def outcomes(duties: Iterable[Duty], visits: Mapping[Subject, Visit]) -> Counter[str]:
    """Result of a visit → how many of those owed came to it, "" while nothing is known of them: each counts
    once, so that they add up to what is owed."""
    return Counter(visit.result if (visit := visits.get(duty.subject)) else "" for duty in duties)


def _ticked(db: Connection, campaign: Campaign) -> Iterator[tuple[Subject, Visit]]:
    """Rows of ledgers that came back."""
    lists = Lists(db, campaign.round)
    for one in gleanings.load(db, campaign.round, [LEDGER]):
        if one.about is None:
            continue
        for n, subject in enumerate(lists.rows((LEDGER, one.about, WALK)), 1):
            result = one.answers.get(f"{WALK}_{n}.result")
            if result:
                yield subject, _ticked_row(one, n, str(result), campaign)


def _ticked_row(one: Gleaning, n: int, result: str, campaign: Campaign) -> Visit:
    day = None
    written = str(one.answers.get(f"{WALK}_{n}.date", ""))
    if len(written) == 4:
        try:
            day = date(campaign.year, int(written[:2]), int(written[2:]))
        except ValueError:
            day = None
    ticks = {key: one.answers.get(f"{WALK}_{n}.{key}") == "yes" for key in ("form", "card")}
    return Visit(day, "", result, ticks["form"], ticks["card"], LEDGER)


def _ledger_row(facts: Facts, duty: Duty, visit: Visit | None, said: int, unmasked: bool) -> dict[str, Any]:
    cadre = facts.row(Subject("cadre", duty.cadre)) or {}
    unit = facts.row(Subject("unit", cadre.get("unit") or ""))
    return {
        "cadre": duty.cadre,
        "cadre_name": cadre.get("name", duty.cadre),
        "unit": unit["name"] if unit else "",
        "kind": KIND_WORDS.get(duty.subject.kind, duty.subject.kind),
        "code": duty.subject.code,
        "name": name_of(facts, duty.subject, unmasked),
        "place": facts.about(duty.subject, None).get("subject.place", ""),
        "date": visit.day.isoformat() if visit and visit.day else "",
        "mode": MODE_WORDS.get(visit.mode, "") if visit else "",
        "result": RESULT_WORDS.get(visit.result, "") if visit else "",
        "form": "√" if visit and visit.form else "",
        "card": "√" if visit and visit.card else "",
        "opinions": said,
        "note": visit.source if visit else "",
    }


def diary(db: Connection, campaign: Campaign, unmasked: bool = False) -> list[dict[str, Any]]:
    """The diary's pages that came back, by cadre and date."""
    facts = Facts.of(db, campaign)
    rows = []
    for record in records(db, campaign, forms=[DIARY], round=campaign.round):
        values: Mapping[str, Any] = {
            key: answer.value if unmasked else mask_answer(key, answer.value)
            for key, answer in record.answers.items()
        }
        code = str(values.get("household_code") or "")
        known = facts.row(Subject("household", code)) is not None
        name = name_of(facts, Subject("household", code), unmasked) if known else values.get("visited_name")
        rows.append(
            {
                "cadre": record.cadre or "",
                "cadre_name": facts.name(Subject("cadre", record.cadre)) if record.cadre else "",
                "date": values.get("visit_date") or "",
                "mode": MODE_WORDS.get(str(values.get("visit_mode")), ""),
                "code": code,
                "name": name or "",
                "findings": values.get("findings") or "",
                "problems": values.get("problems") or "",
                "serial": next(iter(record.serials.values()), ""),
            }
        )
    return sorted(rows, key=lambda row: (row["cadre"], row["date"]))
