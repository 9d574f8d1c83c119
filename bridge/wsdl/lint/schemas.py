"""WS-I Basic Profile 1.1, section 4.3: the types of a description."""

from lxml.etree import QName

from bridge.wsdl.lint.findings import Found, rule
from bridge.wsdl.lint.subject import Subject
from bridge.wsdl.model import ENCODING, WSDL, XSD
from bridge.wsdl.names import resolved


@rule(
    "R2105",
    "an xsd:schema has a targetNamespace, unless it only imports",
    "add a targetNamespace",
)
def schemas_have_namespaces(subject: Subject) -> Found:
    for document in subject.descriptions:
        for schema in document.root.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema"):
            kinds = {QName(node).localname for node in schema.iterchildren(f"{{{XSD}}}*")}
            if kinds - {"import", "annotation"} and not schema.get("targetNamespace"):
                yield schema, "declares components in no namespace"


@rule(
    "R2110",
    "no type extends or restricts soapenc:Array",
    "repeat the element with maxOccurs in place of an encoded array",
)
def no_encoded_arrays(subject: Subject) -> Found:
    for node in subject.schema_nodes("extension", "restriction"):
        if resolved(node, node.get("base")) == f"{{{ENCODING}}}Array":
            yield node, "is based on soapenc:Array"


@rule("R2111", "wsdl:arrayType is not used", "repeat the element with maxOccurs")
def no_array_types(subject: Subject) -> Found:
    for node in subject.schema_nodes("*"):
        if node.get(f"{{{WSDL}}}arrayType") is not None:
            yield node, "has the attribute wsdl:arrayType"


@rule(
    "R2112",
    "elements are not named ArrayOf…",
    "repeat the element itself, named in the singular",
)
def no_arrays_by_name(subject: Subject) -> Found:
    for node in subject.schema_nodes("element", "complexType"):
        if (node.get("name") or "").lower().startswith("arrayof"):
            yield node, "is named by the convention for encoded arrays"


CHECKS = (schemas_have_namespaces, no_encoded_arrays, no_array_types, no_arrays_by_name)
