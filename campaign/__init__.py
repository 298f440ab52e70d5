"""Who visits whom and what came of it: roster, assignment, print plan, records, coverage.

    roster    load_workbook → keep_roster          the office's workbook, checked as a whole
    assign    propose, and breaches.check          every subject one cadre; which rules are not kept
    printing  plan_print                           packets with serials and facts
    arrivals  keep_page                            a page that was read, into the database
    records   records                              the answers, derived from what was read and said
    coverage  Overview                             issued, returned, missing, quotas, who is left

Config is `config.Campaign`. Nothing here opens a file but the roster workbook.
"""

from campaign.arrivals import keep_page
from campaign.assign import propose
from campaign.breaches import Breach, check
from campaign.config import Acceptance, Campaign, ConfigError, Quotas, parse_campaign
from campaign.coverage import Line, Overview, Quota, Unvisited
from campaign.facts import Facts, facts_for
from campaign.judge import Answer, Status
from campaign.printing import Packet, PlannedCard, PlannedSheet, PrintPlan, plan_print
from campaign.records import Record, RecordStatus, record_name, records
from campaign.roster import Issue, Roster, RosterError, describe_changes, keep_roster, load_workbook
from campaign.standing import refresh
from campaign.template import write_template

__all__ = [
    "Acceptance",
    "Answer",
    "Breach",
    "Campaign",
    "ConfigError",
    "Facts",
    "Issue",
    "Line",
    "Overview",
    "Packet",
    "PlannedCard",
    "PlannedSheet",
    "PrintPlan",
    "Quota",
    "Quotas",
    "Record",
    "RecordStatus",
    "Roster",
    "RosterError",
    "Status",
    "Unvisited",
    "check",
    "describe_changes",
    "facts_for",
    "keep_page",
    "keep_roster",
    "load_workbook",
    "parse_campaign",
    "plan_print",
    "propose",
    "record_name",
    "records",
    "refresh",
    "write_template",
]
