"""What a town sets for its campaign: names and telephones, dates, quotas, and how sure is sure enough.

The `[campaign]` table of `zoufang.toml`, read strictly: unknown keys and wrong types are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from forms.errors import ClerkError, what_is_wrong
from forms.model import Kind

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Words = Annotated[tuple[str, ...], Field(strict=False)]  # TOML has lists
Days = Annotated[tuple[date, ...], Field(strict=False)]
MonthDay = Annotated[tuple[int, int], Field(strict=False)]


Some = TypeVar("Some", bound="Settings")


class ConfigError(ClerkError, ValueError):
    """Settings that cannot be used. `errors` are lines for the person who wrote them."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


class Settings(BaseModel):
    """A table of `zoufang.toml`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Acceptance(Settings):
    """The confidence from which a reading is accepted without a person, by kind of field.

    Chosen on simulated office pages; docs/accuracy.md has what pages of other people gave. To prove
    `TargetErrors` for checkboxes takes 60,000 fields without an error.
    """

    single: Share = 0.95
    multiple: Share = 0.95
    digits: Share = 0.995
    date: Share = 0.99
    text: Share = 0.97
    lines: Share = 0.98
    signature: Share = 0.9

    def threshold(self, kind: Kind) -> float:
        """0 for kinds that are never doubted."""
        return float(getattr(self, kind.value, 0.0))


class TargetErrors(Settings):
    """Wrong values among accepted ones that the town puts up with, as shares (DESIGN §7)."""

    checkbox: Share = 0.5e-4
    digits: Share = 5e-4
    handwriting: Share = 1e-2


class Quotas(Settings):
    """Who has to visit how many (domain.md §1, rows 7 and 12–15)."""

    households_per_cadre: Count = 30  # of 机关 and 事业
    key_enterprises_per_leader: Count = 3
    small_enterprises_per_leader: Count = 3
    projects_per_leader: Count = 3
    groups_per_leader: Count = 3  # in the village where the leader is stationed
    leaders_take_households: bool = False  # or only the focus kinds, beside the cadres who own them
    villages_per_unit_least: Count = 1
    villages_per_unit_most: Count = 2
    cards_per_cadre_least: Count = 10


class Review(Settings):
    """How people check what was read."""

    blind_sample: Share = 0.01  # of accepted fields, keyed by a person who does not see the reading
    hold_minutes: Annotated[float, Field(gt=0, le=240)] = 5.0  # an item waits this long for its clerk


class Handling(Settings):
    """How what people said is handed over (交办): within how many working days, and to whom.

    units  category of an opinion → names, parts of names or codes of units; the first that the roster
           has leads, the others that it has help. Categories left out keep the usual units
           (`campaign.handlers`)
    """

    lead_days: Count = 7  # 主办 (泉州)
    co_days: Count = 3  # 协办 gives its opinion to the lead within
    objection_days: Count = 1  # 非本单位职责 is to be said within
    escalate_days: Count = 3  # 报上级条线, 提交活动办: to pass it on
    units: dict[str, Words] = {}
    activity_office: str = "镇活动办"  # what goes up or further is handed to it
    holidays: Days = ()  # no working days although they are Mondays to Fridays
    workdays: Days = ()  # working days although they are Saturdays or Sundays (调休)


def _days_or_day(value: Any) -> Any:
    if type(value) is date or (type(value) is int and value >= 0):
        return value
    raise ValueError("应是活动结束后的天数，如 365；或日期，写成 2018-06-30 的样子，不加引号")


Term = Annotated[int | date, BeforeValidator(_days_or_day)]
"""So many days after the campaign's last day, or a day."""


class Retention(Settings):
    """How long personal data is kept (`workspace.purging`); what is left out is kept for good.

    images    what was scanned
    personal  names, telephones, addresses and words, in whatever is kept; the images go with them
    """

    images: Term | None = None
    personal: Term | None = None


class Phase(Settings):
    """A stage of the campaign; without an end it goes on (长期)."""

    name: str
    start: MonthDay
    end: MonthDay | None = None


