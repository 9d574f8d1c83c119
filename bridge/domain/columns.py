"""Columns: the values of one field in many records."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
V = TypeVar("V")

MakeAll = Callable[[Mapping[str, Sequence[V]], int], Sequence[T]]
"""Makes something of each of so many records from their columns."""


def map_distinct(make: Callable[[K], T], values: Sequence[K]) -> list[T]:
    """What is made of each value; of equal ones it is made once."""
    made = {value: make(value) for value in set(values)}
    return list(map(made.__getitem__, values))


def map_columns(make: MakeAll[V, T], rows: Sequence[Mapping[str, V]]) -> list[T]:
    """What is made of each row; those with the same fields are made together, by columns."""
    shapes: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        shapes.setdefault(tuple(row), []).append(place)
    made: dict[int, T] = {}
    for names, places in shapes.items():
        some = [rows[place] for place in places]
        columns = {name: [row[name] for row in some] for name in names}
        made.update(zip(places, make(columns, len(some)), strict=True))
    return [made[place] for place in range(len(rows))]
