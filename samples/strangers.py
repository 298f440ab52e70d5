"""Pages that turn up in a stack and are none of ours: blank backs, separators, copies, other people's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from qrcode.main import QRCode

from samples import names, phrases
from samples.hands import Hand, Writer
from samples.pens import Paper
from samples.picture import Image, u8

A4 = (210.0, 297.0)


def blank_back(rng: Generator, dpi: float, colour: bool) -> Image:
    """The empty back of a sheet."""
    return _white(dpi, colour).pixels


def separator(rng: Generator, dpi: float, colour: bool) -> Image:
    """A sheet between two bundles with a village's name in large characters."""
    paper = _white(dpi, colour)
    writer = Writer(Hand.of("separator", int(rng.integers(100))), paper, rng)
    words = names.pick(names.VILLAGES, rng) + "村"
    writer.text(words, 40, 130, 150, 34)
    writer.text(f"共{int(rng.integers(20, 80))}户", 60, 175, 120, 20)
    return paper.pixels


def letter(rng: Generator, dpi: float, colour: bool) -> Image:
    """A page of handwriting: somebody's petition."""
    paper = _white(dpi, colour)
    writer = Writer(Hand.of("letter", int(rng.integers(100))), paper, rng)
    for n in range(int(rng.integers(8, 22))):
        sentence = names.pick(phrases.PROBLEMS[names.pick(tuple(phrases.PROBLEMS), rng)], rng)
        writer.text(sentence.format(n=3, place="村口"), 25 + 8 * (n == 0), 40 + 10.5 * n, 160, 6.5)
    return paper.pixels


def card_copy(rng: Generator, dpi: float, colour: bool) -> Image:
    """A photocopied card, both sides, with nobody's data: grey bars where the words would be."""
    paper = _white(dpi, colour)
    mm = paper.scale
    for top in (60.0, 150.0):
        x, y = (62 + float(rng.normal(0, 3))) * mm, (top + float(rng.normal(0, 3))) * mm
        corners = [(round(x), round(y)), (round(x + 85.6 * mm), round(y + 54 * mm))]
        cv2.rectangle(paper.pixels, corners[0], corners[1], (225,) * 3, -1)
        cv2.rectangle(paper.pixels, corners[0], corners[1], (120,) * 3, max(round(0.3 * mm), 1))
        for n in range(5):
            left, down = round(x + 8 * mm), round(y + (8 + 8 * n) * mm)
            length = round(float(rng.uniform(15, 42)) * mm)
            cv2.rectangle(paper.pixels, (left, down), (left + length, down + round(2.4 * mm)), (90,) * 3, -1)
    return paper.pixels


def other_form(rng: Generator, dpi: float, colour: bool) -> Image:
    """Another office's form: a table, and a QR code that is not ours."""
    paper = _white(dpi, colour)
    mm = paper.scale
    for n in range(16):
        y = round((60 + 12 * n) * mm)
        cv2.line(paper.pixels, (round(22 * mm), y), (round(188 * mm), y), (60,) * 3, 1)
    for x in (22.0, 60.0, 120.0, 188.0):
        cv2.line(
            paper.pixels, (round(x * mm), round(60 * mm)), (round(x * mm), round(240 * mm)), (60,) * 3, 1
        )
    code: QRCode[Any] = QRCode(border=0)
    code.add_data(f"https://example.org/f/{int(rng.integers(10**9))}")
    code.make(fit=True)
    modules = np.where(np.array(code.get_matrix()), 0, 255).astype(np.uint8)
    side = round(24 * mm)
    picture = u8(cv2.resize(modules, (side, side), interpolation=cv2.INTER_NEAREST))
    top, left = round(18 * mm), round(160 * mm)
    region = paper.pixels[top : top + side, left : left + side]
    region[...] = picture if region.ndim == 2 else picture[..., None]
    writer = Writer(Hand.of("other", int(rng.integers(100))), paper, rng)
    writer.text("土地承包登记", 60, 45, 90, 12)
    for n in range(6):
        writer.text(names.person(rng), 64, 70 + 12 * n, 50, 6)
    return paper.pixels


STRANGERS: Mapping[str, Callable[[Generator, float, bool], Image]] = MappingProxyType(
    {
        "blank": blank_back,
        "separator": separator,
        "letter": letter,
        "card copy": card_copy,
        "other form": other_form,
    }
)


def _white(dpi: float, colour: bool) -> Paper:
    height, width = round(A4[1] / 25.4 * dpi), round(A4[0] / 25.4 * dpi)
    shape = (height, width, 3) if colour else (height, width)
    return Paper(np.full(shape, 255, np.uint8), dpi / 25.4)
