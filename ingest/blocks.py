"""What a repeated block as a whole says about its fields: an entry of a ledger, one of several opinions.

Nobody answers one question of a block alone, and who needs no block leaves it blank or strikes it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forms.model import Field, Kind, Value
from ingest import numbers, thresholds, writings
from ingest.mark_models import Mark
from ingest.model import Measurement, Reading

QUESTIONS = (Kind.SINGLE, Kind.MULTIPLE)
NOTHING: tuple[Value, ...] = (None, [], False)
"""Values of fields that are not filled in."""


@dataclass(frozen=True)
class Block:
    """One block of a page.

    questions  how many of its fields are answered by marks
    answered   keys of the fields that seem to be filled in
    struck_mm  length of the lines that run through its fields
    crossed    how many of its fields they run through
    faint      in how many of its questions there are strokes too faint to count
    """

    questions: int = 0
    answered: frozenset[str] = frozenset()
    struck_mm: float = 0.0
    crossed: int = 0
    faint: int = 0

    def leaves_alone(self, field: Field) -> bool:
        """Whether nothing but this field may be answered, of several questions."""
        return self.questions >= thresholds.BLOCK_QUESTIONS and self.answered <= {field.key}


Marks = Mapping[str, Sequence[Mark]]
"""Field key → its boxes."""


def blocks(
    fields: Mapping[str, Field], measurements: Sequence[Measurement], marks: Marks
) -> Mapping[str, Block]:
    """The blocks of a page by name; under the empty name one that says nothing, for all other fields."""
    found = {"": Block()}
    for name in {fields[seen.field].block for seen in measurements} - {""}:
        own = [(fields[seen.field], seen) for seen in measurements if fields[seen.field].block == name]
        found[name] = Block(
            sum(field.kind in QUESTIONS for field, _ in own),
            frozenset(field.key for field, seen in own if _is_answered(field, seen, marks)),
            sum(seen.struck_mm for _, seen in own),
            sum(seen.struck_mm >= thresholds.STRIKE_CROSSES_MM for _, seen in own),
            sum(any(box.is_faint for box in marks.get(field.key, ())) for field, _ in own),
        )
    return found


def _is_answered(field: Field, seen: Measurement, marks: Marks) -> bool:
    """Whether a field seems to be filled in, be it unclear how."""
    match field.kind:
        case Kind.SINGLE | Kind.MULTIPLE:
            return any(box.on > thresholds.RATHER_MARKED for box in marks[field.key])
        case Kind.DIGITS | Kind.DATE:
            return bool(numbers.written_cells(seen))
        case Kind.SIGNATURE:
            return seen.ink >= thresholds.SIGNED_INK
        case _:
            return writings.has_words(seen) or seen.ink >= thresholds.UNREAD_INK


def unless_cancelled(block: Block, seen: Measurement, reading: Reading) -> Reading:
    """A line through a block in which nothing is written says that it is not needed; through one that is
    filled in, it may cancel what it runs through, or all of it: if it is long, or runs through two fields."""
    all_of_it = block.struck_mm >= thresholds.STRIKE_CANCELS_MM or block.crossed >= 2
    if not block.answered or not (all_of_it or seen.struck_mm >= thresholds.STRIKE_CROSSES_MM):
        return reading
    return reading.doubted(thresholds.UNEXPLAINED, "有一条长线划过，请确认是否作废")


def unless_alone(
    fields: Mapping[str, Field], by_name: Mapping[str, Block], reading: Reading, of_page: Sequence[Reading]
) -> Reading:
    """A mark in a block of several questions where nothing else is surely answered may be none: where one
    stain or the other side's writing takes the shape of a mark, what is beside it is unclear, too."""
    field = fields[reading.field]
    many = by_name[field.block].questions >= thresholds.BLOCK_QUESTIONS
    if not many or field.kind not in QUESTIONS or reading.value in NOTHING:
        return reading
    others = (one for one in of_page if one is not reading and fields[one.field].block == field.block)
    if any(one.value not in NOTHING and one.confidence >= thresholds.SURE_BESIDE for one in others):
        return reading
    return reading.doubted(thresholds.UNEXPLAINED, "这一条别处没有清楚的内容，请确认这里是否选中")
