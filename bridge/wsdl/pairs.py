"""Which component of the new description is which of the old one."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

_Component = TypeVar("_Component")


def pairs(
    old: Mapping[str, _Component], new: Mapping[str, _Component]
) -> Iterator[tuple[str, _Component, str, _Component]]:
    """Name and component on the old side and on the new: those of one name, and the last one left.

    A single component without a counterpart on each side was renamed: on the wire, services,
    bindings and ports have no names.
    """
    for name in old:
        if name in new:
            yield name, old[name], name, new[name]
    gone, come = only_in(old, new), only_in(new, old)
    if len(gone) == len(come) == 1:
        yield gone[0], old[gone[0]], come[0], new[come[0]]


def unpaired(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """The names that have no counterpart: removed ones, added ones."""
    gone, come = only_in(old, new), only_in(new, old)
    return ([], []) if len(gone) == len(come) == 1 else (gone, come)


def only_in(these: Mapping[str, object], others: Mapping[str, object]) -> list[str]:
    """The names that stand here alone."""
    return [name for name in these if name not in others]
