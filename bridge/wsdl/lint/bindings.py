"""WS-I Basic Profile 1.1, sections 4.5 to 4.7: port types and SOAP bindings."""

from urllib.parse import urlsplit

from lxml.etree import QName, _Element

from bridge.wsdl.lint.findings import Found, rule
from bridge.wsdl.lint.subject import WAYS, Subject, body_parts, soap_child, soap_nodes
from bridge.wsdl.model import HTTP_TRANSPORT, WSDL
from bridge.wsdl.names import resolved
from bridge.wsdl.pairs import only_in


@rule(
    "R2303",
    "operations are one-way or request and response",
    "put the input first; what notifies is a service of the other side",
)
def operations_begin_with_input(subject: Subject) -> Found:
    for operation in subject.wsdl("portType", "operation"):
        ways = [QName(one).localname for one in operation.iterchildren(f"{{{WSDL}}}*")]
        ways = [way for way in ways if way in WAYS]
        if ways[:1] == ["output"]:
            yield operation, "solicits a response" if len(ways) > 1 else "is a notification"


@rule("R2304", "operations of a port type have distinct names", "rename the second one")
def operations_have_own_names(subject: Subject) -> Found:
    for port_type in subject.wsdl("portType"):
        seen: set[str] = set()
        for operation in port_type.iterchildren(f"{{{WSDL}}}operation"):
            name = operation.get("name") or ""
            if name in seen:
                yield operation, "overloads an operation of the same name"
            seen.add(name)


@rule("R2401", "bindings are SOAP bindings", "use a soap:binding, or remove the binding")
def bindings_are_soap(subject: Subject) -> Found:
    for binding in subject.wsdl("binding"):
        if soap_child(binding, "binding") is None:
            yield binding, "has no soap:binding"


@rule("R2701", "soap:binding names its transport", f'add transport="{HTTP_TRANSPORT}"')
def bindings_name_transport(subject: Subject) -> Found:
    for binding in subject.wsdl("binding"):
        node = soap_child(binding, "binding")
        if node is not None and node.get("transport") is None:
            yield node, "has no transport"


@rule("R2702", "the transport is HTTP", f'write transport="{HTTP_TRANSPORT}"')
def transport_is_http(subject: Subject) -> Found:
    for binding in subject.wsdl("binding"):
        node = soap_child(binding, "binding")
        if node is not None and node.get("transport") not in (None, HTTP_TRANSPORT):
            yield node, f"its transport is {node.get('transport')}"


@rule(
    "R2705",
    "all operations of a binding have one style, document or rpc",
    "give rpc operations and document operations a binding each",
)
def binding_has_one_style(subject: Subject) -> Found:
    first: dict[_Element, str] = {}
    for binding, node, operation in subject.bound_operations():
        style = first.setdefault(binding, operation.style)
        if operation.style != style:
            yield node, f"is {operation.style}, the operations before it are {style}"


@rule("R2706", "all messages are literal", 'write use="literal" and a schema for what is encoded')
def messages_are_literal(subject: Subject) -> Found:
    for binding in subject.wsdl("binding"):
        for node in soap_nodes(binding, "body", "fault", "header", "headerfault"):
            if node.get("use") not in (None, "literal"):
                yield node, f'its use is "{node.get("use")}"'


@rule(
    "R2710",
    "each operation of a binding is told by the element of its body alone",
    "give each operation a request element of its own",
)
def operations_differ_on_the_wire(subject: Subject) -> Found:
    signatures: dict[tuple[str, ...], str] = {}
    for binding, node, operation in subject.bound_operations():
        signature = (subject.name_of(binding), *_signature(subject, binding, node, operation.style))
        if signature in signatures:
            yield node, f"its request looks like that of {signatures[signature]}"
        signatures.setdefault(signature, operation.name)


@rule(
    "R2711",
    "no two ports of a SOAP version share an address",
    "give each port an address of its own, or remove one",
)
def ports_have_own_addresses(subject: Subject) -> Found:
    ports: dict[tuple[str, str], str] = {}
    for port in subject.wsdl("service", "port"):
        address = soap_child(port, "address")
        if address is None or not address.get("location"):
            continue
        key = (QName(address).namespace or "", str(address.get("location")))
        if key in ports:
            yield port, f"has the address of the port {ports[key]}"
        ports.setdefault(key, port.get("name") or "")


@rule(
    "R2716",
    "in document-literal bindings no soap element has a namespace attribute",
    "remove the attribute: the element's declaration says its namespace",
)
def document_has_no_namespace(subject: Subject) -> Found:
    for _, node, operation in subject.bound_operations():
        if operation.style == "document":
            for child in soap_nodes(node, "body", "fault", "header", "headerfault"):
                if child.get("namespace") is not None:
                    yield child, f"has the namespace {child.get('namespace')}"


@rule(
    "R2717",
    "in rpc-literal bindings soap:body has a namespace that is an absolute URI",
    "add the namespace of the wrapper element",
)
def rpc_has_a_namespace(subject: Subject) -> Found:
    for body, _, style in subject.bodies():
        if style == "rpc" and not urlsplit(body.get("namespace") or "").scheme:
            yield body, "has no namespace that is an absolute URI"


@rule(
    "R2718",
    "a binding has the operations of its port type, all and no others",
    "bind the missing operation, or remove the extra one",
)
def binding_is_complete(subject: Subject) -> Found:
    for binding in subject.wsdl("binding"):
        port_type = subject.components.get(("portType", resolved(binding, binding.get("type"))))
        if port_type is not None:
            bound, offered = _operations(binding), _operations(port_type)
            for name in only_in(offered, bound):
                yield binding, f"lacks the operation {name}"
            for name in only_in(bound, offered):
                yield bound[name], "is no operation of the port type"


@rule(
    "R1109",
    "the SOAPAction can travel as a quoted string of an HTTP header",
    "write an action of visible ASCII characters without quotes",
)
def action_can_be_quoted(subject: Subject) -> Found:
    for _, node, operation in subject.bound_operations():
        if any(not "!" <= one <= "~" or one in '"\\' for one in operation.action):
            yield node, f"its soapAction {operation.action!r} cannot be quoted"


def _signature(subject: Subject, binding: _Element, node: _Element, style: str) -> tuple[str, ...]:
    name = node.get("name") or ""
    bound = node.find(f"{{{WSDL}}}input")
    body = None if bound is None else next(soap_nodes(bound, "body"), None)
    if body is None:
        return (style, name, "unbound")
    if style == "rpc":
        return (style, body.get("namespace") or "", name)
    parts = body_parts(body, subject.message_of(binding, name, "input"))
    return (style, *(resolved(part, part.get("element")) for part in parts))


def _operations(node: _Element) -> dict[str, _Element]:
    return {one.get("name") or "": one for one in node.iterchildren(f"{{{WSDL}}}operation")}


CHECKS = (
    operations_begin_with_input,
    operations_have_own_names,
    bindings_are_soap,
    bindings_name_transport,
    transport_is_http,
    binding_has_one_style,
    messages_are_literal,
    operations_differ_on_the_wire,
    ports_have_own_addresses,
    document_has_no_namespace,
    rpc_has_a_namespace,
    binding_is_complete,
    action_can_be_quoted,
)
