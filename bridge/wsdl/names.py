"""Names and texts as they stand in documents."""

from lxml.etree import _Element

from bridge.wsdl.model import WSDL, XSD


def resolved(node: _Element, value: str | None) -> str:
    """A QName of an attribute in Clark notation; an undeclared prefix stays before the name."""
    prefix, colon, local = (value or "").strip().rpartition(":")
    if not local:
        return ""
    namespace = node.nsmap.get(prefix if colon else None)
    if namespace is None:
        return f"{prefix}:{local}" if colon else local
    return f"{{{namespace}}}{local}"


def in_namespace(namespace: str, local: str) -> str:
    """A name in Clark notation."""
    return f"{{{namespace}}}{local}" if namespace else local


def text_of(node: _Element) -> str:
    """The documentation of a WSDL or schema component, on one line."""
    found = node.findall(f"{{{WSDL}}}documentation") + node.findall(
        f"{{{XSD}}}annotation/{{{XSD}}}documentation"
    )
    return " ".join(" ".join("".join(map(str, one.itertext())).split()) for one in found)
