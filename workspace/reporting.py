"""The reports: summary of the campaign, weekly circular, the inspection group's ratings.

Each is a paper (Word and PDF) with the tables behind it as a workbook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from campaign.coverage import Line, Overview, Part
from campaign.facts import Facts
from campaign.figures import (
    SHARE_FORMULA,
    Rating,
    choices,
    cross,
    indicators,
    ratings,
    times,
    topics_by_village,
)
from campaign.gleaning import glean
from campaign.ledger import RESULT_WORDS, Visit, outcomes, visits_of
from campaign.lists import Lister, ranking
from campaign.opinions import CATEGORY_WORDS, STATE_WORDS, Opinion, State, current
from campaign.planning import DONE, Slippage, plan_rows, slippage
from campaign.progress import by_week, without_date
from campaign.records import records
from campaign.town import line_of
from campaign.weeks import STAGE_WORDS, full_day, monday, stages, week_words
from forms.errors import ClerkError
from forms.model import Form
from generate.charts import SCALE, Bar, Charts
from generate.fonts import FontBook
from generate.paper import Block, Column, Figure, Heading, Paper, Paragraph, Table
from store import Store, audit, gleanings, visit_plans
from store import opinions as kept
from store.accounts import INSPECTION, User
from store.gleanings import Gleaning
from store.model import Subject
from store.visit_plans import Planned
from workspace.digesting import write_both
from workspace.folder import Workspace
from workspace.tables import Sheet, write_xlsx

_SURVEYS = ("2-2", "2-4", "2-5", "2-6", "2-7")
_MOST_BARS = 30  # that fit a page
OVERALL = "rate_overall"
SMALL_CELLS = "注：小于 5 的格以“<5”表示；为防倒推，同行、同列另一格以“*”隐去。"


@dataclass(frozen=True)
class Findings:
    """Everything that reports are made of, as of `today`."""

    workspace: Workspace
    overview: Overview
    opinions: tuple[Opinion, ...]
    visits: dict[Subject, Visit]
    plan: Mapping[Subject, Planned]
    slipped: tuple[Slippage, ...]
    gleaned: tuple[Gleaning, ...]
    today: date
    whose: str = ""  # of a part: its name

    @staticmethod
    def of(
        workspace: Workspace,
        store: Store,
        today: date,
        on_records: Callable[[int, int], None] = lambda done, total: None,
    ) -> Findings:
        campaign = workspace.campaign
        glean(store, campaign, workspace.who, on_records=on_records)
        overview = Overview.of(store, campaign)
        with store.read() as db:
            said = tuple(one for one in current(kept.load(db)) if one.round == campaign.round)
            visits = visits_of(db, campaign)
            plan = visit_plans.load(db, campaign.round)
            slipped = tuple(slippage(plan_rows(db, campaign, today), today)) if plan else ()
            gleaned = tuple(gleanings.load(db, campaign.round, _SURVEYS))
        return Findings(workspace, overview, said, visits, plan, slipped, gleaned, today)

    def of_unit(self, unit: str) -> Findings:
        """What a unit reports (row 27): its cadres' visits, what came of them, and what it was handed."""
        overview = self.overview.of_part(Part(unit=unit))
        owed = {duty.subject for duty in overview.duties}
        return replace(
            self,
            whose=f"{self.overview.facts.name(Subject('unit', unit))}走访",
            overview=overview,
            opinions=tuple(one for one in self.opinions if one.subject in owed or one.handler == unit),
            visits={subject: visit for subject, visit in self.visits.items() if subject in owed},
            slipped=tuple(one for one in self.slipped if one.unit == unit),
            gleaned=tuple(one for one in self.gleaned if one.about in owed),
        )

    def of_line(self, line: str) -> Findings:
        """What the unit that leads a line sums up (row 30)."""
        overview = self.overview.of_part(Part(line=line))
        return replace(
            self,
            whose=f"走访{line}",
            overview=overview,
            opinions=tuple(one for one in self.opinions if line_of(one.form, one.subject) == line),
            visits={s: visit for s, visit in self.visits.items() if line_of("", s) == line},
            slipped=(),
            gleaned=tuple(one for one in self.gleaned if line_of(one.form, one.about) == line),
        )

    @cached_property
    def alive(self) -> list[Opinion]:
        return [one for one in self.opinions if one.state is not State.WITHDRAWN]

    @cached_property
    def fonts(self) -> FontBook:
        return FontBook(self.workspace.fonts)

    @cached_property
    def charts(self) -> Charts:
        return Charts(self.fonts)

    def form(self, form: str) -> Form | None:
        return self.workspace.catalogue.forms.get(form)

    def of_form(self, form: str) -> list[Gleaning]:
        return [one for one in self.gleaned if one.form == form]

    @property
    def visited(self) -> int:
        return outcomes(self.overview.duties, self.visits)[DONE]


