"""Flat files in, for ERPs that can only export: CSV rows become records and go in by SOAP.

A columns file (TOML) says how the file is written and which column holds which field. The file is
read twice, streaming: once to find the keys that stand in it more than once, once to send it.
What is wrong with a row is told with its line number and sinks no other row.

A feed is a consumer like any ERP: it speaks to the service through `bridge.consumer` and touches
no database. May import the consumer and the domain.
"""

from bridge.feed.columns import BadColumns, Columns, load_columns
from bridge.feed.feeding import FeedStopped, Progress, feed
from bridge.feed.report import FeedReport, Finding, Findings, render
from bridge.feed.source import UnusableFile

__all__ = [
    "BadColumns",
    "Columns",
    "FeedReport",
    "FeedStopped",
    "Finding",
    "Findings",
    "Progress",
    "UnusableFile",
    "feed",
    "load_columns",
    "render",
]
