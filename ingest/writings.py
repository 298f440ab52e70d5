"""Which words a handwriting field says, and whether a signature is there."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import replace

from forms.model import Field
from ingest import thresholds
from ingest.confidence import Calibration, Judgement
from ingest.model import Measurement, Reading, TextSeen, WordSeen


def judge(field: Field, seen: Measurement, words: Collection[str], calibration: Calibration) -> Reading:
    if seen.ink == 0:
        raw = 1 - thresholds.BLANK_ERROR
        confidence = calibration(Judgement.BLANK, raw)
        return Reading(field.key, None, confidence, judgement=Judgement.BLANK, raw=raw)
    text = seen.texts[0] if seen.texts else None
    if text is None or not text.text:
        return Reading(field.key, None, thresholds.NOT_READ, doubt="有笔迹，但没有认出文字")
    if not has_words(seen):
        return Reading(field.key, None, thresholds.UNEXPLAINED, doubt="这里好像画了线，没有写字，请确认")
    found = _from_list(field, text, words, calibration) if words and text.words else None
    return _unless_struck(seen, found or _free(field, text, calibration, unlisted=bool(words)))


def has_words(seen: Measurement) -> bool:
    """Whether anything was read but dashes, which is what engines make of a line that strikes out."""
    return any(text.text.strip(_DASHES) for text in seen.texts)


_DASHES = "-_—–－＿~一 "


def _unless_struck(seen: Measurement, reading: Reading) -> Reading:
    """Characters that were struck out are read along with the rest."""
    level = max((box.features.get("level_mm", 0.0) for box in seen.boxes), default=0.0)
    if level < thresholds.STRUCK_LEVEL_MM:
        return reading
    confidence = min(reading.confidence, thresholds.UNEXPLAINED)
    return replace(reading, confidence=confidence, doubt=reading.doubt or "可能有划去的字，请核对")


def signature(field: Field, seen: Measurement, calibration: Calibration) -> Reading:
    """Present or not: how sure depends on how far the ink is from the border between the two."""
    signed = seen.ink >= thresholds.SIGNED_INK
    ratio = max(seen.ink, 1e-6) / thresholds.SIGNED_INK
    odds = thresholds.SIGNED_SLOPE * abs(math.log(ratio))
    raw = 1 / (1 + math.exp(-min(odds, 30.0)))
    doubt = "" if raw >= thresholds.DOUBTFUL else "墨迹很少，请确认是否签名或盖章"
    reaching_in = sum(box.features.get("reaching_in", 0.0) for box in seen.boxes)
    if reaching_in >= thresholds.SIGNED_INK:
        raw, doubt = min(raw, thresholds.UNEXPLAINED), "有旁边伸过来的印章、笔迹或污渍，请确认是否签名或盖章"
    unlike = _unlike_signature(seen) if signed else ""
    if unlike:
        raw, doubt = min(raw, thresholds.UNEXPLAINED), f"{unlike}，请确认是否签名或盖章"
    confidence = calibration(Judgement.SIGNATURE, raw)
    return Reading(field.key, signed, confidence, doubt=doubt, judgement=Judgement.SIGNATURE, raw=raw)


def _unlike_signature(seen: Measurement) -> str:
    """What else may be in a place to sign: words for it, empty when nothing speaks for it."""
    if seen.ink > thresholds.SIGNED_MOST:
        return "这里几乎全黑"
    drawn = {name: value for box in seen.boxes for name, value in box.features.items()}
    if drawn.get("mm2", math.inf) < thresholds.SIGNATURE_MM2:
        return "墨迹很少"
    if drawn.get("across_mm", math.inf) < thresholds.SIGNATURE_ACROSS_MM:
        return "只有线条，可能是折痕或扫描条纹"
    if drawn.get("solid", 0.0) > thresholds.SIGNATURE_SOLID:
        return "像一块墨迹"
    if drawn.get("edge", 1.0) < thresholds.SIGNATURE_EDGE:
        return "墨迹边缘模糊，可能是污渍"
    if drawn.get("dark", 1.0) < thresholds.SIGNATURE_DARK:
        return "墨迹很淡，可能是背面透过来的或别的纸上印来的"
    if drawn.get("around", 0.0) > thresholds.SIGNATURE_SOILED * seen.ink:
        return "周围也有不少污渍或透过来的字迹"
    return ""


def _free(field: Field, text: TextSeen, calibration: Calibration, unlisted: bool) -> Reading:
    raw = math.prod(min(c.score, thresholds.MOST_CHARACTER) for c in text.characters)
    raw = min(raw, thresholds.NOT_ON_LIST) if unlisted else raw
    confidence = calibration(Judgement.TEXT, raw)
    unsure = [c.text for c in text.characters if c.text and c.score < thresholds.CHARACTER_SURE]
    doubt = f"拿不准的字：{'、'.join(unsure)}" if unsure else _unread(text)
    if not doubt and confidence < thresholds.DOUBTFUL:
        doubt = "不在名单中，请核对" if unlisted else "手写文字，请核对"
    value = text.text.strip()
    reading = Reading(field.key, value, confidence, (), text.engine, doubt, Judgement.TEXT, round(raw, 6))
    if len(value) == 1 and value.isascii():
        # A ring, a dash or a digit of the next line: nobody answers in words with one letter or digit.
        return reading.doubted(thresholds.UNEXPLAINED, "只认出一个数字或字母，请确认是否填写")
    if _REPEATED.search(value):
        return reading.doubted(thresholds.UNEXPLAINED, "有重复的字，可能是划去后重写的，请核对")
    return reading


_REPEATED = re.compile(r"(\D{1,4})\1")
"""What was struck out and written again is read twice; words that repeat themselves are rarer."""


def _unread(text: TextSeen) -> str:
    return "" if all(c.text for c in text.characters) else "有一部分笔迹没有认出"


def _from_list(
    field: Field, text: TextSeen, words: Collection[str], calibration: Calibration
) -> Reading | None:
    """The words of the list that the writing says best; None when it says something else."""
    judged = [_word(word, words) for word in text.words]
    if not all(ranked for ranked in judged):
        return None
    value = "、".join(ranked[0][0] for ranked in judged)
    raw = math.prod(ranked[0][1] for ranked in judged)
    raw *= math.prod(c.score for c in text.characters if not c.text)
    if any(len(word.text) != len(ranked[0][0]) for word, ranked in zip(text.words, judged, strict=True)):
        raw = min(raw, thresholds.OTHER_LENGTH)
    doubt = _unread(text) or ("" if raw >= thresholds.DOUBTFUL else f"读作“{text.text}”，请在名单中确认")
    alternatives: tuple[tuple[str, float], ...] = ()
    if len(judged) == 1:
        alternatives = tuple((word, round(p, 4)) for word, p in judged[0][1:4] if p > 1e-3)
    confidence = calibration(Judgement.WORD, raw)
    return Reading(
        field.key, value, confidence, alternatives, text.engine, doubt, Judgement.WORD, round(raw, 6)
    )


def _word(word: WordSeen, words: Collection[str]) -> list[tuple[str, float]]:
    """The list's words by probability; empty when a word outside the list is likelier."""
    known = [(candidate, score) for candidate, score in word.candidates if candidate in words]
    if not known:
        return []
    trust, outside = thresholds.TRACE_TRUST, thresholds.OUTSIDE_LIST_PER_CHARACTER
    weights = {candidate: trust * score for candidate, score in known}
    free = trust * word.likelihood - outside * len(word.text) - thresholds.OUTSIDE_LIST
    if word.text in weights:
        free = -math.inf
    highest = max(*weights.values(), free)
    total = sum(math.exp(w - highest) for w in weights.values()) + math.exp(free - highest)
    ranked = [(candidate, math.exp(w - highest) / total) for candidate, w in weights.items()]
    return ranked if ranked[0][1] > math.exp(free - highest) / total else []
