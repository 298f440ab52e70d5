"""What passes between the stages of reading a page. Frozen and picklable: workers return it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forms.model import Value
from ingest.confidence import Calibration
from layouts.identity import Key
from layouts.model import Layout

Image = NDArray[np.uint8]
"""Grey (H, W) or colour (H, W, 3) in RGB order; 0 is black."""


class PageState(StrEnum):
    """What a scanned page turned out to be. `duplicate` is for the parent to say, who knows the rest."""

    READ = "read"
    BLANK = "blank"
    UNKNOWN = "unknown"  # no sheet of ours was found on it
    FOREIGN = "foreign"  # a code that is not this workspace's
    UNREADABLE = "unreadable"  # a sheet of ours, identified or not, that could not be put straight


@dataclass(frozen=True)
class Problem:
    """Something wrong with a page. `kind` is stable and English, `message` is for the clerk."""

    kind: str
    message: str


@dataclass(frozen=True)
class PageImage:
    """One image of a scan file. `number` counts from 1; `dpi` as the file says, None when it does not."""

    number: int
    pixels: Image
    dpi: float | None = None


@dataclass(frozen=True)
class Registration:
    """Where the page lies in the scan.

    homography  3×3 row by row, page mm → scan px
    residual_mm largest distance left between a found point and its place, in mm; of paper that is bent,
                how far its points may be from where their neighbours have them
    found_from  what it rests on, e.g. `markers:4`, `markers:2+qr+anchors:31`
    bend        how the paper departs from flat (`ingest.bend.Bend.packed`), None when it does not
    """

    homography: tuple[float, ...]
    residual_mm: float
    found_from: str
    bend: str | None = None

    def matrix(self) -> NDArray[np.float64]:
        return np.array(self.homography).reshape(3, 3)


@dataclass(frozen=True)
class Character:
    """One read character with its probability and the runners-up."""

    text: str
    score: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class WordSeen:
    """One word against a word list: log probabilities of the words that explain it best, and of the
    text as it was read without the list."""

    text: str
    likelihood: float
    candidates: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class TextSeen:
    """What one engine read in a field; `words` where the field has a word list."""

    engine: str  # name and version, e.g. "ppocr-v6-small 3.10.0"
    text: str
    characters: tuple[Character, ...]
    words: tuple[WordSeen, ...] = ()


@dataclass(frozen=True)
class BoxSeen:
    """The ink of one checkbox or comb cell: `features` by name, see `ingest.marks` and `ingest.digits`; of a
    checkbox also `words_marked`, the probability that its option's words are marked."""

    option: str | None
    cell: int | None
    features: Mapping[str, float]


@dataclass(frozen=True)
class Measurement:
    """What was seen of one field, before anything is decided.

    ink          share of the field's area that is new ink, 0 to 1
    shift_mm     local correction that alignment against the blank page found
    residual_mm  how well the field lies on its place after it; large values forbid trust
    around       ink on the words beside the boxes, mm², looked for where no box is marked
    hidden       no paper is seen there: covered, torn off before a dark lid, beyond the scan
    struck_mm    length of the lines through it that strike out a block
    crossed_out  whether strokes far across the page seem to cross all of it out
    faint_mm2    how much faint strokes cover, which are not read, of a field without boxes and ink
    print_share  how much of its printed lines was found, of a field without boxes and ink; None: not known
    """

    field: str
    ink: float
    shift_mm: tuple[float, float] = (0.0, 0.0)
    residual_mm: float = 0.0
    boxes: tuple[BoxSeen, ...] = ()
    texts: tuple[TextSeen, ...] = ()
    around: float = 0.0
    hidden: bool = False
    struck_mm: float = 0.0
    print_share: float | None = None
    faint_mm2: float = 0.0
    crossed_out: bool = False


@dataclass(frozen=True)
class Reading:
    """The value decided from a measurement; `confidence` is the probability that it is right.

    A blank field has value None ([] for multiple, False for signature).
    `doubt` names what speaks against the value, in words for the clerk; empty when nothing does.
    `judgement` and `raw` are what the confidence was calibrated from (`ingest.confidence`).
    """

    field: str
    value: Value
    confidence: float
    alternatives: tuple[tuple[Value, float], ...] = ()
    engine: str = ""
    doubt: str = ""
    judgement: str = ""
    raw: float = 0.0

    def doubted(self, most: float, doubt: str) -> Reading:
        """The same with a confidence of no more than `most`, and with words of doubt unless it has some. The
        raw score is lowered, too: what rules say is not what scores are worth."""
        confidence, raw = min(self.confidence, most), min(self.raw, most)
        return replace(self, confidence=confidence, raw=raw, doubt=self.doubt or doubt)


@dataclass(frozen=True, eq=False)
class PrintedLayout:
    """A layout with its blank pages: grey images of what is printed on every such sheet, `BLANK_DPI`.

    Equal only to itself, so that what is worked out from it once per process can be kept by it.
    """

    layout: Layout
    blanks: tuple[Image, ...]


BLANK_DPI = 200.0


@dataclass(frozen=True)
class Shelf:
    """All that a reader may know of what was printed; the parent takes it from the database.

    sheets        serial → (layout digest, page)
    vocabularies  name of a word list (`Field.vocabulary`) → its words
    days          first and last day that a date on a form may sensibly name; None when unknown
    """

    key: Key
    layouts: Mapping[str, PrintedLayout]
    sheets: Mapping[str, tuple[str, int]]
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    days: tuple[date, date] | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class PageResult:
    """What reading one page gave. `turned` is the clockwise rotation that puts the scan upright."""

    state: PageState
    serial: str | None = None
    form: str | None = None
    page: int | None = None
    turned: int = 0
    registration: Registration | None = None
    measurements: tuple[Measurement, ...] = ()
    readings: tuple[Reading, ...] = ()
    problems: tuple[Problem, ...] = ()
