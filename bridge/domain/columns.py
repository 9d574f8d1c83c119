"""Columns: the values of one field in many records."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def map_distinct(make: Callable[[K], T], values: Sequence[K]) -> list[T]:
    """What is made of each value; of equal ones it is made once."""
    made = {value: make(value) for value in set(values)}
    return list(map(made.__getitem__, values))
