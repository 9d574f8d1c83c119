"""Two ledgers compared in the store, beside the database's own join and beside other tools.

All look at the same records in turns, each time in a new process, at each share of differences. The
rivals get two plain tables (`ledgers`); the bridge has three versions of each record to compare.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.comparing import why_not
from tests.benchmarks.ledgers import fill, forget_runs, open_ledger, plant
from tests.benchmarks.measuring import BenchmarkFailed, Row, take_turns
from tests.benchmarks.servers import postgres

Way = Callable[[str], dict[str, Any]]
SHARES = {0: 0, 0.1: 1_000, 1: 100, 10: 10, 50: 2}
"""Percent of the records that differ -> one in so many."""
JOIN_AIM = 1 / 1.5
JOIN_AIM_UP_TO_PERCENT = 1
ROUNDS = 3
RIVALS = {"bare_join": "bare full outer join", "datacompy": "datacompy, loading included"}
POSTGRES_RIVALS = {**RIVALS, "reladiff": "reladiff"}


def measure(size: int) -> Iterator[Row]:
    """Rows for each database and share of differences, of so many invoices a side."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="erp-bridge-bench-"))
        yield from on_database("SQLite", f"sqlite:///{Path(folder) / 'bridge.db'}", size, RIVALS)
    with postgres() as url:
        yield from on_database("PostgreSQL", url, size, POSTGRES_RIVALS)


def on_database(name: str, url: str, size: int, rivals: Mapping[str, str]) -> Iterator[Row]:
    """All shares, each with the differences of those before and its own."""
    ledger = open_ledger(url)
    fill(ledger, size)
    differing: set[int] = set()
    for percent, one_in in SHARES.items():
        new = set(range(1, size, one_in) if one_in else ()) - differing
        plant(ledger, sorted(new))
        differing |= new
        what = f"{name}: {size:,} invoices a side, {percent:g} % differ: "
        take = partial(way, url=url, expected=len(differing))
        yield from beside_rivals(what, take, size, percent, rivals)
        for more in ("compare_and_decide", "reconcile"):
            taken = take(more)
            told = {"records/s": size / taken["seconds"], "greatest MB": taken["megabytes"]}
            yield Row(what=what + _WORDS[more], value=taken["seconds"], unit="s", details=told)
        forget_runs(ledger)
    ledger.application.close()


def beside_rivals(
    what: str,
    take: Callable[[str], dict[str, Any]],
    size: int,
    percent: float,
    rivals: Mapping[str, str],
) -> Iterator[Row]:
    """The compare beside each of them."""
    absent = {rival: reason for rival in rivals if (reason := why_not(rival))}
    ways = ["compare", *(rival for rival in rivals if rival not in absent)]
    taken: dict[str, list[dict[str, Any]]] = {one: [] for one in ways}

    def seconds_of(one: str) -> float:
        taken[one].append(take(one))
        return float(taken[one][-1]["seconds"])

    turns = take_turns([partial(seconds_of, one) for one in ways], rounds=ROUNDS)
    seconds = dict(zip(ways, turns, strict=True))
    memory = {one: max(some["megabytes"] for some in taken[one]) for one in ways}
    for rival, called in rivals.items():
        if rival in absent:
            yield Row(what=what + f"compare, beside {called}", remark=absent[rival])
            continue
        yield Row(
            what=what + "compare",
            value=seconds["compare"],
            unit="s",
            rival=called,
            rival_value=seconds[rival],
            aim=_aim(rival, percent),
            details={"records/s": size / seconds["compare"], "greatest MB": memory["compare"]},
            rival_details={"greatest MB": memory[rival]},
        )


def way(name: str, *, url: str, expected: int) -> dict[str, Any]:
    """Takes it in a new process. Raises BenchmarkFailed where it fails or finds something else."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.comparing", name, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkFailed(f"{name}: {done.stderr.strip()[-1000:]}")
    taken: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if taken["found"] != expected:
        raise BenchmarkFailed(f"{name} found {taken['found']} differences, not {expected}")
    return taken


def _aim(rival: str, percent: float) -> float | None:
    if rival != "bare_join":
        return 1
    return JOIN_AIM if percent <= JOIN_AIM_UP_TO_PERCENT else None


_WORDS = {
    "compare_and_decide": "compare and decide",
    "reconcile": "the whole job, totals and all that it writes",
}
