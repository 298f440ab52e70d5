"""A town that does not exist, and what comes back from it on paper.

    town       the roster workbook: units, cadres, households, enterprises, …
    answers    what people say               phrases, names    their words
    filling    answers → ink on a page, and the truth of it
    hands      people with pens              glyphs, digits, pens    how they write
    scanner    how pages become pictures     damage, seals     what happens to them
    strangers  pages that are none of ours
    simulate   printed packets → scan files, truth.json and pages.json
    cases      a fixed table of damaged pages for benchmarks

Positions come from `layouts`; nothing here knows how `ingest` reads.
"""
