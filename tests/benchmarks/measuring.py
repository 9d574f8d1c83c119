"""Rows of the table, and figures of ways that take turns."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


class BenchmarkFailed(Exception):
    """What is to be measured does not do its work."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: what the bridge does, and what a rival does in the same run.

    Of a rate (its unit says what it is per) more is better, of anything else less. `aim` is the
    least ratio that is aimed at. A row without a value was left out, for the reason in `remark`.
    """

    what: str
    value: float | None = None
    unit: str = ""
    rival: str = ""
    rival_value: float | None = None
    aim: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    rival_details: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as good as the rival."""
        if self.value is None or self.rival_value is None:
            return None
        more_is_better = "/" in self.unit
        return self.value / self.rival_value if more_is_better else self.rival_value / self.value

    @property
    def missed(self) -> bool:
        """Whether the aim is not reached."""
        return self.aim is not None and self.ratio is not None and self.ratio < self.aim


def take_turns(ways: Sequence[Callable[[], float]], *, rounds: int) -> list[float]:
    """The least figure of each way; all ways are asked once in every round.

    The least is the one that the machine's other work disturbed least.
    """
    figures = [[way() for way in ways] for _ in range(rounds)]
    return [min(of_way) for of_way in zip(*figures, strict=True)]


def cpu_seconds_of(work: Callable[[], object]) -> Callable[[], float]:
    """A way: the CPU seconds that this process takes for the work."""

    def measure() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return measure


def percentile(sorted_values: Sequence[float], percent: float) -> float:
    """The value that so many of a hundred do not exceed; 0 of none."""
    if not sorted_values:
        return 0.0
    return sorted_values[min(int(len(sorted_values) * percent / 100), len(sorted_values) - 1)]


def as_json(rows: Sequence[Row]) -> str:
    """The rows for programs."""
    plain: list[dict[str, Any]] = [vars(row) | {"ratio": row.ratio} for row in rows]
    return json.dumps(plain, indent=2)


def show_rows(rows: Sequence[Row], console: Console) -> None:
    """Prints the rows for people."""
    table = Table()
    for title in ("what", "the bridge", "beside", "that one", "ratio", "aim"):
        table.add_column(title, justify="right" if title in ("ratio", "aim") else "left")
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)


def _cells(row: Row) -> tuple[str, ...]:
    if row.value is None:
        return (row.what, f"left out: {escape(row.remark)}", "", "", "", "")
    colour = "red" if row.missed else "green"
    return (
        "\n".join(filter(None, [row.what, escape(row.remark)])),
        _side(row.value, row.unit, row.details),
        row.rival,
        _side(row.rival_value, row.unit, row.rival_details),
        "" if row.ratio is None else f"[{colour}]{row.ratio:.1f} ×[/{colour}]",
        "" if row.aim is None else f"{row.aim:g} ×",
    )


def _side(value: float | None, unit: str, details: Mapping[str, float]) -> str:
    """The figure, and below it what else there is; no errors are not worth a word."""
    if value is None:
        return ""
    told = [f"{name} {_short(one)}" for name, one in details.items() if one or name != "errors"]
    return "\n".join(filter(None, [f"[bold]{_short(value)} {unit}[/bold]", ", ".join(told)]))


def _short(value: float) -> str:
    """About three digits, thousands apart."""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"
