"""Opinions that may say the same in other words, for a person to judge and merge.

Likeness is Dice's coefficient of the pairs of neighbouring characters: twice those in common over those
of both. It needs no word list, and a dropped or added character costs two pairs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from campaign.opinions import Opinion, plain_words
from campaign.personal import is_erased

LEAST = 0.5
"""Half of the pairs in common: 门口的路坏了 and 门口路坏了很久 have 0.55, 路灯不亮 and 路面不平 have 0."""


@dataclass(frozen=True)
class Alike:
    """Two open opinions of one village. The earlier would lead. `likeness`: 0 to 1."""

    lead: Opinion
    other: Opinion
    likeness: float


def similar(opinions: Iterable[Opinion], village: Mapping[int, str], least: float = LEAST) -> list[Alike]:
    """Pairs that no person has judged yet, the most alike first. Equal ones of one category are left to
    `campaign.opinions.repeated`.

    village  opinion → code of its village, "" where it has none
    """
    places: dict[str, list[Opinion]] = defaultdict(list)
    for opinion in opinions:
        if not opinion.closed and not opinion.unsure and not is_erased(opinion.text):
            places[village.get(opinion.id, "")].append(opinion)
    found = [pair for some in places.values() for pair in _pairs(some, least)]
    return sorted(found, key=lambda pair: (-pair.likeness, pair.lead.sequence, pair.other.sequence))


def _pairs(opinions: Sequence[Opinion], least: float) -> Iterator[Alike]:
    """Each is compared with those before it that share a pair of characters at all."""
    words = [plain_words(opinion.text) for opinion in opinions]
    parts = [neighbours(text) for text in words]
    having: dict[str, list[int]] = defaultdict(list)
    for n, (opinion, mine) in enumerate(zip(opinions, parts, strict=True)):
        shared = Counter(earlier for part in mine for earlier in having[part])
        for earlier, common in shared.items():
            lead = opinions[earlier]
            likeness = 2 * common / (len(mine) + len(parts[earlier]))
            equal = words[n] == words[earlier] and opinion.category == lead.category
            judged = lead.id in opinion.apart or opinion.id in lead.apart
            if likeness >= least and not equal and not judged:
                yield Alike(lead, opinion, likeness)
        for part in mine:
            having[part].append(n)


def neighbours(text: str) -> frozenset[str]:
    """路灯, 灯不, 不亮 of 路灯不亮; a single character is its own pair."""
    return frozenset(text[n : n + 2] for n in range(max(len(text) - 1, 1))) - {""}
