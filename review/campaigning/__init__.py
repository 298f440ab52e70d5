"""The campaign's own pages: what visits came to, and the work of the activity office (活动办).

    coverage   进度: who was visited, who was not, plan against fact
    opinions   问题与建议: from the form to the reply      weeks     the week's lists and slips
    ledgers    台账, 民情民意库, the talk register           reports   reports and data out
    rosters    名册 and who visits whom
    scans      what came back, into a batch               packets   what goes out
    underway   long work as it runs                       papers    what was written, for download

Each is thin: what is true is for `campaign` to say, long work for `workspace` to do. Who may open what is
in `review.access`, which part of the town they see in `parts`.
"""

from review.campaigning import (
    coverage,
    ledgers,
    opinions,
    packets,
    papers,
    reports,
    rosters,
    scans,
    underway,
    weeks,
)

PARTS = (coverage, weeks, opinions, ledgers, reports, rosters, packets, scans, underway, papers)
"""The modules, each with its `router`."""
