"""The database: what was printed, what came back, what was read, what people corrected.

    store = Store.open(workspace / "data.db")
    with store.write() as db:                  # one transaction, all or nothing
        job = printed.start_job(db, {...})
        printed.issue(db, wanted, key.new_serial, job)

`roster`, `printed`, `scanned`, `work`, `accounts` and `audit` are modules of functions that take such a
connection, so that several may share one transaction. Nothing here decides what an answer is: see
`campaign.records`.
"""

from store import (
    accounts,
    audit,
    erasures,
    gleanings,
    opinions,
    printed,
    returns,
    roster,
    scanned,
    standing,
    visit_plans,
    work,
)
from store.database import InUseError, Store
from store.migrate import SchemaError
from store.model import (
    AuditEntry,
    CardInfo,
    Changes,
    Correction,
    Duty,
    Issued,
    PageInfo,
    ProblemInfo,
    SavedPage,
    ScanInfo,
    SeenPage,
    SeenProblem,
    SeenReading,
    SheetInfo,
    StoredReading,
    Subject,
    Wanted,
)

__all__ = [
    "AuditEntry",
    "CardInfo",
    "Changes",
    "Correction",
    "Duty",
    "InUseError",
    "Issued",
    "PageInfo",
    "ProblemInfo",
    "SavedPage",
    "ScanInfo",
    "SchemaError",
    "SeenPage",
    "SeenProblem",
    "SeenReading",
    "SheetInfo",
    "Store",
    "StoredReading",
    "Subject",
    "Wanted",
    "accounts",
    "audit",
    "erasures",
    "gleanings",
    "opinions",
    "printed",
    "returns",
    "roster",
    "scanned",
    "standing",
    "visit_plans",
    "work",
]
