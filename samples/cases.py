"""A fixed table of damaged pages, for measuring a reader: each case a name, a recipe, and nothing random
but the places of stains, which follow from the seed that it is scanned with."""

from __future__ import annotations

from samples.scanner import Recipe


def _grey(*steps: tuple[str, float], dpi: int = 200, quality: int = 80) -> Recipe:
    return Recipe(dpi, "grey", steps, quality)


def _colour(*steps: tuple[str, float], dpi: int = 200, quality: int = 80) -> Recipe:
    return Recipe(dpi, "colour", steps, quality)


_FED = (("skew", 0.15), ("stretch", 0.1), ("shift", 0.3), ("noise", 0.2))

CASES: dict[str, Recipe] = {
    "clean 150 dpi": _grey(dpi=150),
    "clean 200 dpi": _grey(),
    "clean 300 dpi": _grey(dpi=300),
    "clean 600 dpi": _grey(dpi=600),
    "clean colour": _colour(),
    "clean fax": Recipe(200, "black", ()),
    "feeder 150 dpi": _grey(*_FED, dpi=150),
    "feeder 200 dpi": _grey(*_FED),
    "feeder 300 dpi": _grey(*_FED, dpi=300),
    "upside down": _grey(("quarter_turns", 0.5), *_FED),
    "on its side": _grey(("quarter_turns", 1.0), *_FED),
    "skew 2 degrees": _grey(("skew", 0.4)),
    "skew 5 degrees": _grey(("skew", 1.0)),
    "stretched 3 %": _grey(("stretch", 1.0)),
    "duplex back, 2 mm off": _grey(("duplex_offset", 1.0)),
    "shifted 6 mm": _grey(("shift", 1.0)),
    "cut off at an edge": _grey(("cut_edge", 0.7)),
    "on a larger glass": _grey(("larger_glass", 0.8)),
    "feeder wobble": _grey(("feed_wobble", 0.5)),
    "strong feeder wobble": _grey(("feed_wobble", 1.0)),
    "blurred": _grey(("blur", 0.5)),
    "very blurred": _grey(("blur", 1.0)),
    "noisy": _grey(("noise", 0.7)),
    "JPEG quality 30": _grey(("jpeg", 0.8), quality=30),
    "JPEG quality 15": _grey(("jpeg", 1.0), quality=15),
    "too dark or too light": _grey(("tone", 1.0)),
    "photocopy": _grey(("photocopy", 0.5), *_FED),
    "copy of a copy": _grey(("photocopy", 1.0), *_FED),
    "fax of a copy": Recipe(200, "black", (("photocopy", 0.5), *_FED)),
    "dithered": Recipe(200, "black", (("moire", 1.0), *_FED)),
    "dot gain": _grey(("dot_gain", 1.0)),
    "toner low": _grey(("toner", 0.8)),
    "folded": _grey(("fold", 0.5), *_FED),
    "folded twice": _grey(("fold", 1.0), *_FED),
    "crumpled": _grey(("crumple", 0.8)),
    "punched": _grey(("punch_holes", 0.6), *_FED),
    "stapled": _grey(("staple", 1.0), *_FED),
    "corner torn off": _grey(("torn_corner", 0.7), *_FED),
    "large corner torn off": _grey(("torn_corner", 1.0), *_FED),
    "dog-eared": _grey(("dog_ear", 0.6), *_FED),
    "large dog-ear": _grey(("dog_ear", 1.0), *_FED),
    "coffee": _colour(("coffee", 0.8), *_FED),
    "coffee, grey scan": _grey(("coffee", 0.8), *_FED),
    "red seal": _colour(("seal", 0.7), *_FED),
    "red seal, grey scan": _grey(("seal", 0.7), *_FED),
    "dirty": _grey(("dirt", 1.0), *_FED),
    "the back shows through": _grey(("bleed_through", 1.0), *_FED),
    "streaks": _grey(("streak", 0.6), *_FED),
    "uneven light": _colour(("uneven_light", 0.8)),
    "shadow": _colour(("shadow", 0.8)),
    "glare": _colour(("glare", 0.8), ("background", 0.3)),
    "held by a finger": _colour(("finger", 0.8), ("background", 0.3), ("perspective", 0.3)),
    "perspective": _colour(("background", 0.4), ("perspective", 0.7)),
    "curled": _colour(("curl", 0.8), ("background", 0.4)),
    "lens": _colour(("lens", 1.0)),
    "moved phone": _colour(("background", 0.3), ("motion_blur", 0.3)),
    "phone on a desk": _colour(
        ("curl", 0.3), ("background", 0.5), ("perspective", 0.4), ("lens", 0.3), ("uneven_light", 0.4),
        ("shadow", 0.4), ("blur", 0.3), ("noise", 0.3),
    ),
    "phone, badly held": _colour(
        ("curl", 0.7), ("background", 0.8), ("perspective", 0.9), ("lens", 0.6), ("uneven_light", 0.8),
        ("shadow", 0.6), ("motion_blur", 0.2), ("noise", 0.6),
    ),
    "village copier": Recipe(
        200, "black",
        (("toner", 0.5), ("seal", 0.5), ("photocopy", 0.5), ("fold", 0.5), ("skew", 0.4), ("dirt", 0.5)),
    ),
}  # fmt: skip
