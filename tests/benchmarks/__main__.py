"""`python -m tests.benchmarks [NAME...]`: the table. Exit code 1 where one failed."""

import signal
import sys
import time
from collections.abc import Callable, Iterator

import click
from rich.console import Console

from bridge import BridgeError
from tests.benchmarks import (
    bench_accept,
    bench_calls,
    bench_codec,
    bench_compare,
    bench_feed,
    bench_grid,
    bench_http,
    bench_matching,
    bench_memory,
    bench_pages,
    bench_sandbox,
    bench_scale,
    bench_settling,
    bench_snapshots,
)
from tests.benchmarks.measuring import BenchmarkFailed, Row, as_json, show_rows

Benchmark = Callable[[], Iterator[Row]]

BENCHMARKS: dict[str, Benchmark] = {
    "codec": bench_codec.measure,
    "pages": bench_pages.measure,
    "http": bench_http.measure,
    "accept": bench_accept.measure,
    "calls": bench_calls.measure,
    "grid": bench_grid.measure,
    "memory": bench_memory.measure,
    "feed": bench_feed.measure,
    "matching": bench_matching.measure,
    "settling": bench_settling.measure,
}
SLOW: dict[str, Callable[[int], Iterator[Row]]] = {
    "sandbox": bench_sandbox.measure,
    "scale": bench_scale.measure,
    "snapshots": bench_snapshots.measure,
    "compare": bench_compare.measure,
}
"""Benchmarks of a size, where they are named."""
SIZES: dict[str, tuple[int, ...]] = {"compare": (1_000_000,)}
_OTHER_SIZES = (10_000, 100_000)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(sorted({*BENCHMARKS, *SLOW})))
@click.option("--json", "as_text", is_flag=True, help="For programs.")
@click.option(
    "--size",
    "sizes",
    type=click.IntRange(min=1),
    multiple=True,
    help=f"Records of {', '.join(SLOW)}; may be repeated. [10,000 and 100,000; compare: 1,000,000]",
)
def main(names: tuple[str, ...], as_text: bool, sizes: tuple[int, ...]) -> None:
    """Measure these, or all but the slow ones, and print one table."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and take all servers along
    told = Console(stderr=True, highlight=False)
    rows: list[Row] = []
    failures: list[str] = []
    for name in names or BENCHMARKS:
        started = time.monotonic()
        try:
            rows += _rows_of(name, sizes)
        except (BenchmarkFailed, BridgeError) as error:
            failures.append(f"{name} failed: {error}")
        told.print(f"{name}: {time.monotonic() - started:.0f} s")
    if as_text:
        print(as_json(rows))
    else:
        show_rows(rows, Console(width=None if sys.stdout.isatty() else 160))
    for failure in failures:
        told.print(failure, soft_wrap=True, markup=False)
    sys.exit(bool(failures))


def _rows_of(name: str, sizes: tuple[int, ...]) -> Iterator[Row]:
    if name in SLOW:
        for size in sizes or SIZES.get(name, _OTHER_SIZES):
            yield from SLOW[name](size)
    else:
        yield from BENCHMARKS[name]()


if __name__ == "__main__":
    main()
