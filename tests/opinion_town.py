"""A small town whose forms came back with opinions on them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from campaign import keep_page
from campaign.opinions import Opinion
from campaign.register import load
from ingest.model import PageResult, PageState, Reading
from layouts import place
from review import Office
from store import Store, Subject, Wanted, printed, roster, scanned
from workspace.folder import Workspace
from workspace.printing import ready_forms

TOWN: dict[str, list[dict[str, Any]]] = {
    "units": [
        {"code": "U1", "name": "建设局", "type": "机关", "head": "陈建"},
        {"code": "U2", "name": "农业局", "type": "事业", "head": "于农"},
        {"code": "V1", "name": "孟河村委会", "type": "村（社区）", "head": "谭村"},
    ],
    "villages": [{"code": "V01", "name": "孟河村"}],
    "cadres": [{"code": "C1", "name": "蒋玉兰", "type": "机关", "unit": "U1"}],
    "groups": [{"code": "G1", "village": "V01", "number": "3组"}],
    "households": [
        {"code": f"H{n}", "village": "V01", "group": "G1", "head": name}
        for n, name in enumerate(("王小明", "李梅", "赵云", "欧阳山", "钱七"), 1)
    ],
}
VISIT = {"visit_mode": "in_person", "visit_result": "done"}


def opinion(n: int, nature: str, category: str, text: str, handling: str) -> dict[str, str]:
    values = {
        "nature": nature,
        "category": category,
        "text": text,
        "handling": handling,
        "reply_wanted": "yes",
    }
    return {f"opinion_{n}.{key}": value for key, value in values.items()}


RETURNS = {
    "H1": {
        "visit_date": "2017-04-05",
        **opinion(1, "problem", "roads", "门口的路坏了", "town"),
        **opinion(2, "suggestion", "irrigation", "建议疏通水渠", "village"),
    },
    "H2": {"visit_date": "2017-04-09", **opinion(1, "problem", "pension", "养老金晚发", "resolved_on_spot")},
    "H3": {"visit_date": "2017-04-10", **opinion(1, "problem", "roads", "路灯不亮", "town")},
    "H4": {"visit_date": "2017-04-04", **opinion(1, "problem", "housing", "政策不明", "escalate")},
}


class OpinionTown:
    """A workspace into which forms come back as a reader would have read them."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace.create(root)
        self.store: Store = self.workspace.open_store()
        self.pages = 0
        with self.store.write() as db:
            roster.replace(db, TOWN)
            batch = scanned.start_batch(db, "inbox", "li")
            scanned.add_scan(db, batch, "a" * 64, "a.pdf", 1)

    @cached_property
    def office(self) -> Office:
        """Its page."""
        return Office(self.workspace, self.store)

    def returns(
        self, code: str, values: dict[str, Any], unsure: str = "", form: str = "2-5", kind: str = "household"
    ) -> None:
        with self.store.read() as db:
            (ready,) = ready_forms(db, [self.workspace.catalogue[form]])
        layout = place(ready)
        wanted = Wanted(layout.digest, form, 1, (1, 2), 1, Subject(kind, code), "C1")
        with self.store.write() as db:
            printed.keep_layout(db, layout)
            job = printed.start_job(db, {})
            (issued,) = printed.issue(db, [wanted], self.workspace.key.new_serial, job)
        for page, serial in issued.serials.items():
            asked = {field.key for field in layout.fields_on_page(page)}
            self.page(serial, {key: v for key, v in {**VISIT, **values}.items() if key in asked}, unsure)

    def page(self, serial: str, values: dict[str, Any], unsure: str = "") -> None:
        self.pages += 1
        readings = tuple(
            Reading(key, value, 0.4 if key == unsure else 0.9999, engine="e") for key, value in values.items()
        )
        result = PageResult(PageState.READ, serial, "2-5", 1, readings=readings)
        with self.store.write() as db:
            keep_page(db, 1, "a" * 64, self.pages, result, self.workspace.campaign.acceptance)

    def bring_back(self) -> None:
        for household, values in RETURNS.items():
            self.returns(household, values)

    def opinion(self, text: str) -> Opinion:
        found, _ = load(self.store, self.workspace.campaign, "li")
        return next(one for one in found if one.text == text)
