"""Engines that read one line of text, behind one protocol.

More of them can be installed: an entry point of the group `zoufang.engines` names a function without
arguments that returns an `Engine`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
import onnxruntime as _onnxruntime
import pytesseract as _pytesseract
from numpy.typing import NDArray

from forms.errors import ClerkError
from ingest import thresholds
from ingest.ctc import Alphabet, Trace, peaks
from ingest.model import Character, Image

GROUP = "zoufang.engines"
onnxruntime: Any = _onnxruntime
pytesseract: Any = _pytesseract
"""Neither says what types it has."""


class EngineError(ClerkError):
    """An engine that is missing or failed; the message is for the clerk."""


class Engine(Protocol):
    """Reads a picture of one line: grey, dark on light, no more around it than a margin."""

    @property
    def name(self) -> str:
        """With its version: it is stored with each reading."""

    def read(self, line: Image) -> tuple[Character, ...]:
        """Raises EngineError."""


@runtime_checkable
class TracingEngine(Engine, Protocol):
    """An engine that also gives the probability of every character along the line."""

    def trace(self, line: Image) -> Trace:
        """Raises EngineError."""


class PaddleEngine:
    """PP-OCRv6-small, whose model ships inside the `rapidocr` wheel; only that file is used of it.

    The model takes N×3×48×W and gives softmaxed N×T×classes; the characters stand in its metadata.
    """

    HEIGHT = 48
    LEAST_WIDTH = 64

    def __init__(self) -> None:
        model = _bundled_model("PP-OCRv6_rec_small.onnx")
        self._session = session(model)
        characters = self._session.get_modelmeta().custom_metadata_map["character"]
        self._alphabet = Alphabet((*characters.split("\n"), " "))
        self._usual = np.array([1.0, *map(_usualness, self._alphabet.characters)], np.float32)
        self._name = f"ppocr-v6-small {version('rapidocr')}"

    @property
    def name(self) -> str:
        return self._name

    def read(self, line: Image) -> tuple[Character, ...]:
        return tuple(peak.character for peak in peaks(self.trace(line)))

    def trace(self, line: Image) -> Trace:
        try:
            (output,) = self._session.run(None, {self._session.get_inputs()[0].name: self._input(line)})
        except Exception as error:
            raise EngineError(f"文字识别引擎 {self.name} 出错：{error}") from error
        likely = output[0]
        likely *= self._usual
        return Trace(likely, self._alphabet)

    def _input(self, line: Image) -> NDArray[np.float32]:
        """Scaled to the model's height, in -1..1; narrow lines are padded with the model's zero."""
        width = max(1, round(line.shape[1] * self.HEIGHT / line.shape[0]))
        picture = cv2.resize(line, (width, self.HEIGHT))
        grey = picture.astype(np.float32) / 127.5 - 1.0
        padded = np.zeros((self.HEIGHT, max(width, self.LEAST_WIDTH)), np.float32)
        padded[:, :width] = grey
        return np.ascontiguousarray(np.broadcast_to(padded, (1, 3, *padded.shape)))


class TesseractEngine:
    """Tesseract's Simplified Chinese, one process per line: for print, and for comparison."""

    def __init__(self, language: str = "chi_sim") -> None:
        self._language = language

    @property
    def name(self) -> str:
        return f"tesseract-{self._language} {_tesseract_version()}"

    def read(self, line: Image) -> tuple[Character, ...]:
        margin = cv2.copyMakeBorder(line, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=(255.0,))
        try:
            found = pytesseract.image_to_data(
                margin, lang=self._language, config="--psm 7", output_type=pytesseract.Output.DICT
            )
        except (pytesseract.TesseractError, OSError) as error:
            raise EngineError(f"Tesseract 出错（需安装 tesseract-ocr-chi-sim）：{error}") from error
        words = zip(found["text"], found["conf"], strict=True)
        return tuple(Character(c, max(float(p), 0.0) / 100) for word, p in words for c in word.strip())


@cache
def _tesseract_version() -> str:
    try:
        return str(pytesseract.get_tesseract_version())
    except pytesseract.TesseractNotFoundError as error:
        raise EngineError("没有找到 Tesseract，请安装 tesseract-ocr 和 tesseract-ocr-chi-sim") from error


OURS: Mapping[str, Callable[[], Engine]] = MappingProxyType(
    {"ppocr": PaddleEngine, "tesseract": TesseractEngine}
)


@cache
def engine(name: str = "ppocr") -> Engine:
    """One of ours, or the one that an installed package registers under `name`; one of each per process.

    Raises EngineError when there is none.
    """
    if name in OURS:
        return OURS[name]()
    for entry in entry_points(group=GROUP, name=name):
        make: Callable[[], Engine] = entry.load()
        return make()
    raise EngineError(f"没有名为 {name} 的识别引擎；已安装：{'、'.join(sorted(installed()))}")


def installed() -> set[str]:
    return {*OURS, *(entry.name for entry in entry_points(group=GROUP))}


def session(model: Path) -> Any:
    """A model on one thread: pages are what runs in parallel (EVIDENCE, OCR engines)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _usualness(character: str) -> float:
    """How readily a character is believed: GB 2312 has all that is usual on the mainland, so that what is
    left are traditional forms, kana and rare characters."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return thresholds.UNUSUAL_CHARACTER
    return 1.0


def _bundled_model(name: str) -> Path:
    package = importlib.util.find_spec("rapidocr")
    if package is None or package.origin is None:
        raise EngineError("没有安装 rapidocr，其中带有文字识别模型")
    model = Path(package.origin).parent / "models" / name
    if not model.is_file():
        raise EngineError(f"rapidocr 中没有模型 {name}，请安装 3.10.0 版")
    return model
