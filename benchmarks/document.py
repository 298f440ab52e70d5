"""A document made of measured parts, each replaced by itself when it is measured again.

A part stands between two comments that name it; everything outside parts is text that this command's
own code brings, so that nothing is edited by hand and lost.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_BEGIN, _END = "<!-- part: {} -->", "<!-- end of part: {} -->"
_PART = re.compile(r"<!-- part: (\S+) -->\n(.*?)\n<!-- end of part: \1 -->", re.DOTALL)


@dataclass(frozen=True)
class Run:
    """How a measurement is made. `effort` multiplies how many pages a part usually takes."""

    seed: int = 1
    effort: float = 1.0

    def pages(self, usual: int) -> int:
        return max(1, round(usual * self.effort))


@dataclass(frozen=True)
class Part:
    """`make` measures and returns Markdown, without the heading."""

    name: str
    heading: str
    make: Callable[[Run], str]


def measured(part: Part, run: Run) -> str:
    """The part's Markdown with when, of what and how it was measured."""
    commit = _commit()  # files may change while it runs
    body = part.make(run)
    effort = f", effort {run.effort:g}" if run.effort != 1.0 else ""
    when = f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}, seed {run.seed}{effort}"
    return f"## {part.heading}\n\n{body.strip()}\n\n*{when}: `python -m benchmarks.accuracy {part.name}`*"


def _commit() -> str:
    """The commit that was measured; a `+` when files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(("git", *arguments), capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!docs")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def parts_of(document: str) -> dict[str, str]:
    return {match[1]: match[2] for match in _PART.finditer(document)}


def assembled(intro: str, names: Iterable[str], parts: Mapping[str, str]) -> str:
    """The document: `intro`, then the parts that there are, in the order of `names`."""
    there = [f"{_BEGIN.format(n)}\n{parts[n]}\n{_END.format(n)}" for n in names if n in parts]
    return "\n\n".join((intro.strip(), *there)) + "\n"


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table: the first column to the left, numbers to the right."""
    lines = [heading, [":--", *["--:"] * (len(heading) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
