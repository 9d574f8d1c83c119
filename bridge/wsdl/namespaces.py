"""A new version often is an old contract in a new namespace: seen through, it is told once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from bridge.wsdl.model import Description, local_name, namespace_of

_ENOUGH_IN_COMMON = 0.5
_Value = TypeVar("_Value")


def moved_namespaces(old: Description, new: Description) -> dict[str, str]:
    """Old namespaces that are gone, each with the new one that holds most of its names.

    At least half of the names must be in common, and no new namespace stands for two old ones.
    """
    names_before, names_now = _names(old), _names(new)
    gone = [namespace for namespace in names_before if namespace not in names_now]
    come = [namespace for namespace in names_now if namespace not in names_before]
    moved: dict[str, str] = {}
    for namespace in sorted(gone, key=lambda one: -len(names_before[one])):
        common = Counter({to: len(names_before[namespace] & names_now[to]) for to in come})
        for to, count in common.most_common(1):
            if count and count >= _ENOUGH_IN_COMMON * len(names_before[namespace]):
                moved[namespace] = to
                come.remove(to)
    return moved


def with_namespaces(description: Description, moved: Mapping[str, str]) -> Description:
    """The description as if it had been written in the new namespaces."""
    return _rewritten(description, {f"{{{old}}}": f"{{{new}}}" for old, new in moved.items()})


def _names(description: Description) -> dict[str, set[str]]:
    schema = description.schema
    found: dict[str, set[str]] = {}
    for names in (schema.types, schema.elements, description.messages, description.port_types):
        for name in names:
            found.setdefault(namespace_of(name), set()).add(local_name(name))
    return found


def _rewritten(value: _Value, prefixes: Mapping[str, str]) -> _Value:
    rewritten: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        namespace = value[: value.find("}") + 1] if value.startswith("{") else ""
        rewritten = prefixes.get(namespace, namespace) + value[len(namespace) :]
    elif isinstance(value, tuple):
        rewritten = tuple(_rewritten(one, prefixes) for one in value)
    elif isinstance(value, Mapping):
        rewritten = {
            _rewritten(key, prefixes): _rewritten(one, prefixes) for key, one in value.items()
        }
    elif is_dataclass(value) and not isinstance(value, type):
        rewritten = replace(
            value,
            **{one.name: _rewritten(getattr(value, one.name), prefixes) for one in fields(value)},
        )
    return rewritten  # type: ignore[no-any-return]
