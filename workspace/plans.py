"""Visit plans (走访计划) as papers for the units, and as workbooks that come back with their changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from campaign.facts import Facts
from campaign.gleaning import glean
from campaign.planning import PLAN_COLUMNS, plan_rows, propose, read_plan
from campaign.weeks import full_day
from generate.fonts import FontBook
from generate.paper import Column, Heading, Paper, Paragraph, Table
from store import Store, Subject, audit, roster, visit_plans
from workspace.digesting import write_both
from workspace.folder import Workspace
from workspace.tables import Sheet, write_xlsx

_ON_PAPER: Mapping[str, tuple[str, float]] = {
    "number": ("序号", 0.6),
    "kind": ("类型", 1.15),
    "place": ("村组", 1.6),
    "door": ("门牌", 1.4),
    "name": ("户主（对象）", 2.4),
    "code": ("编码", 2.0),
    "day": ("计划日期", 1.2),
    "mode": ("方式", 0.7),
    "visited": ("走访日期", 1.2),
    "result": ("结果", 1.1),
    "late": ("迟延天数", 0.9),
}
_CENTRED = ("number", "day", "mode", "visited", "result", "late")


def make_plan(workspace: Workspace, store: Store, first: date) -> tuple[int, int]:
    """Plan every duty of the round that has no day yet. Returns how many are planned, and how many of
    them anew. Raises PlanError."""
    campaign = workspace.campaign
    with store.write() as db:
        existing = visit_plans.load(db, campaign.round)
        duties = roster.load_duties(db, campaign.round)
        plan = propose(Facts.of(db, campaign), duties, existing, campaign, first)
        visit_plans.replace(db, campaign.round, plan)
        new = len(plan.keys() - existing.keys())
        audit.note(db, workspace.who, "plan", {"planned": len(plan), "new": new})
    return len(plan), new


def load_plan(workspace: Workspace, store: Store, path: Path) -> tuple[int, int]:
    """Take over the days and ways of a workbook. Returns how many it has, and how many it changed.

    Raises RosterError with every line that cannot be used; then nothing is taken over. OSError.
    """
    campaign = workspace.campaign
    with store.write() as db:
        said = read_plan(path, roster.load_duties(db, campaign.round), campaign)
        plan = visit_plans.load(db, campaign.round)
        changed = sum(plan.get(subject) != planned for subject, planned in said.items())
        visit_plans.replace(db, campaign.round, {**plan, **said})
        audit.note(db, workspace.who, "plan.load", {"lines": len(said), "changed": changed})
    return len(said), changed


def write_plans(
    workspace: Workspace,
    store: Store,
    folder: Path,
    units: Sequence[str],
    today: date,
    unmasked: bool = False,
) -> list[Path]:
    """For each of these units, or all: the plan as Word, PDF and XLSX. Raises FontError, OSError."""
    glean(store, workspace.campaign, workspace.who)
    with store.read() as db:
        rows = plan_rows(db, workspace.campaign, today, unmasked)
        facts = Facts.of(db, workspace.campaign)
    of_unit: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if not units or row["unit"] in units:
            of_unit[row["unit"]].append(row)
    with store.write() as db:
        audit.note(db, workspace.who, "plan.write", {"units": sorted(of_unit), "unmasked": unmasked})
    folder.mkdir(parents=True, exist_ok=True)
    fonts, files = FontBook(workspace.fonts), []
    for unit, some in of_unit.items():
        stem = f"走访计划-{unit or '未注明单位'}"
        book = folder / f"{stem}.xlsx"
        write_xlsx(book, [Sheet("走访计划", PLAN_COLUMNS, some)])
        files += [*write_both(folder, stem, _paper(workspace, facts, some, today), fonts), book]
    return files


def _paper(workspace: Workspace, facts: Facts, rows: Sequence[Mapping[str, Any]], today: date) -> Paper:
    """A unit's plan: a table for each of its cadres."""
    campaign = workspace.campaign
    of_cadre: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        of_cadre[row["cadre"]].append(row)
    unit = facts.row(Subject("unit", rows[0]["unit"])) or {}
    late = sum(bool(row["late"]) for row in rows)
    people = "，".join(
        f"{word}{unit[key]}"
        for word, key in (("分管领导", "leader"), ("负责人", "head"), ("联络员", "liaison_officer"))
        if unit.get(key)
    )
    summary = f"走访人 {len(of_cadre)} 名，走访对象 {len(rows)} 个；截至{full_day(today)}，迟延 {late} 个。"
    blocks: list[Heading | Paragraph | Table] = [Paragraph(f"{people}。{summary}" if people else summary)]
    for cadre, some in of_cadre.items():
        position = (facts.row(Subject("cadre", cadre)) or {}).get("position") or ""
        blocks.append(
            Heading(
                f"{some[0]['cadre_name']} {position}（{cadre}，{len(some)} 个对象）".replace(" （", "（"), 2
            )
        )
        blocks.append(Table(_columns(), [[row[key] for key in _ON_PAPER] for row in some]))
    title = f"{rows[0]['unit_name'] or campaign.town}走访计划"
    window = "—".join(full_day(day) for day in campaign.now if day)
    return Paper(title, tuple(blocks), f"第 {campaign.round} 轮　{window}", wide=True)


def _columns() -> tuple[Column, ...]:
    return tuple(
        Column(words, share, "centre" if key in _CENTRED else "left")
        for key, (words, share) in _ON_PAPER.items()
    )
