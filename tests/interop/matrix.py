"""The matrix of check and toolchain, as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.interop.checks import CHECKS, Check

_ABREAST = 6
"""Toolchains in one table."""

_TOLD = 3
"""Problems of a cell; one mistake makes many."""


@dataclass(frozen=True)
class Column:
    """One toolchain's cells: the problems of each check, by its title; a check without a cell was
    not tried, because the toolchain is unfit."""

    title: str
    version: str
    cells: Mapping[str, Sequence[str]]
    unfit: str = ""

    @property
    def failed(self) -> bool:
        """Whether any cell failed."""
        return any(self.word(check) == "FAILED" for check in CHECKS)

    def word(self, check: Check) -> str:
        """The cell of a check."""
        if check.title not in self.cells:
            return "unfit" if self.unfit else "FAILED"
        return "FAILED" if self.cells[check.title] else "ok"


def show_matrix(columns: Sequence[Column], console: Console) -> None:
    """Prints the matrix, then why cells failed and why a toolchain is unfit."""
    for start in range(0, len(columns), _ABREAST):
        console.print(_table(columns[start : start + _ABREAST]))
    for column in columns:
        for title, problems in column.cells.items():
            more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
            for problem in [*problems[:_TOLD], *more]:
                line = f"FAILED {column.title}, {title}: {problem}"
                console.print(escape(line), soft_wrap=True)
        if column.unfit and not column.failed:
            console.print(f"unfit {column.title}: {escape(column.unfit)}", soft_wrap=True)


def _table(columns: Sequence[Column]) -> Table:
    table = Table("check", *(f"{one.title}\n{one.version}" for one in columns))
    for check in CHECKS:
        table.add_row(check.title, *(_coloured(one.word(check)) for one in columns))
    return table


def _coloured(word: str) -> str:
    colour = {"ok": "green", "FAILED": "bold red", "unfit": "yellow"}[word]
    return f"[{colour}]{word}[/{colour}]"
