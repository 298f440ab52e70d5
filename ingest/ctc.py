"""What a line recogniser's output says, under different ideas of what may be written there.

A recogniser of the CTC kind gives, for each step along a line, the probability of every character and
of 'nothing new here'. From that alone one can read freely, read a number of known length, or ask
how well each word of a list explains the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ingest.model import Character

Probabilities = NDArray[np.float64]
ALTERNATIVES = 4
"""Runners-up kept per character: the right one is among the top five for 80 % of substitutions."""
_LEAST = 1e-12
"""Probability below which a class counts as impossible; keeps logarithms finite."""

LOOKALIKES = {
    "0": "OoD〇Q口",
    "1": "lI|丨/!丿亅",
    "2": "Zz乙",
    "3": "ろ了",
    "4": "午",
    "5": "Ss",
    "6": "bG",
    "7": "T丁刀",
    "8": "B",
    "9": "gq",
}
"""What a recogniser of all characters takes a handwritten digit for."""


@dataclass(frozen=True)
class Alphabet:
    """The characters of a recogniser; class 0 is the blank, `characters[n]` is class n + 1."""

    characters: tuple[str, ...]

    @cached_property
    def classes(self) -> dict[str, int]:
        return {character: n + 1 for n, character in enumerate(self.characters)}

    def text(self, label: int) -> str:
        return self.characters[label - 1]


@dataclass(frozen=True)
class Trace:
    """Probabilities (steps, classes) along a line, up to a factor per step that only peaks care about."""

    probabilities: NDArray[np.float32]
    alphabet: Alphabet

    def part(self, start: int, end: int) -> Trace:
        return Trace(self.probabilities[start:end], self.alphabet)


@dataclass(frozen=True)
class Peak:
    """A character of the free reading and the steps [start, end) in which it is the likeliest."""

    start: int
    end: int
    character: Character


# --- free reading --------------------------------------------------------------------------------


def peaks(trace: Trace) -> tuple[Peak, ...]:
    """The likeliest character of each step, repeats and blanks left out."""
    best = trace.probabilities.argmax(1)
    edges = np.flatnonzero(np.diff(best, prepend=-1, append=-1))
    return tuple(
        Peak(int(start), int(end), _character(trace, int(start), int(end)))
        for start, end in pairwise(edges)
        if best[start] != 0
    )


def _character(trace: Trace, start: int, end: int) -> Character:
    rows = trace.probabilities[start:end]
    label = int(rows[0].argmax())
    row = rows[int(rows[:, label].argmax())]
    row = row / row.sum()
    kept = min(ALTERNATIVES + 2, len(row))
    top = np.argpartition(row, -kept)[-kept:]
    others = [n for n in top[np.argsort(-row[top])] if n not in (0, label)][:ALTERNATIVES]
    runners_up = tuple(
        (trace.alphabet.text(int(n)), round(float(row[n]), 5)) for n in others if row[n] > 1e-4
    )
    return Character(trace.alphabet.text(label), round(float(row[label]), 5), runners_up)


# --- a number of known length ---------------------------------------------------------------------


def digits(trace: Trace, length: int) -> Probabilities | None:
    """Probability (length, 10) of each digit in each place, given that `length` digits are written.

    Every way of laying the digits along the steps counts (forward-backward over places × digits).
    None when the line is too short for that many.
    """
    blank, digit = _digit_emissions(trace)
    steps = len(blank)
    forward_digit = np.zeros((steps + 1, length, 10))
    forward_blank = np.zeros((steps + 1, length + 1))
    forward_blank[0, 0] = 1.0
    entering = np.zeros((steps, length, 10))
    totals = np.zeros(steps)
    for t in range(steps):
        into = _entering(forward_blank[t], forward_digit[t])
        entering[t] = into * digit[t]
        now = (forward_digit[t] + into) * digit[t]
        rest = forward_blank[t].copy()
        rest[1:] += forward_digit[t].sum(1)
        rest *= blank[t]
        totals[t] = now.sum() + rest.sum()
        forward_digit[t + 1], forward_blank[t + 1] = now / totals[t], rest / totals[t]
        entering[t] /= totals[t]
    places = np.zeros((length, 10))
    behind_digit = np.zeros((length, 10))
    behind_digit[-1] = 1.0
    behind_blank = np.zeros(length + 1)
    behind_blank[-1] = 1.0
    for t in range(steps - 1, -1, -1):
        places += entering[t] * behind_digit
        behind_digit, behind_blank = _backward(behind_digit, behind_blank, blank[t], digit[t])
        # Forwards and backwards by the same factor, so that all steps weigh alike.
        behind_digit, behind_blank = behind_digit / totals[t], behind_blank / totals[t]
    sums = places.sum(1, keepdims=True)
    return places / sums if (sums > 0).all() else None


def _digit_emissions(trace: Trace) -> tuple[Probabilities, Probabilities]:
    """Per step, the probability of 'nothing new' and of the ten digits, with what looks like them."""
    p, classes = trace.probabilities, trace.alphabet.classes
    columns = []
    for digit, lookalikes in LOOKALIKES.items():
        similar = [classes[c] for c in lookalikes if c in classes]
        columns.append(p[:, classes[digit]] + 0.5 * p[:, similar].sum(1))
    digits = np.stack(columns, 1).astype(np.float64) + _LEAST
    return p[:, 0].astype(np.float64) + _LEAST, digits


def _entering(blank: Probabilities, digit: Probabilities) -> Probabilities:
    """Mass that may begin place k with digit d: from the blank before it, or from another digit."""
    into = np.repeat(blank[:-1, None], 10, 1)
    into[1:] += digit[:-1].sum(1, keepdims=True) - digit[:-1]
    return into


def _backward(
    digit_behind: Probabilities, blank_behind: Probabilities, blank: float, digit: Probabilities
) -> tuple[Probabilities, Probabilities]:
    """What is still to come, one step earlier."""
    weighted = digit_behind * digit
    onwards = np.zeros_like(blank_behind)
    onwards[:-1] = weighted.sum(1)
    stay = blank_behind * blank
    digits_before = weighted + stay[1:, None]
    digits_before[:-1] += weighted[1:].sum(1, keepdims=True) - weighted[1:]
    return digits_before, stay + onwards


# --- words of a list ------------------------------------------------------------------------------


def likelihoods(trace: Trace, words: Sequence[str]) -> Probabilities:
    """Log probability that the line says each word, over all ways to lay it along the steps.

    Characters that the recogniser does not know have the probability 1e-12 in every step.
    """
    if not words:
        return np.zeros(0)
    labels, lengths = _labels(words, trace.alphabet)
    states = labels.shape[1]
    # With an extra column of impossible emissions for characters outside the alphabet.
    p = np.concatenate([trace.probabilities, np.zeros((len(trace.probabilities), 1), np.float32)], 1)
    used, inverse = np.unique(labels, return_inverse=True)
    emissions = p[:, used].astype(np.float64) + _LEAST
    skips = _may_skip(labels)
    alpha = np.zeros((len(words), states))
    alpha[:, 0] = 1.0
    score = np.zeros(len(words))
    inverse = inverse.reshape(labels.shape)
    for t, row in enumerate(emissions):
        # Before the first step only the first blank and the first character can be entered.
        moved = alpha.copy()
        moved[:, 1:] += alpha[:, :-1]
        if t > 0:
            moved[:, 2:] += alpha[:, :-2] * skips[:, 2:]
        alpha = moved * row[inverse]
        total = alpha.sum(1)
        score += np.log(np.maximum(total, 1e-300))
        alpha /= np.maximum(total, 1e-300)[:, None]
    rows = np.arange(len(words))
    ends = alpha[rows, 2 * lengths] + np.where(lengths > 0, alpha[rows, 2 * lengths - 1], 0.0)
    return score + np.log(np.maximum(ends, 1e-300))


def _labels(words: Sequence[str], alphabet: Alphabet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classes with blanks between (words, 2 × longest + 1), and the words' lengths."""
    unknown = len(alphabet.characters) + 1
    lengths = np.array([len(word) for word in words])
    labels = np.zeros((len(words), 2 * int(lengths.max(initial=0)) + 1), np.int64)
    for n, word in enumerate(words):
        labels[n, 1 : 2 * len(word) : 2] = [alphabet.classes.get(c, unknown) for c in word]
    return labels, lengths


def _may_skip(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the blank before a character may be left out: not between equal characters."""
    skips = np.zeros(labels.shape, bool)
    skips[:, 2:] = (labels[:, 2:] != 0) & (labels[:, 2:] != labels[:, :-2])
    return skips
