"""WS-I Basic Profile 1.1, R1000 to R1014: an envelope, a fault in particular.

R1008 (no DOCTYPE) is kept where documents are read: one that has any is refused.
"""

from collections.abc import Iterator

from lxml.etree import QName, _Element, _ProcessingInstruction

from bridge.wsdl.lint.findings import (
    UNICODE,
    Check,
    Finding,
    Found,
    encoding_of,
    rule,
    run_checks,
)
from bridge.wsdl.model import local_name, namespace_of
from bridge.wsdl.names import resolved
from bridge.wsdl.source import Place, parse

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_ROOT, _BODY, _FAULT = (f"{{{ENVELOPE}}}{kind}" for kind in ("Envelope", "Body", "Fault"))
_STYLE = f"{{{ENVELOPE}}}encodingStyle"
_UNDERSTAND = f"{{{ENVELOPE}}}mustUnderstand"
_FAULT_PARTS = ("faultcode", "faultstring", "faultactor", "detail")
_CODES = ("VersionMismatch", "MustUnderstand", "Client", "Server")


def is_envelope(root: _Element) -> bool:
    """Whether a document is a SOAP 1.1 envelope."""
    return root.tag == _ROOT


def lint_envelope(content: bytes, place: Place) -> tuple[Finding, ...]:
    """What in an envelope breaks the profile. Raises UnusableDescription."""
    root = parse(content, place, keep_instructions=True)
    return tuple(run_checks(CHECKS, root, lambda _: str(place)))


@rule(
    "R1000",
    "soap:Fault holds faultcode, faultstring, faultactor and detail alone",
    "move what else there is into the detail",
)
def fault_has_known_parts(root: _Element) -> Found:
    for child in _fault_parts(root):
        if QName(child).localname not in _FAULT_PARTS:
            yield child, "is no part of a fault"


@rule("R1001", "the parts of soap:Fault are in no namespace", 'write them with xmlns=""')
def fault_parts_are_unqualified(root: _Element) -> Found:
    for child in _fault_parts(root):
        if QName(child).namespace and QName(child).localname in _FAULT_PARTS:
            yield child, f"is in the namespace {QName(child).namespace}"


@rule(
    "R1003",
    "attributes of the detail are in no namespace or in one that is not SOAP's",
    "remove the attribute, or put it on an element inside of the detail",
)
def detail_attributes_are_not_soaps(root: _Element) -> Found:
    for child in _fault_parts(root):
        for name in map(str, child.attrib if QName(child).localname == "detail" else ()):
            if QName(name).namespace == ENVELOPE:
                yield child, f"has the attribute {QName(name).localname} of SOAP's namespace"


@rule(
    "R1004",
    "the faultcode is one of SOAP 1.1, or a name in a namespace of its own",
    "write soap:Client or soap:Server, and the finer code into the detail",
)
def fault_code_is_known(root: _Element) -> Found:
    for child in _fault_parts(root):
        if QName(child).localname == "faultcode":
            name = resolved(child, child.text)
            if not namespace_of(name):
                yield child, f'"{child.text}" is in no namespace'
            elif namespace_of(name) == ENVELOPE and local_name(name) not in _CODES:
                yield child, f'SOAP 1.1 has no code "{local_name(name)}"'


@rule("R1005", "no element of SOAP has an encodingStyle", "remove the attribute")
def soap_elements_have_no_style(root: _Element) -> Found:
    for node in root.iter(f"{{{ENVELOPE}}}*"):
        if node.get(_STYLE) is not None:
            yield node, "has an encodingStyle"


@rule("R1006", "no child of soap:Body has an encodingStyle", "remove the attribute")
def body_children_have_no_style(root: _Element) -> Found:
    for node in _children_of_body(root):
        if node.get(_STYLE) is not None and QName(node).namespace != ENVELOPE:
            yield node, "has an encodingStyle"


@rule(
    "R1007",
    "in rpc style no grandchild of soap:Body has an encodingStyle",
    "remove the attribute; in document style it may stand",
)
def body_grandchildren_have_no_style(root: _Element) -> Found:
    for child in _children_of_body(root):
        for node in child.iterchildren("{*}*"):
            if node.get(_STYLE) is not None and QName(node).namespace != ENVELOPE:
                yield node, "has an encodingStyle"


@rule("R1009", "an envelope has no processing instructions", "remove the instruction")
def no_instructions(root: _Element) -> Found:
    for node in (*root.itersiblings(preceding=True), *root.iter(), *root.itersiblings()):
        if isinstance(node, _ProcessingInstruction):
            yield node, "is a processing instruction"


@rule("R1011", "nothing stands behind soap:Body", "move the element into a header")
def nothing_behind_the_body(root: _Element) -> Found:
    for body in root.iterchildren(_BODY):
        for node in body.itersiblings("{*}*"):
            yield node, "stands behind the body"


@rule("R1012", "an envelope is written in UTF-8 or UTF-16", "write it in UTF-8")
def encoding_is_unicode(root: _Element) -> Found:
    encoding = encoding_of(root)
    if encoding not in UNICODE:
        yield root, f"is written in {encoding}"


@rule("R1013", "mustUnderstand is 0 or 1", "write 1 in place of true")
def must_understand_is_a_digit(root: _Element) -> Found:
    for node in root.iter("{*}*"):
        if node.get(_UNDERSTAND) not in (None, "0", "1"):
            yield node, f'mustUnderstand is "{node.get(_UNDERSTAND)}"'


@rule(
    "R1014",
    "children of soap:Body are qualified by a namespace",
    "give the schema of the element a targetNamespace",
)
def body_children_are_qualified(root: _Element) -> Found:
    for node in _children_of_body(root):
        if not QName(node).namespace:
            yield node, "is in no namespace"


def _children_of_body(root: _Element) -> Iterator[_Element]:
    for body in root.iterchildren(_BODY):
        yield from body.iterchildren("{*}*")


def _fault_parts(root: _Element) -> Iterator[_Element]:
    for child in _children_of_body(root):
        if child.tag == _FAULT:
            yield from child.iterchildren("{*}*")


CHECKS: tuple[Check[_Element], ...] = (
    fault_has_known_parts,
    fault_parts_are_unqualified,
    detail_attributes_are_not_soaps,
    fault_code_is_known,
    soap_elements_have_no_style,
    body_children_have_no_style,
    body_grandchildren_have_no_style,
    no_instructions,
    nothing_behind_the_body,
    encoding_is_unicode,
    must_understand_is_a_digit,
    body_children_are_qualified,
)
