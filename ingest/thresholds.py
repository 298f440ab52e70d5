"""Every threshold of reading, each with its unit and its reason. Two sections: finding, reading."""

# --- finding the page ----------------------------------------------------------------------------

PATCH_OVERSAMPLING = 1.6
"""Scan px per patch px above which a shrunk copy of the scan is sampled instead: linear sampling
skips pixels beyond 2, and 1-bit scans turn to noise well before."""

ALIGN_RADIUS_MM = 1.5
"""How far a field is searched around its registered place: below half of the narrowest row pitch
(5.8 mm), or the search locks onto the next row (EVIDENCE, Finding the page)."""

ALIGN_MARGIN_MM = 3.0
"""Print around a field that is matched with it: the labels beside and the rows above and below."""

ALIGN_LEAST_GAIN = 0.02
"""Gain in correlation below which a field stays where the registration put it: noise and pen
strokes move the maximum by about as much."""
