"""The matrix as text."""

import io
import re

from rich.console import Console

from tests.interop.checks import CHECKS
from tests.interop.matrix import Column, show_matrix

FINE: dict[str, list[str]] = {check.title: [] for check in CHECKS}


def shown(*columns: Column) -> str:
    """What is printed of these columns."""
    console = Console(file=io.StringIO(), width=120)
    show_matrix(columns, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_failed_cell_is_shown_with_its_reason() -> None:
    """A check with a problem reads FAILED, fails its column, and its problem stands below."""
    bad = Column("gSOAP", "2.8", {**FINE, "Ping": ["ping.version is '[1]', not '2'"]})
    assert bad.failed
    text = shown(Column("zeep", "4.3", FINE), bad)
    assert "FAILED gSOAP, Ping: ping.version is '[1]', not '2'" in text
    assert len(re.findall(r"\bok\b", text)) == 2 * len(CHECKS) - 1


def test_a_cell_that_was_not_filled_is_never_ok() -> None:
    """A check without a verdict reads FAILED, or unfit where the toolchain is."""
    empty = Column("a", "1", {})
    assert empty.word(CHECKS[0]) == "FAILED"
    assert empty.failed
    unfit = Column("svcutil", "6.8", {}, unfit="cannot")
    assert not unfit.failed
    assert "unfit svcutil: cannot" in shown(unfit)
