"""What rules are, and what they find."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from lxml.etree import QName, _Element, _ProcessingInstruction

_Subject = TypeVar("_Subject")
Found = Iterator[tuple[_Element, str]]
"""The element that breaks a rule, and what is wrong with it."""


UNICODE = ("UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ASCII", "US-ASCII")
"""Encodings that the profile allows; ASCII is a part of UTF-8."""


@dataclass(frozen=True)
class Rule:
    """What is asked for, and what to do where it is not so."""

    name: str
    asks: str
    advice: str


@dataclass(frozen=True)
class Check(Generic[_Subject]):
    """A rule with what finds the places that break it."""

    rule: Rule
    find: Callable[[_Subject], Found]


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule. `element` is the way to it by kinds and names."""

    rule: Rule
    document: str
    line: int
    element: str
    detail: str


def rule(
    name: str, asks: str, advice: str
) -> Callable[[Callable[[_Subject], Found]], Check[_Subject]]:
    """Makes a check of a function that finds what breaks a rule."""
    return lambda find: Check(Rule(name, asks, advice), find)


def run_checks(
    checks: Iterable[Check[_Subject]], subject: _Subject, place_of: Callable[[_Element], str]
) -> Iterator[Finding]:
    """What the checks find, rule by rule, document by document, in the order of lines."""
    for check in sorted(checks, key=lambda one: by_name(one.rule)):
        found = [
            Finding(check.rule, place_of(node), _line(node), way_to(node), detail)
            for node, detail in check.find(subject)
        ]
        yield from sorted(found, key=lambda one: (one.document, one.line))


def by_name(one: Rule) -> tuple[str, int]:
    """An order in which T2 stands before T10."""
    return one.name[0], int(one.name[1:])


def way_to(node: _Element) -> str:
    """Where an element stands, for a person: `portType Orders / operation Submit / input`."""
    steps = [_step(node), *(_step(one) for one in node.iterancestors())]
    return " / ".join(step for step in reversed(steps) if step) or QName(node).localname


def encoding_of(root: _Element) -> str:
    """What a document is written in, in capitals."""
    return str(getattr(root.getroottree().docinfo, "encoding", "") or "UTF-8").upper()


_SILENT = ("definitions", "types", "schema", "sequence", "complexContent", "annotation")


def _step(node: _Element) -> str:
    if isinstance(node, _ProcessingInstruction):
        return f"instruction {node.target!s}"
    kind = QName(node).localname
    name = node.get("name") or node.get("ref") or ""
    if kind in _SILENT or (kind == "complexType" and not name):
        return ""
    return f"{kind} {name}".rstrip()


def _line(node: _Element) -> int:
    line: int | None = node.sourceline  # type: ignore[assignment]
    return line or 0
