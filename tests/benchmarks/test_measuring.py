"""Rows, and figures of ways that take turns."""

import io
import json

from rich.console import Console

from tests.benchmarks.measuring import Row, as_json, percentile, show_rows, take_turns


def shown(*rows: Row) -> str:
    """What is printed of these rows."""
    console = Console(file=io.StringIO(), width=160)
    show_rows(rows, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_ratio_says_how_many_times_as_good() -> None:
    """More is better of a rate, less of anything else; without a rival there is none."""
    assert Row(what="r", value=30.0, unit="calls/s", rival_value=10.0).ratio == 3
    assert Row(what="r", value=30.0, unit="ms", rival_value=10.0).ratio == 1 / 3
    assert Row(what="r", value=30.0, unit="ms").ratio is None


def test_an_aim_is_missed_by_a_lower_ratio() -> None:
    """And only by that."""
    row = {"what": "r", "value": 30.0, "unit": "/s", "rival_value": 10.0}
    assert Row(**row, aim=3.1).missed
    assert not Row(**row, aim=3).missed
    assert not Row(**row).missed


def test_ways_take_turns() -> None:
    """Each round asks all of them once; of each the least figure counts."""
    asked = []

    def way(name: str, figures: list[float]) -> float:
        asked.append(name)
        return figures.pop(0)

    first, second = [3.0, 1.0, 2.0], [5.0, 6.0, 4.0]
    ways = [lambda: way("a", first), lambda: way("b", second)]
    assert take_turns(ways, rounds=3) == [1.0, 4.0]
    assert asked == ["a", "b"] * 3


def test_percentiles_of_few_and_of_no_values() -> None:
    """The highest of few; 0 of none."""
    assert percentile(range(100), 50) == 50
    assert percentile(range(100), 99) == 99
    assert percentile([1.0, 2.0], 99) == 2.0
    assert percentile([], 50) == 0


def test_the_table_tells_both_sides() -> None:
    """Figures with their unit, the ratio, the details of each side, and why a row is left out."""
    row = Row(what="speed", value=1234.5, unit="/s", rival="it", rival_value=500.0, aim=2)
    text = shown(row, Row(what="absent", remark="no Java [here]"))
    for part in ("speed", "1,234 /s", "500 /s", "2.5 ×", "absent", "left out", "no Java [here]"):
        assert part in text
    assert json.loads(as_json([row]))[0]["ratio"] == 1234.5 / 500
