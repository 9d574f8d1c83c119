"""`python -m tests.benchmarks.comparing WAY URL`: one way to compare, in a process of its own.

Takes it for each line that it reads, and prints a JSON of the seconds it took, the records it found
to differ, and the most memory that its process held meanwhile.
"""

import gc
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import structlog
from sqlalchemy import make_url

from bridge.domain.reconcile import decide
from bridge.domain.records import RecordType
from bridge.store.candidates import candidates
from bridge.store.differing import differing, differing_ids
from bridge.store.engine import reading
from jobs.schedule import run_now
from tests.benchmarks.ledgers import COLUMNS, Ledger, open_ledger
from tests.benchmarks.measuring import BenchmarkFailed
from tests.benchmarks.servers import forget_peak_of, peak_megabytes_of

NEEDED = {"reladiff": "reladiff", "datacompy": "datacompy", "connectorx": "datacompy"}


class Quiet:
    """Progress that nobody watches."""

    def start(self, what: str, total: int | None) -> None:
        """Tells nobody."""

    def advance(self, steps: int) -> None:
        """Tells nobody."""


def why_not(way: str) -> str:
    """What is missing here for this way; empty where nothing is."""
    missing = [name for name, for_way in NEEDED.items() if for_way == way and not find_spec(name)]
    return f"pip install {' '.join(missing)}" if missing else ""


def compare(ledger: Ledger) -> int:
    """The bridge's: which records differ, as they stand in the database."""
    with reading(ledger.application.sessions) as session:
        return len(differing_ids(session, RecordType.INVOICE))


def compare_and_read(ledger: Ledger) -> int:
    """And all three versions of each of them."""
    with reading(ledger.application.sessions) as session:
        return sum(len(page) for page in differing(session, ledger.rules))


def compare_and_decide(ledger: Ledger) -> int:
    """And what has to happen to each of them."""
    found = 0
    with reading(ledger.application.sessions) as session:
        for page in candidates(session, ledger.rules):
            found += len([decide(one.versions, ledger.rules) for one in page])
    return found


def reconcile(ledger: Ledger) -> int:
    """The whole job: totals, compare, decisions, what comes of them written, all explained."""
    report = run_now(ledger.application.job_context(Quiet()), "reconcile-financials")
    if report.error or report.summary["unexplained"]:
        raise BenchmarkFailed(f"the job failed: {report}")
    found: int = report.summary["types"]["INVOICE"]["differing"]
    return found


def bare_join(ledger: Ledger) -> int:
    """The database alone: the keys of all that differs in the two plain tables."""
    engine = ledger.application.engine
    unlike = "IS NOT" if engine.dialect.name == "sqlite" else "IS DISTINCT FROM"
    differs = " OR ".join(f"erp.{name} {unlike} crm.{name}" for name in COLUMNS)
    query = (
        "SELECT coalesce(erp.id, crm.id) FROM erp_invoice AS erp"
        f" FULL OUTER JOIN crm_invoice AS crm ON erp.id = crm.id WHERE {differs}"
    )
    with engine.connect() as connection:
        return len(connection.exec_driver_sql(query).fetchall())


def reladiff(ledger: Ledger) -> int:
    """Reladiff's join of the two plain tables, as it comes, on PostgreSQL."""
    import reladiff  # noqa: PLC0415 - may be missing

    url = make_url(ledger.application.settings.database.url)
    address = {"driver": "postgresql", "dbname": url.database, "user": url.username}
    database = reladiff.connect({**address, **url.query})
    tables = [
        reladiff.connect_to_table(database, name, "id", extra_columns=COLUMNS)
        for name in ("erp_invoice", "crm_invoice")
    ]
    try:
        with reladiff.diff_tables(*tables, algorithm=reladiff.Algorithm.JOINDIFF) as found:
            return len({row[0] for _, row in found})
    finally:
        database.close()  # or its transaction keeps PostgreSQL from tidying up for the others


def datacompy(ledger: Ledger) -> int:
    """Datacompy's PolarsCompare of the two plain tables, which Polars reads."""
    import polars  # noqa: PLC0415 - may be missing
    from datacompy import PolarsCompare  # noqa: PLC0415

    uri = _connectorx_uri(ledger)
    erp, crm = (
        polars.read_database_uri(f"SELECT * FROM {name}", uri, engine="connectorx")
        for name in ("erp_invoice", "crm_invoice")
    )
    compared = PolarsCompare(erp, crm, join_columns=["id"])
    alone = len(compared.df1_unq_rows) + len(compared.df2_unq_rows)
    return len(compared.intersect_rows) - compared.count_matching_rows() + alone


def _connectorx_uri(ledger: Ledger) -> str:
    url = make_url(ledger.application.settings.database.url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite://{url.database}"
    host = str(url.query["host"]).replace("/", "%2F")
    return f"postgresql://{url.username}@{host}/{url.database}"


WAYS: dict[str, Callable[[Ledger], int]] = {
    way.__name__: way
    for way in (
        *(compare, compare_and_read, compare_and_decide, reconcile),
        *(bare_join, reladiff, datacompy),
    )
}


def main(way: str, url: str) -> None:
    """Takes one way, as often as it is told to."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    ledger = open_ledger(url)
    with reading(ledger.application.sessions) as session:
        session.connection()
    for _ in sys.stdin:
        print(json.dumps(take(ledger, WAYS[way])), flush=True)


def take(ledger: Ledger, way: Callable[[Ledger], int]) -> dict[str, Any]:
    """Takes a way once."""
    gc.collect()
    forget_peak_of(os.getpid())
    started = time.monotonic()
    found = way(ledger)
    seconds = time.monotonic() - started
    return {"seconds": seconds, "found": found, "megabytes": peak_megabytes_of(os.getpid())}


if __name__ == "__main__":
    main(*sys.argv[1:])
