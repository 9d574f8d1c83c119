"""Validation of bodies against the contract's schema, by libxml2."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from lxml import etree
from lxml.etree import QName, _Element, _LogEntry

from bridge.soap.elements import NAMESPACE
from bridge.soap.violations import ContractViolated, Violation, path_of, told_namespace
from bridge.soap.wsdl import contract_schema_source

MAX_VIOLATIONS = 20
"""How many a fault lists; one mistake in a program makes thousands."""


def validate(body: _Element) -> None:
    """Checks the element of a body, whole. Raises ContractViolated."""
    schema = _schema()
    if not schema.validate(body) and not (_trim_dates(body) and schema.validate(body)):
        violations = list(_violations(body, schema))
        if len(violations) == MAX_VIOLATIONS:
            del _of_thread.schema  # and with it the findings, of which there may be 100,000
        raise ContractViolated(violations)


def _schema() -> etree.XMLSchema:
    schema: etree.XMLSchema | None = getattr(_of_thread, "schema", None)
    if schema is None:
        with _compiling:
            schema = _of_thread.schema = etree.XMLSchema(etree.fromstring(contract_schema_source()))
    return schema


def _trim_dates(body: _Element) -> bool:
    """Takes blanks around dates away; whether there were any.

    XML Schema allows them (part 2, section 4.3.6), and libxml2 does not.
    """
    trimmed = False
    for element in body.iter(*_dates()):
        text = element.text or ""
        if text != text.strip(_BLANKS):
            element.text, trimmed = text.strip(_BLANKS), True
    return trimmed


_of_thread = threading.local()  # lxml keeps a validator's findings on the validator
# libxml2 makes its built-in types with the first schema of a process, and threads that compile one
# meanwhile find half of them.
_compiling = threading.Lock()


def _violations(body: _Element, schema: etree.XMLSchema) -> Iterator[Violation]:
    seen: set[tuple[int, str | None]] = set()
    entries: Iterable[_LogEntry] = schema.error_log  # type: ignore[assignment]
    for entry in entries:
        # libxml2 first names the broken facet, then repeats that the value is not of its type.
        if (entry.line, entry.path) not in seen:
            seen.add((entry.line, entry.path))
            element = _element_at(body, entry)
            yield Violation(entry.line, path_of(element), _message(element, entry))
        if len(seen) == MAX_VIOLATIONS:
            return


def _element_at(body: _Element, entry: _LogEntry) -> _Element:
    """libxml2 writes steps as `*[3]` or `prefix:Name[3]`, from the body's element on."""
    element = body
    for step in str(entry.path or "").split("/")[2:]:
        name, _, position = step.rstrip("]").partition("[")
        named = [child for child in element if name in ("*", _prefixed_name(child))]
        if not named:
            break
        element = named[int(position or 1) - 1]
    return element


def _prefixed_name(element: _Element) -> str:
    local = QName(element).localname
    return f"{element.prefix}:{local}" if element.prefix else local


def _message(element: _Element, entry: _LogEntry) -> str:
    message = str(entry.message).replace(f"{{{NAMESPACE}}}", "")
    if "This element is not expected" in message:
        message = _why_unexpected(element) or message
    return message if len(message) <= 300 else message[:300] + "…"


def _why_unexpected(element: _Element) -> str | None:
    name = QName(element)
    if name.namespace != NAMESPACE:
        return told_namespace(name, NAMESPACE)
    most = _limits().get(element.tag)
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    if most is not None and before >= most:
        return f"Element '{name.localname}': there may be {most} of it at most."
    return None


@cache
def _dates() -> frozenset[str]:
    """The tags of all elements that are dates."""
    return frozenset(_tag(one) for one in _declared() if one.get("type") in _DATE_TYPES)


@cache
def _limits() -> Mapping[str, int]:
    """How often an element may stand side by side, by its tag, where there is a limit."""
    numbers = ((_tag(one), one.get("maxOccurs", "")) for one in _declared())
    return {tag: int(number) for tag, number in numbers if number.isdecimal()}


def _declared() -> Iterator[_Element]:
    return etree.fromstring(contract_schema_source()).iter(f"{{{_XS}}}element")


def _tag(declaration: _Element) -> str:
    return f"{{{NAMESPACE}}}{declaration.get('name')}"


_XS = "http://www.w3.org/2001/XMLSchema"
_DATE_TYPES = ("xs:date", "xs:dateTime")
_BLANKS = " \t\r\n"
