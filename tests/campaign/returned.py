"""A small campaign whose forms were handed out, and pages of them as a reader returns them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from campaign import Campaign, Record, keep_page, records
from forms.model import Check, Field, Form, Kind, Option, Page, Required, Row, Section, Value
from ingest.model import PageResult, PageState, Reading
from layouts import Key, Layout, place
from store import Store, Subject, Wanted, printed, roster, scanned
from store.schema import metadata

KEY = Key(bytes(range(32)))
CAMPAIGN = Campaign(town="孟河镇", start=date(2017, 3, 1), end=date(2017, 4, 30))
SURE, UNSURE = 0.9999, 0.5
H1, H2, Q1, P1 = (
    Subject("household", "H1"),
    Subject("household", "H2"),
    Subject("enterprise", "Q1"),
    Subject("project", "P1"),
)
YES_NO = (Option("yes", "是"), Option("no", "否"))


def the_form(version: int = 1, extra: tuple[Field, ...] = ()) -> Form:
    """Two pages: what happened and who lives there; what they say."""
    first = (
        Field("head", "户主", Kind.PREFILL, source="subject.head"),
        Field("visitor", "走访人", Kind.PREFILL, source="cadre.name"),
        Field(
            "result",
            "结果",
            Kind.SINGLE,
            (Option("done", "完成"), Option("vacant", "空关户")),
            required=Required.ALWAYS,
        ),
        Field("day", "日期", Kind.DATE, cells=8, required=Required.ALWAYS),
        Field("people", "人口", Kind.DIGITS, cells=2, required=Required.IF_COMPLETED),
        Field("elderly", "老人", Kind.DIGITS, cells=2),
    )
    second = (
        Field("income", "收入", Kind.MULTIPLE, (Option("farm", "务农"), Option("work", "务工"))),
        Field("amount", "金额", Kind.DIGITS, cells=4, critical=True),
        Field("words", "意见", Kind.LINES, lines=2),
        Field("signature", "签名", Kind.SIGNATURE, required=Required.NO),
        *extra,
    )
    pages = tuple(Page((Section("", tuple(Row((f,)) for f in fields)),)) for fields in (first, second))
    return Form(
        "T-1",
        version,
        "试表",
        "附件",
        ("household",),
        pages,
        checks=(Check("elderly <= people", "老人多于人口"),),
        completed=("result", "done"),
    )


FORM = the_form()
LAYOUT = place(FORM)
GOOD: dict[int, dict[str, Value]] = {
    1: {"result": "done", "day": "2017-04-05", "people": "4", "elderly": "1"},
    2: {"income": ["farm"], "amount": "800", "words": None, "signature": False},
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "units": [{"code": "U1", "name": "经发局", "phone": "0519-88880001"}],
    "villages": [{"code": "V1", "name": "孟河村"}, {"code": "V2", "name": "齐梁村"}],
    "cadres": [
        {
            "code": "C1",
            "name": "蒋玉兰",
            "type": "机关",
            "unit": "U1",
            "position": "科员",
            "mobile": "13800000001",
        },
        {"code": "L1", "name": "陈国强", "type": "党政领导", "unit": "U1", "position": "镇长"},
    ],
    "groups": [
        {"code": "G1", "village": "V1", "number": "1组"},
        {"code": "G2", "village": "V1", "number": "2组"},
    ],
    "households": [
        {"code": "H1", "village": "V1", "group": "G1", "head": "王小明", "door": "10号"},
        {"code": "H2", "village": "V1", "group": "G1", "head": "李梅", "door": "2号"},
        {"code": "H3", "village": "V1", "group": "G2", "head": "赵云", "door": "1号"},
    ],
    "enterprises": [{"code": "Q1", "name": "喆达公司", "category": "区镇重点企业", "village": "V2"}],
    "projects": [
        {
            "code": "P1",
            "name": "智能工厂",
            "builder": "喆达公司",
            "category": "工业",
            "phase": "在建",
            "head": "刘总",
        }
    ],
}


@dataclass
class Office:
    """A database with the roster above, and everything a test does to it."""

    store: Store
    campaign: Campaign = CAMPAIGN
    number: int = 0

    def open(self) -> Office:
        with self.store.write() as db:
            roster.replace(db, ROWS)
            batch = scanned.start_batch(db, "inbox", "li")
            scanned.add_scan(db, batch, "a" * 64, "a.pdf", 1)
        return self

    def issue(self, subject: Subject | None = H1, layout: Layout = LAYOUT, **more: Any) -> dict[int, str]:
        """Page → serial of a form handed out."""
        pages = tuple(range(1, layout.pages + 1))
        wanted = Wanted(
            layout.digest, layout.form.id, layout.form.version, pages, 1, subject, **{"cadre": "C1", **more}
        )
        with self.store.write() as db:
            printed.keep_layout(db, layout)
            return printed.issue(db, [wanted], KEY.new_serial, printed.start_job(db, {}))[0].serials

    def scan(
        self,
        serial: str,
        values: dict[str, Value],
        unsure: tuple[str, ...] = (),
        doubts: dict[str, str] | None = None,
        state: PageState = PageState.READ,
    ) -> str:
        """A page of that sheet comes back; returns what is said of a copy that differs."""
        self.number += 1
        readings = tuple(
            Reading(
                key, value, UNSURE if key in unsure else SURE, engine="e", doubt=(doubts or {}).get(key, "")
            )
            for key, value in values.items()
        )
        page = PageResult(state, serial, "T-1", 1, readings=readings)
        with self.store.write() as db:
            noticed = keep_page(db, 1, "a" * 64, self.number, page, self.campaign.acceptance).noticed
            return noticed.message if noticed else ""

    def say(self, serial: str, key: str, value: Value, who: str = "li", blind: bool = False) -> None:
        with self.store.write() as db:
            scanned.add_correction(db, serial, key, value, who, blind=blind)

    def record(self, **wish: Any) -> Record:
        """The only record there is."""
        (found,) = self.records(**wish)
        return found

    def records(self, **wish: Any) -> list[Record]:
        with self.store.read() as db:
            return list(records(db, self.campaign, **wish))


def good(**changes: Value) -> dict[int, dict[str, Value]]:
    """What was read on both pages, with some answers changed."""
    return {
        page: {key: changes.get(key, value) for key, value in values.items()} for page, values in GOOD.items()
    }


def settle_amount(office: Office, serials: dict[int, str], value: str = "800") -> None:
    """Two people key the critical field."""
    for who in ("li", "wang"):
        office.say(serials[2], "amount", value, who, blind=True)


def database_of(db: Connection) -> str:
    """Everything in the database as text."""
    rows = [repr(tuple(row)) for table in metadata.sorted_tables for row in db.execute(table.select())]
    return "\n".join(rows)
