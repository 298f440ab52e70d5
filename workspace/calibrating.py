"""Fits the confidence of readings to what this office's people said of them.

People see all readings that were unsure and a random sample of those that were accepted. Each field that
they spoke of stands for as many as there are of its sort, sure or unsure, so that the unsure ones do not
make everything look worse than it is.

What is reported was judged by curves that had not seen it: the cadres who filled in are dealt into
parts, and each part is judged by what was fitted to the others.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from campaign.config import Acceptance, Campaign
from campaign.judge import is_sure
from campaign.quality import CLASS_OF, settled
from forms.model import Kind
from ingest.confidence import Calibration, Curve, Judgement, calibration_error, fit, same_answer
from ingest.model import Shelf
from store import Store, audit, printed, scanned
from workspace import models
from workspace.folder import Workspace
from workspace.rejudging import OnPage, measured_pages
from workspace.scanning import build_shelf

LEAST_CASES = 40
"""Fields people spoke of below which a sort of judgement keeps its curve: fewer say nothing of 1 in 100."""
_PARTS = 3
_PAGES_AT_ONCE = 200
_STEPS = (0.9, 0.93, 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999)
"""Thresholds that are weighed against each other."""


@dataclass(frozen=True)
class Case:
    """A field as one calibration has it read.

    raw    score before calibration; `most` is what a rule allows at most, whatever the curve says
    right  what people said of it, None when nobody did
    part   in which it is held out
    """

    kind: Kind
    judgement: Judgement
    raw: float
    most: float
    confidence: float
    doubt: str
    right: bool | None
    part: int

    def is_sure(self, threshold: float) -> bool:
        return is_sure(self.confidence, self.doubt, threshold)


@dataclass(frozen=True)
class Fitted:
    """One sort of judgement.

    said, wrong    fields people spoke of, and those of them that were read wrong
    before, after  expected calibration error on held-out fields, by the old curve and by a new one;
                   None when there was too little to fit
    """

    judgement: Judgement
    said: int
    wrong: int
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class Outlook:
    """What a threshold means for the fields read so far: the share that people have to look at, and the
    share of wrong ones expected among those accepted, by the curves themselves."""

    threshold: float
    review: float
    wrong: float


@dataclass(frozen=True)
class Outlooks:
    """One kind of field, before and after a change. `suggested` is the least threshold that then keeps to
    the target."""

    kind: Kind
    fields: int
    target: float
    now: Outlook
    then: Outlook
    suggested: Outlook | None


@dataclass(frozen=True)
class Calibrated:
    """`calibration` is new and not yet in use; it is the old one when there was too little to learn from."""

    old: Calibration
    calibration: Calibration
    fitted: tuple[Fitted, ...]
    outlooks: tuple[Outlooks, ...]

    @property
    def learnt(self) -> bool:
        return self.old.curves != self.calibration.curves

    def report(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "version": self.calibration.version,
            "before": self.old.version,
            "fitted": [asdict(one) for one in self.fitted],
            "outlooks": [asdict(one) for one in self.outlooks],
        }


def calibrate(workspace: Workspace, store: Store, on_page: OnPage = lambda done, total: None) -> Calibrated:
    """Fit new curves and say what they would change. Nothing is changed. Raises ModelError."""
    old, shelf = workspace.calibration, build_shelf(workspace, store)
    cases = list(_cases(store, shelf, old, on_page))
    weights = _weights(cases, workspace.campaign.acceptance)
    curves, fitted = dict(old.curves), []
    by_judgement: dict[Judgement, list[tuple[Case, float]]] = defaultdict(list)
    for case, weight in zip(cases, weights, strict=True):
        if case.right is not None:
            by_judgement[case.judgement].append((case, weight))
    for judgement, mine in sorted(by_judgement.items()):
        found, curve_is_better = _fitted(judgement, mine, old)
        fitted.append(found)
        if curve_is_better:
            curves[judgement] = _fit(mine, old, judgement)
    new = Calibration(models.next_version(workspace.root), curves) if curves != old.curves else old
    then = list(_cases(store, shelf, new, on_page)) if new is not old else cases
    return Calibrated(old, new, tuple(fitted), tuple(_outlooks(cases, then, workspace.campaign)))


def what_if(
    workspace: Workspace,
    store: Store,
    thresholds: Mapping[Kind, float],
    on_page: OnPage = lambda done, total: None,
) -> tuple[Outlooks, ...]:
    """What other thresholds would mean, by the curves in use. Nothing is changed. Raises ModelError."""
    cases = list(_cases(store, build_shelf(workspace, store), workspace.calibration, on_page))
    asked = [case for case in cases if case.kind in thresholds]
    return tuple(_outlooks(asked, asked, workspace.campaign, thresholds))


def put_into_use(workspace: Workspace, store: Store, result: Calibrated) -> None:
    """From now on pages are judged by the new curves; `rejudging.redecide` judges the old ones by them."""
    models.keep(workspace.root, result.calibration, result.report())
    with store.write() as db:
        audit.note(db, workspace.who, "calibrate", {"version": result.calibration.version})


# --- what people said -----------------------------------------------------------------------------


def _cases(store: Store, shelf: Shelf, calibration: Calibration, on_page: OnPage) -> Iterator[Case]:
    """Every field of every page that was read, as `calibration` has it."""
    with store.read() as db:
        pages = scanned.pages(db, states=(scanned.READ, scanned.DUPLICATE))
        said = scanned.corrections_by_field(db)
    for start in range(0, len(pages), _PAGES_AT_ONCE):
        with store.read() as db:
            for measured in measured_pages(db, pages[start : start + _PAGES_AT_ONCE], shelf):
                serial = measured.page.serial or ""
                part = _part(db, serial)
                fields = {field.key: field for field in measured.form.asked()}
                for reading in measured.decide(shelf, calibration):
                    kind = fields[reading.field].kind
                    if not reading.judgement or kind not in CLASS_OF:
                        continue
                    judgement = Judgement(reading.judgement)
                    by_curve = calibration(judgement, reading.raw)
                    most = reading.confidence if reading.confidence < by_curve else 1.0
                    spoken = settled(said.get((serial, reading.field), ()))
                    right = same_answer(spoken.value, reading.value) if spoken else None
                    yield Case(
                        kind, judgement, reading.raw, most, reading.confidence, reading.doubt, right, part
                    )
        on_page(min(start + _PAGES_AT_ONCE, len(pages)), len(pages))


def _part(db: Connection, serial: str) -> int:
    """Sheets of one cadre are in one part: people write alike all their lives."""
    sheet = printed.sheet(db, serial)
    who = (sheet.cadre or sheet.instance) if sheet else serial
    return zlib.crc32(who.encode()) % _PARTS


def _weights(cases: Sequence[Case], acceptance: Acceptance) -> list[float]:
    """For how many fields each one stands of which people spoke: those of its judgement, sure or not."""
    strata = [(case.judgement, case.is_sure(acceptance.threshold(case.kind))) for case in cases]
    everyone = Counter(strata)
    spoken = Counter(stratum for stratum, case in zip(strata, cases, strict=True) if case.right is not None)
    return [everyone[stratum] / max(spoken[stratum], 1) for stratum in strata]


# --- fitting --------------------------------------------------------------------------------------

_Weighted = Sequence[tuple[Case, float]]


def _fitted(judgement: Judgement, cases: _Weighted, old: Calibration) -> tuple[Fitted, bool]:
    """How curves fare on what they were not fitted to, and whether that is better than the old one."""
    wrong = sum(not case.right for case, _ in cases)
    parts = [[one for one in cases if one[0].part == part] for part in range(_PARTS)]
    if len(cases) < LEAST_CASES or not all(parts):
        return Fitted(judgement, len(cases), wrong), False
    before, after, weights = [], [], []
    for n, part in enumerate(parts):
        curve = _fit([one for m, other in enumerate(parts) if m != n for one in other], old, judgement)
        for case, weight in part:
            before.append((case.confidence, bool(case.right)))
            after.append((min(curve(case.raw), case.most), bool(case.right)))
            weights.append(weight)
    errors = calibration_error(before, weights), calibration_error(after, weights)
    return Fitted(judgement, len(cases), wrong, *errors), errors[1] < errors[0]


def _fit(cases: _Weighted, old: Calibration, judgement: Judgement) -> Curve:
    pairs = [(case.raw, bool(case.right)) for case, _ in cases]
    return fit(pairs, [weight for _, weight in cases], old.curves.get(judgement))


# --- what it would change -------------------------------------------------------------------------


def _outlooks(
    cases: Sequence[Case],
    then: Sequence[Case],
    campaign: Campaign,
    thresholds: Mapping[Kind, float] = MappingProxyType({}),
) -> Iterator[Outlooks]:
    """`cases` as they are read now, `then` as they would be, judged by `thresholds` where there is one."""
    for kind in sorted({case.kind for case in cases}):
        threshold = campaign.acceptance.threshold(kind)
        target = float(getattr(campaign.target_errors, CLASS_OF[kind]))
        before, after = ([case for case in some if case.kind == kind] for some in (cases, then))
        steps = (outlook(after, step) for step in _STEPS)
        suggested = next((step for step in steps if step.review < 1 and step.wrong <= target), None)
        now, new = outlook(before, threshold), outlook(after, thresholds.get(kind, threshold))
        yield Outlooks(kind, len(before), target, now, new, suggested)


def outlook(cases: Sequence[Case], threshold: float) -> Outlook:
    sure = [case.confidence for case in cases if case.is_sure(threshold)]
    wrong = sum(1 - confidence for confidence in sure) / len(sure) if sure else 0.0
    return Outlook(threshold, 1 - len(sure) / len(cases), wrong)
