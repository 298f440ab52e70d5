"""manifest.json: what was printed on which page of which file (DESIGN §5)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generate.pdf import PageEntry


@dataclass(frozen=True)
class Owner:
    """Whom a sheet or card is about and who carries it; anonymous sheets have neither.

    subject  (kind, code), e.g. ("household", "320411104203012034")
    """

    subject: tuple[str, str] | None = None
    cadre: str | None = None


def manifest(
    job: str, files: Mapping[str, Sequence[PageEntry]], owners: Mapping[str, Owner]
) -> dict[str, Any]:
    """The manifest's content. files: name → its pages in order; owners: serial → owner, if it has any."""
    pages = [_page(file, entry, owners) for file, entries in files.items() for entry in entries]
    return {"job": job, "pages": pages}


def to_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _page(file: str, entry: PageEntry, owners: Mapping[str, Owner]) -> dict[str, Any]:
    owner = owners.get(entry.serial or "", Owner())
    page: dict[str, Any] = {
        "file": file,
        "page": entry.page,
        "serial": entry.serial,
        "form": entry.form,
        "form_version": entry.form_version,
        "form_page": entry.form_page,
        "subject": dict(zip(("kind", "code"), owner.subject, strict=True)) if owner.subject else None,
        "cadre": owner.cadre,
    }
    if entry.x_mm is not None:
        page |= {"x_mm": entry.x_mm, "y_mm": entry.y_mm}
    return page
