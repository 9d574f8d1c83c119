"""Fault rules as TOML: a ``seed``, and a table ``[[fault]]`` for each rule."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.faults.rules import DEFAULTS, NEEDED, FaultRule, Kind
from bridge.sandbox.toml import build, parse_toml

LONGEST_SECONDS = 600


@dataclass(frozen=True)
class FaultRules:
    """What shall go wrong. The same seed makes the same calls fail."""

    seed: int
    rules: tuple[FaultRule, ...]


NO_FAULTS = FaultRules(0, ())


def read_fault_rules(text: str, where: str, *, operations: Collection[str]) -> FaultRules:
    """Read rules about ``operations``. Raises SandboxError that names what is wrong."""
    content = parse_toml(text, where)
    unknown = sorted(set(content) - {"seed", "fault"})
    if unknown:
        raise SandboxError(f"{where}: unknown key {unknown[0]!r}; known are seed and [[fault]]")
    seed, tables = content.get("seed", 0), content.get("fault", [])
    if not isinstance(seed, int):
        raise SandboxError(f"{where}: seed must be a whole number")
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise SandboxError(f"{where}: faults are tables [[fault]]")
    rules = [
        _rule(table, f"{where}: fault {number}", operations)
        for number, table in enumerate(tables, start=1)
    ]
    return FaultRules(seed, tuple(rules))


def _rule(table: Mapping[str, object], where: str, operations: Collection[str]) -> FaultRule:
    try:
        kind = Kind(str(table.get("kind", "")))
    except ValueError as error:
        raise SandboxError(f"{where}: kind must be one of {', '.join(Kind)}") from error
    facts: dict[str, object] = {**DEFAULTS.get(kind, {}), **table, "kind": kind}
    facts["calls"] = _list(facts.get("calls", []), f"{where}: calls")
    named = _list(facts.get("operations", []), f"{where}: operations")
    facts["operations"] = tuple(str(name) for name in named)
    rule = build(FaultRule, facts, where)
    needed = NEEDED.get(kind)
    if needed and not getattr(rule, needed):
        raise SandboxError(f"{where}: a fault of kind {kind} needs {needed}")
    _check(rule, where, operations)
    return rule


def _check(rule: FaultRule, where: str, operations: Collection[str]) -> None:
    if not (isinstance(rule.share, int | float) and 0 <= rule.share <= 1):
        raise SandboxError(f"{where}: share must lie between 0 and 1")
    if not (isinstance(rule.seconds, int | float) and 0 <= rule.seconds <= LONGEST_SECONDS):
        raise SandboxError(f"{where}: seconds must lie between 0 and {LONGEST_SECONDS}")
    if rule.status and not (isinstance(rule.status, int) and 400 <= rule.status <= 599):
        raise SandboxError(f"{where}: status must lie between 400 and 599")
    if not all(isinstance(number, int) and number > 0 for number in rule.calls):
        raise SandboxError(f"{where}: calls are whole numbers from 1")
    unknown = sorted(set(rule.operations) - set(operations))
    if unknown:
        known = ", ".join(sorted(operations))
        raise SandboxError(f"{where}: unknown operation {unknown[0]!r}; known are {known}")


def _list(value: object, where: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise SandboxError(f"{where} must be a list")
    return tuple(value)
