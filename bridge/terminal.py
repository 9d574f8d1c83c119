"""What people see on a terminal: progress, tables, reports of runs.

What stands in records is anybody's: it is shown, and never obeyed (bridge.wording.printable).
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from bridge.wording import in_utc, printable
from jobs.context import RunReport

_LINE_EVERY = 10_000
_WIDTH_ELSEWHERE = 160


class Terminal:
    """Standard output for results, standard error for progress (jobs.context.Progress)."""

    def __init__(self) -> None:
        # Rich takes what is no terminal for 80 columns wide, and would cut tables to fit.
        width = None if sys.stdout.isatty() else _WIDTH_ELSEWHERE
        self.out = Console(highlight=False, soft_wrap=True, width=width)
        self._err = Console(stderr=True, highlight=False)
        self._bars: RichProgress | None = None
        self._task: TaskID | None = None
        self._what, self._steps, self._said = "", 0, 0

    def start(self, what: str, total: int | None) -> None:
        """A stretch of work begins: a bar on a terminal, a line elsewhere."""
        self._what, self._steps, self._said = what, 0, 0
        if not self._err.is_terminal:
            self._err.print(f"{what} …")
            return
        if self._bars is None:
            self._bars = RichProgress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._err,
            )
            self._bars.start()
        self._task = self._bars.add_task(what, total=total)

    def advance(self, steps: int) -> None:
        """So many steps are done."""
        self._steps += steps
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, steps)
        elif self._steps - self._said >= _LINE_EVERY:
            self._said = self._steps
            self._err.print(f"{self._what}: {self._steps:,}")

    def close(self) -> None:
        """Leaves the bars as they are."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def say(self, line: str) -> None:
        """One line, as it is."""
        self._print(line)

    def json(self, value: Any) -> None:
        """One JSON document."""
        document = json.dumps(value, indent=2, default=str, ensure_ascii=False)
        print(printable(document, keep="\n"))

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        limit: int | None = None,
    ) -> None:
        """A table; columns whose name begins with '#' hold numbers.

        With a limit, of more rows only the first are shown, and how many were left out.
        """
        table = Table(title=title, title_justify="left", header_style="bold")
        for column in columns:
            number = column.startswith("#")
            justify: Literal["left", "right"] = "right" if number else "left"
            table.add_column(column.lstrip("#"), justify=justify, overflow="fold")
        left = iter(rows)
        for row in islice(left, limit):
            table.add_row(*(Text(_cell(cell)) for cell in row))
        self.out.print(table)
        if more := sum(1 for _ in left):
            self.say(f"{more:,} more are not shown: see --limit")

    def run(self, report: RunReport) -> None:
        """How a run ended, in words."""
        colour = "green" if report.error is None else "red"
        number = "dry run, nothing was written" if report.run_id is None else f"run {report.run_id}"
        self.out.print(
            f"[bold]{report.job}[/bold] ({number}): [{colour}]{report.status}[/{colour}]"
            f" in {report.seconds:.1f} s"
        )
        if report.error:
            self._print(report.error, style="red")
        for line in _lines(report.summary):
            bad = line.startswith("unexplained")
            self._print(f"  {line}", style="red" if bad else None)

    def _print(self, line: str, style: str | None = None) -> None:
        self.out.print(printable(line), markup=False, style=style)


def report_as_json(report: RunReport) -> dict[str, Any]:
    """A run's report as JSON knows it."""
    return {**asdict(report), "status": str(report.status)}


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return in_utc(value)
    return "" if value is None else printable(str(value))


def _lines(summary: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for name, value in summary.items():
        label = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            if value and not any(isinstance(part, Mapping) for part in value.values()):
                parts = ", ".join(f"{key} {part}" for key, part in value.items())
                yield f"{label}: {parts}".replace("_", " ")
            else:
                yield from _lines(value, f"{label} ")
        elif isinstance(value, list):
            for part in value:
                yield f"{label}: {_inline(part)}"
        elif value not in (None, "", {}):
            yield f"{label}: {value}"


def _inline(value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return ", ".join(
        f"{name.replace('_', ' ')} [{_inline(part)}]"
        if isinstance(part, Mapping)
        else f"{name.replace('_', ' ')} {part}"
        for name, part in value.items()
    )
