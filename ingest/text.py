"""Handwriting: the ink of a field, split into lines by the ruled ones, read line by line.

What the blank page explains is left out, nothing else: general line removal and binarising do more
harm than good (EVIDENCE, OCR engines).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest import ctc, thresholds
from ingest.digits import picture_of
from ingest.engines import Engine, EngineError, TracingEngine
from ingest.ink import Ink, PageInk, smooth, without_residue, without_strikes
from ingest.model import Character, Image, TextSeen, WordSeen
from ingest.register import IN_PLACE, READING_MM_PER_PX, Alignment
from layouts.model import Area, Box

_SCALE = READING_MM_PER_PX
_PX_AREA = _SCALE * _SCALE
_QUICK = 2 * _SCALE
"""mm per px at which a field is asked whether anything is written there."""
SEPARATORS = "、，,；; /"
"""Between names in a field that may hold several."""


@dataclass(frozen=True)
class WritingSeen:
    """Handwriting of one field. `level_mm`: its longest level stroke, as one that strikes characters out."""

    ink: float
    alignment: Alignment = IN_PLACE
    texts: tuple[TextSeen, ...] = ()
    level_mm: float = 0.0


def measure(ink: PageInk, box: Box, engine: Engine, words: Sequence[str] = ()) -> WritingSeen:
    """`words`: the list that the answer is likely to come from; scored only by engines that trace."""
    field = _Field(box)
    if not covers(ink, box.area):
        return WritingSeen(0.0)
    alignment = ink.lies(*box.area)
    sharp = ink.in_region(*field.region, shift=alignment.shift_mm)
    mask = without_residue(smooth(sharp) > ink.floor, ink.page.blank_patch(*field.region))
    mask = without_strikes(mask, _SCALE, thresholds.TEXT_LEAST_MM2)
    if not _is_writing(mask[field.rows]):
        return WritingSeen(0.0, alignment)
    share = round(float(mask[field.rows].mean()), 4)
    lines = [crop(sharp, own) for own in field.lines(mask)]
    texts = _read(lines, engine, words)
    return WritingSeen(share, alignment, texts, _longest_level(mask))


def _longest_level(mask: NDArray[np.bool_]) -> float:
    """The longest of the lengths asked for that some nearly level stroke has, mm."""
    thick = cv2.dilate(mask.astype(np.uint8), np.ones((5, 1), np.uint8))
    found = 0.0
    for length in thresholds.LEVEL_LENGTHS_MM:
        if not cv2.erode(thick, np.ones((1, round(length / _SCALE)), np.uint8), borderValue=0).any():
            break
        found = length
    return found


def covers(ink: PageInk, area: Area, any_colour: bool = False) -> bool:
    """Whether there is more than specks: enough for the simplest character, 一."""
    return _is_writing(smooth(ink.in_region(*area, _QUICK, any_colour=any_colour)) > ink.floor, _QUICK)


def _is_writing(mask: NDArray[np.bool_], scale: float = _SCALE) -> bool:
    return float(without_specks(mask, scale).sum()) * scale * scale >= thresholds.TEXT_LEAST_MM2


def crop(sharp: Ink, own: NDArray[np.bool_]) -> Image:
    """The ink under `own` as an engine expects it, with no more around it than a margin."""
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    pad = round(thresholds.CROP_MARGIN_MM / _SCALE)
    window = (
        slice(max(rows[0] - pad, 0), rows[-1] + 1 + pad),
        slice(max(columns[0] - pad, 0), columns[-1] + 1 + pad),
    )
    grown = cv2.dilate(own[window].astype(np.uint8), np.ones((3, 3), np.uint8))
    return picture_of(sharp[window] * grown, own[window])


# --- lines ----------------------------------------------------------------------------------------


class _Field:
    """A place to write, with the room around it into which writing runs."""

    def __init__(self, box: Box) -> None:
        self.box = box
        above, below, beside = thresholds.TEXT_ABOVE_MM, thresholds.TEXT_BELOW_MM, thresholds.TEXT_BESIDE_MM
        self.region = (box.x - beside, box.y - above, box.w + 2 * beside, box.h + above + below)
        self.rows = slice(round(above / _SCALE), round((above + box.h) / _SCALE))
        self.pitch = box.h / max(box.lines, 1) / _SCALE

    def lines(self, mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        """The ink of each written line, from top to bottom."""
        _, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        edges = self._edges(mask)
        top, height = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
        kept = stats[:, cv2.CC_STAT_AREA] * _PX_AREA >= thresholds.TEXT_SPECK_MM2
        kept[0] = False
        cut_off = (top == 0) | (top + height == mask.shape[0])
        kept &= self._is_ours(centres[:, 1], cut_off)
        tall = height > thresholds.TEXT_TALL_LINES * self.pitch
        line_of = np.clip(np.searchsorted(edges, centres[:, 1]) - 1, 0, max(self.box.lines, 1) - 1)
        found = []
        for n in range(max(self.box.lines, 1)):
            own = (kept & ~tall & (line_of == n))[labels]
            if tall[kept].any() and self.box.lines > 1:
                band = np.zeros_like(own)
                band[max(int(edges[n]), 0) : int(edges[n + 1])] = True
                own |= (kept & tall)[labels] & band
            elif tall[kept].any():
                own |= (kept & tall)[labels]
            if own.sum() * _PX_AREA >= thresholds.TEXT_LEAST_MM2:
                found.append(own)
        return found

    def _edges(self, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Rows between the lines: near the rules, wherever the writing leaves the most white."""
        count = max(self.box.lines, 1)
        rules = self.rows.start + self.pitch * np.arange(count + 1)
        if count == 1:
            return np.array([0.0, mask.shape[0]])
        profile = cv2.blur(mask.sum(1).astype(np.float32)[:, None], (1, 5)).ravel()
        reach = int(thresholds.TEXT_DRIFT_LINES * self.pitch)
        offsets = np.arange(-reach, reach + 1)
        inner = rules[1:-1].astype(int)
        crossing = np.array([profile[np.clip(inner + o, 0, len(profile) - 1)].sum() for o in offsets])
        # Writing stands on its rule and hangs a little below it: ties go there.
        wanted = thresholds.TEXT_HANGS_LINES * self.pitch
        best = offsets[np.argmin(crossing + 0.02 * np.abs(offsets - wanted))]
        edges = rules + best
        edges[0], edges[-1] = 0.0, mask.shape[0]
        return np.asarray(edges, np.float64)

    def _is_ours(self, middle: NDArray[Any], cut_off: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Ink whose middle lies in the field, or just below its rule: what reaches in from other lines, and
        is cut off at the edge of the picture, must lie in the field."""
        hanging = np.where(cut_off, 0.0, thresholds.TEXT_BELOW_LINES * self.pitch)
        return np.asarray((middle > self.rows.start) & (middle < self.rows.stop + hanging))


def without_specks(mask: NDArray[np.bool_], scale: float = _SCALE) -> NDArray[np.bool_]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] * scale * scale >= thresholds.TEXT_SPECK_MM2
    kept[0] = False
    return np.asarray(kept[labels])


# --- reading --------------------------------------------------------------------------------------


def _read(lines: Sequence[Image], engine: Engine, words: Sequence[str]) -> tuple[TextSeen, ...]:
    """One text of all lines; none when the engine failed."""
    try:
        seen = [_read_line(line, engine, words) for line in lines]
    except EngineError:
        return ()
    characters = tuple(c for line, _ in seen for c in line)
    found = tuple(word for _, line_words in seen for word in line_words)
    return (TextSeen(engine.name, "".join(c.text for c in characters), characters, found),)


def _read_line(
    line: Image, engine: Engine, words: Sequence[str]
) -> tuple[tuple[Character, ...], tuple[WordSeen, ...]]:
    if not isinstance(engine, TracingEngine):
        return engine.read(line), ()
    trace = engine.trace(line)
    peaks = ctc.peaks(trace)
    found = _words(trace, peaks, words) if words else ()
    characters = tuple(peak.character for peak in peaks)
    return characters + (UNREAD,) * _has_unread(line, trace, peaks), found


UNREAD = Character("", 0.3)
"""Stands for ink that the engine passed over without a word."""


def _has_unread(line: Image, trace: ctc.Trace, peaks: Sequence[ctc.Peak]) -> bool:
    """Whether much of the ink lies farther than a character's width from all that was read."""
    height, width = line.shape
    inked = np.flatnonzero((line < 160).any(0))
    middles = [(peak.start + peak.end) / 2 * width / len(trace.probabilities) for peak in peaks]
    if not inked.size or not middles:
        return bool(inked.size)
    away = np.abs(inked[:, None] - np.array(middles)[None]).min(1)
    return bool((away > thresholds.UNREAD_HEIGHTS * height).mean() > thresholds.UNREAD_SHARE)


def _words(trace: ctc.Trace, peaks: Sequence[ctc.Peak], words: Sequence[str]) -> tuple[WordSeen, ...]:
    """The line's words, each with what it may be by the list."""
    return tuple(
        _word(_room(trace, peaks, part), "".join(p.character.text for p in part), words)
        for part in _parts(peaks, frozenset(words))
    )


def _room(trace: ctc.Trace, peaks: Sequence[ctc.Peak], part: Sequence[ctc.Peak]) -> ctc.Trace:
    """The steps between a word's neighbours: faint characters at its ends may hide there."""
    start = max((peak.end for peak in peaks if peak.end <= part[0].start), default=0)
    end = min((p.start for p in peaks if p.start >= part[-1].end), default=len(trace.probabilities))
    return trace.part(start, end)


def _parts(peaks: Sequence[ctc.Peak], words: frozenset[str]) -> list[Sequence[ctc.Peak]]:
    """The peaks of each word: parted at separators, or where words of the list join without one."""
    parts: list[list[ctc.Peak]] = [[]]
    for peak in peaks:
        if peak.character.text in SEPARATORS:
            parts.append([])
        else:
            parts[-1].append(peak)
    return [piece for part in parts if part for piece in _joined(part, words)]


def _joined(part: Sequence[ctc.Peak], words: frozenset[str]) -> list[Sequence[ctc.Peak]]:
    """`part` in two, when both are words of the list and the whole is none."""
    text = "".join(peak.character.text for peak in part)
    for n in range(1, len(part)):
        if text not in words and {text[:n], text[n:]} <= words:
            return [part[:n], part[n:]]
    return [part]


def _word(part: ctc.Trace, text: str, words: Sequence[str]) -> WordSeen:
    scores = ctc.likelihoods(part, words)
    best = np.argsort(-scores)[: thresholds.VOCABULARY_KEPT]
    free = float(ctc.likelihoods(part, [text])[0])
    candidates = tuple((words[int(n)], round(float(scores[n]), 2)) for n in best)
    return WordSeen(text, round(free, 2), candidates)
