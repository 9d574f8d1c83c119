"""The planted payments."""

from tests.benchmarks.bench_settling import row


def test_what_is_sure_was_planted() -> None:
    """The row counts what was found; one that was not planted would be told."""
    one = row(customers=5, payments=15, invoices=45)
    assert 0 < one.details["UNIQUE"] <= 15
    assert (one.unit, one.what) == ("CPU s", "15 payments against 45 invoices, 5 customers'")
