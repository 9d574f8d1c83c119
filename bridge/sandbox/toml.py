"""TOML into dataclasses: what is unknown or missing is told with its place."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar

from bridge.sandbox.errors import SandboxError

_T = TypeVar("_T")


def parse_toml(text: str, where: str) -> dict[str, object]:
    """Raises SandboxError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SandboxError(f"{where}: no TOML: {error}") from error


def build(kind: type[_T], facts: Mapping[str, object], where: str) -> _T:
    """A dataclass of these facts. Raises SandboxError for an unknown or a missing key."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(facts) - known)
    if unknown:
        raise SandboxError(
            f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}"
        )
    try:
        return kind(**facts)
    except TypeError as error:
        raise SandboxError(f"{where}: {error}") from error