@dataclass(frozen=True)
class Report:
    paper: Paper
    sheets: tuple[Sheet, ...]

    def write(self, folder: Path, stem: str, fonts: FontBook) -> list[Path]:
        """Raises FontError, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = folder / f"{stem}数据.xlsx"
        write_xlsx(tables, self.sheets)
        return [*write_both(folder, stem, self.paper, fonts), tables]


class _Making:
    """A report in the making: blocks of the paper, and the tables behind them."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.blocks: list[Block] = []
        self.sheets: list[Sheet] = []

    def say(self, words: str, small: bool = False) -> None:
        self.blocks.append(Paragraph(words, small=small))

    def head(self, words: str, level: int = 1) -> None:
        self.blocks.append(Heading(words, level))

    def table(
        self, name: str, headings: Sequence[str], rows: Sequence[Sequence[object]], wide: int = 1
    ) -> None:
        """In the paper and in the workbook. `wide`: share of the first column."""
        columns = (Column(headings[0], wide), *(Column(h, 1, "centre") for h in headings[1:]))
        self.blocks.append(Table(columns, rows, caption=name))
        self.behind(name, headings, rows)

    def behind(self, name: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """In the workbook alone."""
        columns = {str(n): heading for n, heading in enumerate(headings)}
        found = [{str(n): value for n, value in enumerate(row)} for row in rows]
        self.sheets.append(Sheet(name, columns, found))

    def report(self, title: str, subtitle: str) -> Report:
        return Report(Paper(title, tuple(self.blocks), subtitle), tuple(self.sheets))


# --- the summary ---------------------------------------------------------------------------------


def summary(findings: Findings) -> Report:
    """总结材料 (domain.md §1, rows 27 and 36)."""
    making = _Making(findings)
    for part in (_progress, _satisfaction, _said, _handled, _questions, _indicators):
        part(making)
    campaign = findings.workspace.campaign
    title = f"{campaign.town}{findings.whose or '大走访活动'}情况总结"
    return making.report(title, f"{campaign.name}　{full_day(findings.today)}")


def _progress(making: _Making) -> None:
    findings, overview = making.findings, making.findings.overview
    total = overview.total()
    making.head("一、走访进度")
    making.say(
        f"截至{full_day(findings.today)}，应走访对象 {total.assigned} 个，已走访 {findings.visited} 个；"
        f"发出各类表 {total.issued} 份，收回 {total.returned} 份，未交 {total.missing} 份；"
        f"其中已完成 {total.complete} 份，待复核 {total.to_review} 份，缺页 {total.incomplete} 份。"
    )
    making.table(
        "表1 四访进度", _LINE_HEADINGS, [_line_row(line) for line in overview.lines("line") if line.key]
    )
    villages = [line for line in overview.lines("village") if line.key]
    village_rows = [_line_row(line) for line in villages]
    if 0 < len(villages) <= _MOST_BARS:
        bars = [
            Bar(line.name, line.returned, f"{line.returned}/{line.issued}", line.issued) for line in villages
        ]
        making.blocks.append(Figure(making.findings.charts.bars(bars), "图1 各村（社区）收回份数与发出份数"))
        making.behind("各村进度", _LINE_HEADINGS, village_rows)
    else:
        making.table("各村进度", _LINE_HEADINGS, village_rows, 2)
    making.behind("各单位进度", _LINE_HEADINGS, [_line_row(line) for line in overview.lines("unit")])
    making.behind("各干部进度", _LINE_HEADINGS, [_line_row(line) for line in overview.lines("cadre")])
    _weekly(making)
    results = Counter(visit.result for visit in findings.visits.values())
    rows = [(word, results[key]) for key, word in RESULT_WORDS.items() if results[key]]
    making.table("表2 走访结果", ("结果", "对象数"), rows)
    _stages(making)


_LINE_HEADINGS = ("名称", "应走访", "发出", "收回", "未交", "待复核", "完成", "收回率")


def _line_row(line: Line) -> list[object]:
    share = f"{line.returned / line.issued:.1%}" if line.issued else "—"
    counts = (line.assigned, line.issued, line.returned, line.missing, line.to_review, line.complete)
    return [line.name, *counts, share]


def _weekly(making: _Making) -> None:
    findings = making.findings
    weeks = by_week(
        findings.workspace.campaign, findings.overview.duties, findings.visits.items(), findings.plan
    )
    if not weeks:
        return
    chart = findings.charts.weeks(
        [f"{int(week.week[6:])}周" for week in weeks],
        [week.done for week in weeks],
        [week.planned for week in weeks],
        ("累计走访", "计划"),
    )
    making.blocks.append(Figure(chart, "图2 按周累计走访与计划"))
    undated = without_date(findings.overview.duties, findings.visits.items())
    if undated:
        making.say(f"注：另有 {undated} 个对象的表上没有可用的走访日期，不计入按周进度。", small=True)
    rows = [(week.week, week.visits, week.done, week.planned) for week in weeks]
    making.behind("按周进度", ("周次", "本周走访", "累计走访", "计划累计"), rows)


def _stages(making: _Making) -> None:
    """The plan's four phases (row 38)."""
    rows = [
        (
            stage.name,
            full_day(stage.start),
            full_day(stage.end) if stage.end else "长期",
            STAGE_WORDS[stage.state] + (f"，余 {stage.days_left} 天" if stage.days_left is not None else ""),
        )
        for stage in stages(making.findings.workspace.campaign, making.findings.today)
    ]
    making.table("表3 活动阶段", ("阶段", "开始", "截止", "状态"), rows, 2)


def _satisfaction(making: _Making) -> None:
    """群众 and 干部; the firms' ratings are the inspection group's."""
    making.head("二、满意度")
    making.say(f"{SHARE_FORMULA}。企业评价页密封上交，由督查组另行报告。")
    for number, (form, who) in enumerate((("2-5", "群众"), ("2-6", "干部")), 3):
        _rated(making, form, f"图{number} {who}满意度")


def _rated(making: _Making, form_id: str, caption: str) -> list[Rating]:
    form = making.findings.form(form_id)
    if form is None:
        return []
    found = ratings(form, making.findings.of_form(form_id))
    if not any(one.valid for one in found):
        if not making.findings.whose:
            making.say(f"{form.title}尚无有效回答。")
        return found
    options = form.field(found[0].key).options
    labels = [option.label for option in options]
    colours = [SCALE[_PLACES.get(option.key, n % len(SCALE))] for n, option in enumerate(options)]
    rows = [(f"{one.label}（{one.valid}）", list(one.counts.values())) for one in found]
    chart = making.findings.charts.shares(rows, labels, colours)
    making.blocks.append(Figure(chart, f"{caption}（括号内为有效回答数）"))
    headings = ("项目", *labels, "有效", "满意率")
    table = [[one.label, *one.counts.values(), one.valid, _share(one)] for one in found]
    making.table(caption.split(" ", 1)[1], headings, table, 3)
    return found


_PLACES = {"satisfied": 0, "fairly": 1, "average": 2, "dissatisfied": 3, "unknown": 4}
"""Option → its colour in `SCALE`, whether or not the question has 一般."""


def _share(one: Rating) -> str:
    return f"{one.share:.1%}" if one.share is not None else "—"


def _said(making: _Making) -> None:
    findings = making.findings
    making.head("三、意见建议")
    problems = sum(not one.is_suggestion for one in findings.alive)
    making.say(
        f"共收集意见建议 {len(findings.alive)} 件，其中问题 {problems} 件、"
        f"建议 {len(findings.alive) - problems} 件。各类别的件数只用于排出重点，不作为考核依据。"
    )
    topics = [(CATEGORY_WORDS.get(key, "未分类"), count) for key, count in ranking(findings.alive)]
    if topics:
        bars = [Bar(word, count, str(count)) for word, count in topics]
        making.blocks.append(Figure(findings.charts.bars(bars), "图5 意见建议类别排序"))
    making.behind("类别排序", ("类别", "件数"), topics)
    states = Counter(one.state for one in findings.alive)
    rows = [(word, states[state]) for state, word in STATE_WORDS.items() if states[state]]
    making.table("表4 意见建议状态", ("状态", "件数"), rows)
    lister = Lister(findings.overview.facts)
    headings, cells = topics_by_village(findings.alive, lister)
    if len(cells) > 1:
        making.table("表5 各村（社区）反映较多的类别", headings, cells, 2)
        making.say(SMALL_CELLS, small=True)


def _handled(making: _Making) -> None:
    findings = making.findings
    making.head("四、办理情况")
    found = times(findings.opinions, findings.today, findings.workspace.campaign.handling)
    if not found:
        making.say("尚未交办。")
        return
    timed = [one for one in found if one.median_days is not None]
    if timed:
        bars = [Bar(one.unit, one.median_days or 0.0, f"{one.median_days:.1f} 个工作日") for one in timed]
        making.blocks.append(Figure(findings.charts.bars(bars[:_MOST_BARS]), "图6 各单位办结用时（中位数）"))
    headings = ("承办单位", "交办", "已答复", "超期", "退回", "不满意", "用时中位数")
    rows = [
        [
            one.unit,
            one.assigned,
            one.done,
            one.overdue,
            one.returned,
            one.dissatisfied,
            "—" if one.median_days is None else one.median_days,
        ]
        for one in found
    ]
    making.table("表6 各单位办理情况", headings, rows, 2)
    making.say("注：用时自交办之日次日起，按工作日计算至办结之日。", small=True)


def _questions(making: _Making) -> None:
    """The answers to all other questions, in the workbook."""
    for form_id in _SURVEYS:
        form = making.findings.form(form_id)
        found = making.findings.of_form(form_id)
        if form is None or not found:
            continue
        rows = [
            (choice.label, option, count, choice.forms)
            for choice in choices(form, found)
            for option, count in choice.counts.items()
        ]
        making.behind(f"{form_id} 选项统计", ("问题", "选项", "选择数", "表数"), rows)
    _cadres_by_role(making)


def _cadres_by_role(making: _Making) -> None:
    """身份 × 思想状态 of the anonymous questionnaire: small cells suppressed."""
    form = making.findings.form("2-6")
    if form is None or not {"role", "state_of_mind"} <= {f.key for f in form.asked()}:
        return
    roles, states = (
        {option.key: option.label for option in form.field(key).options} for key in ("role", "state_of_mind")
    )
    pairs = [
        (roles[one.answers["role"]], states[one.answers["state_of_mind"]])
        for one in making.findings.of_form("2-6")
        if one.answers.get("role") in roles and one.answers.get("state_of_mind") in states
    ]
    columns = list(states.values())
    making.behind("2-6 身份×思想状态", ["身份", *columns], cross(pairs, columns))


def _indicators(making: _Making) -> None:
    findings = making.findings
    total = findings.overview.total()
    making.head("五、指标与公式")
    rows = [
        (one.name, one.formula, one.words)
        for one in indicators(
            findings.opinions, findings.visited, total.assigned, total.issued, total.returned
        )
    ]
    columns = (Column("指标", 1.2), Column("公式", 2.6), Column("数值", 2.0, "centre"))
    making.blocks.append(Table(columns, rows))
    making.behind("指标", ("指标", "公式", "数值"), rows)


# --- the weekly circular -------------------------------------------------------------------------


def circular(findings: Findings, week: str) -> Report:
    """通报 of a week: by unit, what came in, what is late, what people are not content with (row 35)."""
    making = _Making(findings)
    mine = [one for one in findings.alive if one.week == week]
    weeks = by_week(
        findings.workspace.campaign, findings.overview.duties, findings.visits.items(), findings.plan
    )
    this = next((one for one in weeks if one.week == week), None)
    total = findings.overview.total()
    making.head("一、本周情况")
    visits = f"本周走访 {this.visits} 个对象，累计 {this.done} 个（计划 {this.planned} 个）；" if this else ""
    making.say(
        f"{week_words(week)}，{visits}新收集意见建议 {len(mine)} 件。"
        f"全部 {total.issued} 份表已收回 {total.returned} 份。"
    )
    making.head("二、各单位走访进度")
    units = [line for line in findings.overview.lines("unit") if line.key]
    making.table("各单位进度", _LINE_HEADINGS, [_line_row(line) for line in units], 2)
    if findings.slipped:
        held = [(one.name, one.planned, one.due, one.done, one.late) for one in findings.slipped]
        making.table("按计划对照", ("单位", "计划", "应已走访", "已完成", "迟延"), held, 2)
    making.head("三、办理不力的事项")
    overdue = [one for one in findings.opinions if one.overdue(findings.today)]
    unhappy = [one for one in findings.opinions if one.satisfaction == "dissatisfied"]
    making.say(f"超过时限 {len(overdue)} 件，群众不满意 {len(unhappy)} 件。")
    lister = Lister(findings.overview.facts)
    rows = []
    for why, listed in (("超期", overdue), ("不满意", unhappy)):
        for one in listed:
            words = lister.words(one)
            rows.append([one.number, why, words["责任单位"], words["责任人"], words["时限"]])
    if rows:
        making.table("超期和不满意事项", ("编号", "原因", "责任单位", "责任人", "时限"), rows, 2)
    town = findings.workspace.campaign.town
    return making.report(f"{town}大走访活动每周通报", f"{week_words(week)}　{full_day(findings.today)}")


def circular_day(week: str, today: date) -> date:
    """The Sunday of the week, or today while that is still to come."""
    return min(today, date.fromordinal(monday(week).toordinal() + 6))


# --- the inspection group's report ---------------------------------------------------------------


class NotInspectionError(ClerkError):
    """Who asks is not of the inspection group."""


def inspection(findings: Findings, store: Store, reader: User) -> Report:
    """企业评价 (2-2's sealed page): for the inspection group alone. Names no firm.

    Notes who asked, and who was refused. Raises NotInspectionError.
    """
    allowed = reader.role == INSPECTION and reader.disabled_at is None
    with store.write() as db:
        audit.note(db, reader.name, "report.inspection" if allowed else "report.inspection.refused")
    if not allowed:
        raise NotInspectionError("企业评价报告只供督查组：请用督查组（inspection）的账号")
    making = _Making(findings)
    form, found = findings.form("2-2"), findings.of_form("2-2")
    answered = [one for one in found if any(key.startswith("rate_") for key in one.answers)]
    making.head("一、评价情况")
    making.say(f"收到企业评价页 {len(answered)} 份。{SHARE_FORMULA}。")
    _rated(making, "2-2", "图1 企业评价")
    _rated_by_kind(making, answered)
    making.head("二、不满意的单位")
    named: Counter[str] = Counter()
    for one in answered:
        units = one.answers.get("dissatisfied_units", [])
        named.update([units] if isinstance(units, str) else units)
    labels = {option.key: option.label for option in form.field("dissatisfied_units").options} if form else {}
    facts = findings.overview.facts
    rows = [(labels.get(key) or facts.name(Subject("unit", key)), n) for key, n in named.most_common()]
    if rows:
        making.table("被点名单位", ("单位", "企业数"), rows)
    else:
        making.say("没有企业点名。")
    making.head("三、情况说明")
    details = list(_details(findings.workspace, store))
    if details:
        columns = (Column("序号", 0.5, "centre"), Column("情况说明（原文）", 6))
        listed = [(n, words) for n, words in enumerate(details, 1)]
        making.blocks.append(Table(columns, listed))
        making.behind("情况说明", ("序号", "情况说明"), listed)
    else:
        making.say("没有填写。")
    town = findings.workspace.campaign.town
    return making.report(f"{town}企业评价情况报告", f"供督查组　{full_day(findings.today)}")


def _rated_by_kind(making: _Making, answered: Sequence[Gleaning]) -> None:
    """总体评价 × whose: key enterprises, small ones, projects. Small cells suppressed."""
    form, facts = making.findings.form("2-2"), making.findings.overview.facts
    if form is None or not answered:
        return
    options = {option.key: option.label for option in form.field(OVERALL).options}
    pairs = [
        (_kind_of(facts, one.about), options[one.answers[OVERALL]])
        for one in answered
        if one.answers.get(OVERALL) in options
    ]
    columns = list(options.values())
    making.table("总体评价与企业类别", ("类别", *columns), cross(pairs, columns), 2)
    making.say(SMALL_CELLS, small=True)


def _kind_of(facts: Facts, about: Subject | None) -> str:
    if about is None:
        return "未具名"
    row = facts.row(about) if about.kind == "enterprise" else None
    return str(row["category"]) if row else "项目"


def _details(workspace: Workspace, store: Store) -> Iterator[str]:
    """What firms wrote, sorted by words so that the order says nothing about whose it is."""
    with store.read() as db:
        found = records(db, workspace.campaign, forms=["2-2"], round=workspace.campaign.round)
        words = [str(value) for record in found if (value := record.value("details"))]
    yield from sorted(words)


def note(workspace: Workspace, store: Store, what: str) -> None:
    with store.write() as db:
        audit.note(db, workspace.who, f"report.{what}", {})
