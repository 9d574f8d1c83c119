"""Validation of bodies against the contract's schema, by libxml2."""

import threading
from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.etree import QName, _Element, _LogEntry

from bridge.soap.elements import NAMESPACE
from bridge.soap.violations import ContractViolated, Violation, path_of
from bridge.soap.wsdl import contract_schema_source

MAX_VIOLATIONS = 20
"""How many a fault lists; one mistake in a program makes thousands."""


def validate(body: _Element) -> None:
    """Checks the element of a body, whole. Raises ContractViolated."""
    schema = _schema()
    if not schema.validate(body):
        violations = list(_violations(body, schema))
        if len(violations) == MAX_VIOLATIONS:
            del _of_thread.schema  # and with it the findings, of which there may be 100,000
        raise ContractViolated(violations)


def _schema() -> etree.XMLSchema:
    schema: etree.XMLSchema | None = getattr(_of_thread, "schema", None)
    if schema is None:
        schema = _of_thread.schema = etree.XMLSchema(etree.fromstring(contract_schema_source()))
    return schema


_of_thread = threading.local()  # lxml keeps a validator's findings on the validator


def _violations(body: _Element, schema: etree.XMLSchema) -> Iterator[Violation]:
    seen: set[tuple[int, str | None]] = set()
    entries: Iterable[_LogEntry] = schema.error_log  # type: ignore[assignment]
    for entry in entries:
        # libxml2 first names the broken facet, then repeats that the value is not of its type.
        if (entry.line, entry.path) not in seen:
            seen.add((entry.line, entry.path))
            yield Violation(entry.line, _path(body, entry), _message(entry))
        if len(seen) == MAX_VIOLATIONS:
            return


def _path(body: _Element, entry: _LogEntry) -> str:
    """libxml2 writes steps as `*[3]` or `prefix:Name[3]`, from the body's element on."""
    element = body
    for step in str(entry.path or "").split("/")[2:]:
        name, _, position = step.rstrip("]").partition("[")
        named = [child for child in element if name in ("*", _prefixed_name(child))]
        if not named:
            break
        element = named[int(position or 1) - 1]
    return path_of(element)


def _prefixed_name(element: _Element) -> str:
    local = QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _message(entry: _LogEntry) -> str:
    message = str(entry.message).replace(f"{{{NAMESPACE}}}", "")
    return message if len(message) <= 300 else message[:300] + "…"
