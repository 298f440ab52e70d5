"""The week's lists: what came in, handed over, and on paper for those who deal with it.

    glean → the week's opinions → whom each goes to and by when → lists and slips

Doing it again writes the same papers: what was handed over keeps its date, its unit and its slip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from campaign import opinions
from campaign.facts import Facts
from campaign.gleaning import glean
from campaign.handlers import Handlers, objected_late
from campaign.lists import PROBLEM_COLUMNS, SUGGESTION_COLUMNS, Lister, agenda, of_week, ranking
from campaign.opinions import CATEGORY_WORDS, STATE_WORDS, Opinion, State, current
from campaign.weeks import full_day, monday, week_words
from generate.fonts import FontBook
from generate.paper import Column, Heading, Paper, Paragraph, Table
from generate.paper_docx import write_paper_docx
from generate.paper_pdf import write_paper_pdf
from store import Store, audit
from store import opinions as kept
from workspace.folder import Workspace
from workspace.slips import print_slips

_SHARES = {
    "编号": 1.7,
    "周次": 0.8,
    "来源": 1.9,
    "村组": 1.1,
    "类别": 1.0,
    "内容": 4.2,
    "层级": 0.6,
    "责任单位": 1.2,
    "责任人": 0.8,
    "时限": 1.0,
    "状态": 1.1,
    "答复日期": 1.0,
    "满意度": 0.8,
    "承接单位": 1.3,
    "采纳": 0.8,
    "反馈日期": 0.9,
}
_CENTRED = ("周次", "层级", "时限", "状态", "答复日期", "满意度", "采纳", "反馈日期", "责任人", "类别")


@dataclass(frozen=True)
class Digest:
    """A week's lists.

    slips      of `problems` and `suggestions`, those that are handed over
    unchecked  of them, those that no person has looked at
    held       of these, those that are not handed over before that
    agenda     for the joint review: without a route; overdue; given back
    """

    week: str
    dated: date
    problems: list[Opinion]
    suggestions: list[Opinion]
    late: list[Opinion]
    slips: list[Opinion]
    unchecked: list[Opinion]
    held: list[Opinion]
    agenda: tuple[list[Opinion], list[Opinion], list[Opinion]]
    files: list[Path]
    lister: Lister

    @property
    def remark(self) -> str:
        """On what nobody has looked at, in words for clerks; empty when people saw all."""
        handed = sum(bool(one.slip) for one in self.unchecked)
        parts = (
            (len(self.unchecked), "尚未经人核对"),
            (handed, "已开交办单"),
            (len(self.held), "没有开交办单，核对后再整理一次即可"),
        )
        said = "，".join(f"{count} 件{words}" for count, words in parts if count)
        return f"其中 {said}" if said else ""


def usual_date(week: str, today: date) -> date:
    """The Monday after the week, or today while that is still to come."""
    return min(today, monday(week) + timedelta(weeks=1))


def draw_up(
    workspace: Workspace,
    store: Store,
    week: str,
    folder: Path,
    dated: date,
    unmasked: bool = False,
    unchecked_too: bool = False,
    on_records: Callable[[int, int], None] = lambda done, total: None,
) -> Digest:
    """Glean, list, hand over and write to `folder`.

    dated          the day of handing over, from which time limits run
    unchecked_too  hand over also what no person has looked at

    Raises FormError, PlacementError, FontError, OSError.
    """
    glean(store, workspace.campaign, workspace.who, on_records=on_records)
    with store.read() as db:
        facts = Facts.of(db, workspace.campaign)
    _hand_over(workspace, store, facts, week, dated, unchecked_too)
    with store.write() as db:
        audit.note(db, workspace.who, "digest.write", {"week": week, "unmasked": unmasked})
    with store.read() as db:
        everything = current(kept.load(db))
        digested = kept.weeks_digested(db)
    mine, late = of_week(everything, week, digested)
    both = [*mine, *late]
    lister = Lister(facts, unmasked)
    folder.mkdir(parents=True, exist_ok=True)
    slips = [one for one in both if one.slip and not one.closed]
    digest = Digest(
        week=week,
        dated=digested[week],
        problems=[one for one in both if not one.is_suggestion],
        suggestions=[one for one in both if one.is_suggestion],
        late=late,
        slips=slips,
        unchecked=[one for one in both if one.unsure],
        held=[one for one in both if one.unsure and one.state is State.OPEN and not unchecked_too],
        agenda=agenda(everything, digested[week]),
        files=[],
        lister=lister,
    )
    fonts = FontBook(workspace.fonts)
    for stem, paper in (
        ("问题清单", _problem_list(workspace, digest)),
        ("建议清单", _suggestion_list(workspace, digest)),
        ("会商会办议题", _agenda_list(workspace, digest)),
    ):
        digest.files.extend(write_both(folder, f"{stem}-{week}", paper, fonts))
    digest.files.extend(print_slips(workspace, store, slips, lister, folder, f"交办单-{week}"))
    return digest


def write_both(folder: Path, stem: str, paper: Paper, fonts: FontBook) -> list[Path]:
    """The paper as Word and as PDF."""
    docx, pdf = folder / f"{stem}.docx", folder / f"{stem}.pdf"
    write_paper_docx(docx, paper)
    write_paper_pdf(pdf, paper, fonts)
    return [docx, pdf]


def _hand_over(
    workspace: Workspace, store: Store, facts: Facts, week: str, dated: date, unchecked_too: bool
) -> None:
    """List what belongs to the week, and give each to whom it goes to."""
    handlers, who = Handlers(facts, workspace.campaign), workspace.who
    with store.write() as db:
        mine, late = of_week(current(kept.load(db)), week, kept.weeks_digested(db))
        events: list[opinions.NewEvent] = [
            (one.id, "listed", {"week": week, "late": one in late})
            for one in (*mine, *late)
            if one.listed != week
        ]
        for one in (*mine, *late):
            ready = one.state is State.OPEN and (unchecked_too or not one.unsure)
            proposal = handlers.propose(one, dated) if ready else None
            if proposal:
                lead = proposal.lead
                due = proposal.due
                events.append(opinions.assign(one, lead.code, lead.name, proposal.co_handlers, dated, due))
        kept.add_events(db, events, who)
        if week not in kept.weeks_digested(db):
            kept.note_digest(db, week, dated, who)
        handed = sum(kind == "assigned" for _, kind, _ in events)
        audit.note(db, who, "digest", {"week": week, "listed": len(mine) + len(late), "assigned": handed})


# --- papers --------------------------------------------------------------------------------------


def _problem_list(workspace: Workspace, digest: Digest) -> Paper:
    return _list_paper(workspace, digest, "问题清单", digest.problems, PROBLEM_COLUMNS)


def _suggestion_list(workspace: Workspace, digest: Digest) -> Paper:
    return _list_paper(workspace, digest, "建议清单", digest.suggestions, SUGGESTION_COLUMNS)


def _list_paper(
    workspace: Workspace, digest: Digest, title: str, listed: Sequence[Opinion], columns: Sequence[str]
) -> Paper:
    late = {one.id for one in digest.late}
    words = [(one, digest.lister.words(one)) for one in listed]
    rows = [
        [w[c] + ("（补列）" if c == "周次" and one.id in late else "") for c in columns] for one, w in words
    ]
    return Paper(
        title=f"{workspace.campaign.town}走访{title}",
        subtitle=f"{week_words(digest.week)}　　{full_day(digest.dated)}",
        blocks=(
            Paragraph(_summary(listed)),
            Table(tuple(column(name) for name in columns), rows),
            *(Paragraph(words, small=True) for words in _check_notes(digest, listed)),
        ),
        wide=True,
    )


def _check_notes(digest: Digest, listed: Sequence[Opinion]) -> Iterator[str]:
    if any(one.unsure for one in listed):
        held = "；核对之前不开交办单" if any(one in digest.held for one in listed) else ""
        yield f"注：标有“待核”的内容由机器识读，尚未经人核对{held}。"


def column(name: str) -> Column:
    """A column of the lists, by its heading."""
    return Column(name, _SHARES.get(name, 1.0), "centre" if name in _CENTRED else "left")


def _summary(listed: Sequence[Opinion]) -> str:
    if not listed:
        return "本周没有收到。"
    handed = sum(bool(one.slip) for one in listed)
    closed = sum(one.closed for one in listed)
    top = "、".join(f"{CATEGORY_WORDS.get(c, '未分类')} {n} 件" for c, n in ranking(listed)[:3])
    return f"本周共 {len(listed)} 件，其中已交办 {handed} 件，当场办结 {closed} 件。反映较多的是：{top}。"


def _agenda_list(workspace: Workspace, digest: Digest) -> Paper:
    """会商会办 (domain.md §1, row 34)."""
    names = ("编号", "来源", "村组", "类别", "内容", "责任单位", "时限", "状态")
    blocks: list[Heading | Paragraph | Table] = []
    for title, listed in zip(
        ("一、没有明确去向的", "二、超过时限的", "三、承办单位退回的"), digest.agenda, strict=True
    ):
        blocks.append(Heading(f"{title}（{len(listed)} 件）"))
        if listed:
            words = [digest.lister.words(one) | _late_objection(workspace, one) for one in listed]
            blocks.append(Table(tuple(column(n) for n in names), [[w[n] for n in names] for w in words]))
        else:
            blocks.append(Paragraph("无。"))
    return Paper(
        f"{workspace.campaign.town}会商会办议题", tuple(blocks), f"截至{full_day(digest.dated)}", wide=True
    )


def _late_objection(workspace: Workspace, opinion: Opinion) -> dict[str, str]:
    late = objected_late(opinion, workspace.campaign.handling)
    return {"状态": f"{STATE_WORDS[opinion.state]}（已过退回期限）"} if late else {}
