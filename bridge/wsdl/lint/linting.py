"""Runs the rules over a description, and tells what they find."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from bridge.wording import counted
from bridge.wsdl.documents import Documents, documents_at
from bridge.wsdl.lint import (
    bindings,
    imports,
    messages,
    references,
    schemas,
    structure,
    toolchains,
)
from bridge.wsdl.lint.envelopes import is_envelope, lint_envelope
from bridge.wsdl.lint.findings import Finding, run_checks
from bridge.wsdl.lint.subject import Subject
from bridge.wsdl.source import first_place, parse, read_place

CHECKS = (
    *imports.CHECKS,
    *structure.CHECKS,
    *references.CHECKS,
    *schemas.CHECKS,
    *messages.CHECKS,
    *bindings.CHECKS,
    *toolchains.CHECKS,
)
_SHOWN = 8
_LAST_LINE = 65_535
"""libxml2 counts no further for elements without text."""


class FindingAsJson(TypedDict):
    """One finding."""

    rule: str
    asks: str
    document: str
    line: int
    element: str
    detail: str
    advice: str


def lint_source(source: str, *, calls: bool = False) -> tuple[tuple[Finding, ...], list[str]]:
    """What a WSDL or an envelope at a path or URL breaks, and the imports that were left alone.

    With `calls`, the service of a WSDL from a URL is called too. Raises UnusableDescription.
    """
    content, place = read_place(first_place(source), may_redirect=True)
    if is_envelope(parse(content, place)):
        return lint_envelope(content, place), []
    documents = documents_at(content, place)
    findings = lint(documents)
    if calls:
        from bridge.wsdl.lint.service import lint_service  # noqa: PLC0415 - imports requests

        findings += lint_service(documents)
    return findings, documents.not_followed


def lint(documents: Documents) -> tuple[Finding, ...]:
    """What breaks the rules, rule by rule in the order of lines."""
    places = {
        one.root: str(one.place)
        for one in (documents.first, *documents.descriptions, *documents.imported)
    }
    return tuple(
        run_checks(CHECKS, Subject(documents), lambda node: places[node.getroottree().getroot()])
    )


def render_findings(
    findings: Sequence[Finding], not_followed: Sequence[str] = (), *, in_full: bool = False
) -> str:
    """The findings by rule; long lists are cut where it is not in full."""
    lines = [f"not followed: {one}" for one in not_followed]
    for rule in dict.fromkeys(one.rule for one in findings):
        of_rule = [one for one in findings if one.rule is rule]
        lines += [f"{rule.name} {rule.asks} ({len(of_rule)})", f"  do: {rule.advice}"]
        lines += _places(of_rule, in_full=in_full)
        lines.append("")
    rules = counted(len({one.rule.name for one in findings}), "rule")
    told = f"{counted(len(findings), 'finding')} of {rules}"
    lines.append(told if findings else "no findings")
    return "\n".join(lines)


def findings_as_json(findings: Iterable[Finding]) -> list[FindingAsJson]:
    """The findings as JSON knows them, each by itself."""
    return [
        {
            "rule": one.rule.name,
            "asks": one.rule.asks,
            "document": one.document,
            "line": one.line,
            "element": one.element,
            "detail": one.detail,
            "advice": one.rule.advice,
        }
        for one in findings
    ]


def _places(findings: Sequence[Finding], *, in_full: bool) -> Iterator[str]:
    shown = findings if in_full else findings[:_SHOWN]
    for one in shown:
        name = one.document.rpartition("/")[2] or one.document
        line = f"{one.line}+" if one.line == _LAST_LINE else str(one.line)
        yield f"  {name}:{line} {one.element}: {one.detail}"
    if len(shown) < len(findings):
        yield f"  … and {len(findings) - len(shown)} more (--all shows them)"