PHASES = (  # the plan's four (domain.md §1, row 38)
    Phase(name="集中走访，摸清情况", start=(3, 1), end=(4, 30)),
    Phase(name="建立清单，推动解决", start=(3, 1), end=(5, 31)),
    Phase(name="总结提升，巩固成果", start=(6, 1), end=(6, 30)),
    Phase(name="常态长效，定期回访", start=(7, 1)),
)


class Window(NamedTuple):
    """When a round takes place, both days included; None: not said."""

    start: date | None
    end: date | None

    def holds(self, day: date) -> bool:
        return (self.start or date.min) <= day <= (self.end or date.max)


class Revisit(Settings):
    """When a later round takes place (回访); without an end it goes on."""

    start: date
    end: date | None = None


class Campaign(Settings):
    """A campaign. `round` counts from 1 and rises with every revisit (回访).

    revisits  when the second round takes place, the third, …
    """

    name: str = "全镇“走田头、进车间、求良策”大走访活动"
    town: str = ""
    year: Annotated[int, Field(ge=2000, le=2999)] = 2017
    round: Annotated[int, Field(ge=1)] = 1
    start: date | None = None  # dates written on the first round's forms lie between these, both included
    end: date | None = None
    revisits: Annotated[tuple[Revisit, ...], Field(strict=False)] = ()
    office_phone: str = ""
    supervision_phone: str = ""
    hotline: str = "12345"
    quotas: Quotas = Quotas()
    acceptance: Acceptance = Acceptance()
    target_errors: TargetErrors = TargetErrors()
    review: Review = Review()
    handling: Handling = Handling()
    phases: Annotated[tuple[Phase, ...], Field(strict=False)] = PHASES
    summary_due: MonthDay = (6, 1)  # when units hand in their summaries
    retention: Retention = Retention()

    def window(self, round: int) -> Window:
        """When a round takes place; one that nobody set, some time after the campaign began."""
        if round == 1:
            return Window(self.start, self.end)
        if round - 2 < len(self.revisits):
            revisit = self.revisits[round - 2]
            return Window(revisit.start, revisit.end)
        return Window(self.start, None)

    @property
    def last_day(self) -> date | None:
        """Of all its rounds, those to come that are set included; None while one has no end."""
        rounds = range(1, max(self.round, len(self.revisits) + 1) + 1)
        ends = [self.window(n).end for n in rounds]
        return None if None in ends else max(end for end in ends if end)

    def kept_until(self, term: int | date | None) -> date | None:
        """The day from which something may be erased, None when nobody can say yet."""
        if isinstance(term, date) or term is None:
            return term
        return self.last_day + timedelta(days=term) if self.last_day else None

    @property
    def now(self) -> Window:
        """When this round takes place."""
        return self.window(self.round)

    @property
    def span(self) -> tuple[date, date] | None:
        """The days that may be written on any round's forms, None when nobody set them."""
        windows = [self.window(n) for n in range(1, self.round + 1)]
        if self.start is None or self.end is None:
            return None
        return self.start, max(one.end or date((one.start or self.start).year, 12, 31) for one in windows)


_TOML_WRONG = {
    "date_type": "应是日期，写成 2017-03-01 的样子，不加引号",
    "tuple_type": "应是方括号里的列表，如 [6, 1]",
    "dict_type": "应是一段设置，前面写方括号里的名称",
    "model_type": "应是一段设置，前面写方括号里的名称",
}


def parse_settings(kind: type[Some], data: Mapping[str, Any]) -> Some:
    """The settings of a parsed TOML table. Raises ConfigError with every error."""
    try:
        return kind.model_validate(dict(data))
    except ValidationError as error:
        wrong = [(".".join(map(str, e["loc"])), what_is_wrong(e, _TOML_WRONG)) for e in error.errors()]
        raise ConfigError([f"{place}：{words}" for place, words in wrong]) from None


def parse_campaign(data: Mapping[str, Any]) -> Campaign:
    """The same of a campaign, whose dates must also make sense."""
    campaign = parse_settings(Campaign, data)
    windows = [campaign.window(n) for n in range(1, len(campaign.revisits) + 2)]
    if any(one.start and one.end and one.start > one.end for one in windows):
        raise ConfigError(["start（开始日期）晚于 end（结束日期）"])
    return campaign
