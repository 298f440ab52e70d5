"""Against enumeration of every way to lay characters along a few steps."""

from itertools import groupby, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import ctc

ALPHABET = ctc.Alphabet((*"0123456789", "张", "三"))
CLASSES = len(ALPHABET.characters) + 1
_seeds = st.integers(0, 10_000)


def _trace(seed: int, steps: int, used: tuple[int, ...]) -> ctc.Trace:
    """Random probabilities over the blank and the classes `used`."""
    rng = np.random.default_rng(seed)
    p = np.zeros((steps, CLASSES), np.float32)
    p[:, (0, *used)] = rng.dirichlet(np.full(len(used) + 1, 0.6), steps)
    return ctc.Trace(p, ALPHABET)


def _ways(trace: ctc.Trace, used: tuple[int, ...]) -> dict[str, float]:
    """Text → probability, by laying every class at every step."""
    found: dict[str, float] = {}
    for path in product((0, *used), repeat=len(trace.probabilities)):
        text = "".join(ALPHABET.text(label) for label, _ in groupby(path) if label)
        p = float(np.prod([row[label] for row, label in zip(trace.probabilities, path, strict=True)]))
        found[text] = found.get(text, 0.0) + p
    return found


@settings(max_examples=25, deadline=None)
@given(_seeds)
def test_likelihood_of_words_sums_over_all_ways_to_write_them(seed):
    used = (ALPHABET.classes["张"], ALPHABET.classes["三"])
    trace = _trace(seed, 5, used)
    ways = _ways(trace, used)
    words = ["张", "三", "张三", "三张", "张张", "张三张"]
    found = np.exp(ctc.likelihoods(trace, words))
    assert np.allclose(found, [ways[word] for word in words], rtol=1e-4, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(_seeds)
def test_digits_of_known_length_are_those_of_all_strings_of_that_length(seed):
    used = tuple(ALPHABET.classes[digit] for digit in "137")
    trace = _trace(seed, 5, used)
    ways = {text: p for text, p in _ways(trace, used).items() if len(text) == 2}
    found = ctc.digits(trace, 2)
    assert found is not None
    for place in range(2):
        for digit in "137":
            wanted = sum(p for text, p in ways.items() if text[place] == digit) / sum(ways.values())
            assert abs(found[place, int(digit)] - wanted) < 1e-3


def test_a_line_too_short_for_its_digits_says_nothing():
    assert ctc.digits(_trace(1, 2, (1, 2)), 3) is None


def test_peaks_leave_out_blanks_and_repeats_and_name_the_runners_up():
    p = np.full((6, CLASSES), 1e-5, np.float32)
    for step, (label, score) in enumerate([(0, 0.9), (11, 0.8), (11, 0.95), (0, 0.99), (11, 0.7), (12, 0.6)]):
        p[step, label] = score
    p[2, 12] = 0.04
    p[:, 0] += 1 - p.sum(1)
    found = ctc.peaks(ctc.Trace(p, ALPHABET))
    assert [peak.character.text for peak in found] == ["张", "张", "三"]
    assert abs(found[0].character.score - p[2, 11]) < 1e-4
    assert found[0].character.alternatives[0][0] == "三"
    assert (found[0].start, found[0].end) == (1, 3)


def test_words_with_characters_that_nobody_knows_are_all_but_impossible():
    trace = _trace(3, 5, (11, 12))
    unknown, known = ctc.likelihoods(trace, ["𠮷三", "张三"])
    assert unknown < known - 10
