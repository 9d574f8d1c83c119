"""Laws of comparison: nothing where nothing changed, and each planted change once, as it is.

A change is planted at a place of a description that chance chooses. What it means stands in the
table below, and where messages carry it is worked out here a second time, in another way.
"""

import random
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.etree import SubElement, _Element

from bridge.wsdl.changes import Change, Direction, Verdict
from bridge.wsdl.compare import compare
from bridge.wsdl.documents import documents_from
from bridge.wsdl.model import Description
from bridge.wsdl.reader import describe, read_description
from tests.wsdl.documents import GOOD

ROOT = Path(__file__).parents[2]
OURS = (ROOT / "wsdl" / "bridge" / "v1" / "erp-bridge.wsdl").read_text()
NAMES = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xs": "http://www.w3.org/2001/XMLSchema",
}
XS, WSDL, SOAP = (f"{{{NAMES[prefix]}}}" for prefix in ("xs", "wsdl", "soap"))
REQUEST, RESPONSE = Direction.REQUEST, Direction.RESPONSE
BREAKING, LENIENT, SAFE = Verdict.BREAKING, Verdict.LENIENT, Verdict.SAFE

Alter = Callable[[_Element], None]


@dataclass(frozen=True)
class Plant:
    """A kind of change: where it can stand, how it is made, and what it means there and back."""

    name: str
    sites: str
    alter: Alter
    request: Verdict | None
    response: Verdict | None
    request_back: Verdict | None
    response_back: Verdict | None


def setting(attribute: str, value: str) -> Alter:
    """Sets an attribute."""
    return lambda node: node.set(attribute, value)


def adding_value(node: _Element) -> None:
    """One more value of an enumeration."""
    SubElement(node, f"{XS}enumeration", value="PLANTED")


def raising(node: _Element) -> None:
    """A higher limit."""
    node.set("value", str(int(node.get("value", "0")) + 7))


def adding_element(least: str) -> Alter:
    """One more element, at the end."""
    attributes = {"name": "Planted", "type": "xs:string", "minOccurs": least}
    return lambda node: node.append(etree.Element(f"{XS}element", attributes))


def moving(node: _Element) -> None:
    """The element behind the next one."""
    following = node.getnext()
    assert following is not None
    following.addnext(node)


def documenting(node: _Element) -> None:
    """Other words."""
    node.text = "Other words."


def removing_operation(node: _Element) -> None:
    """The operation with its binding, its messages and their elements."""
    root, name = node.getroottree().getroot(), node.get("name")
    for kind in (name, f"{name}Response"):
        for path in (f"//wsdl:message[@name='{kind}']", f"//xs:schema/xs:element[@name='{kind}']"):
            drop(*found(root, path))
    drop(*found(root, f"//wsdl:operation[@name='{name}']"))


def adding_fault(node: _Element) -> None:
    """One more fault, with the message of the first."""
    (first, *_) = node.iterchildren(f"{WSDL}fault")
    node.append(deepcopy(first))
    node[-1].set("name", "Planted")


def adding_header(node: _Element) -> None:
    """A header: the part of the fault's message."""
    (message,) = found(node, "//wsdl:message[contains(@name, 'Exception')]")
    name = f"tns:{message.get('name')}"
    SubElement(node, f"{SOAP}header", message=name, part="fault", use="literal")


WIDENING = (SAFE, BREAKING, BREAKING, SAFE)
CHANGING = (BREAKING, BREAKING, BREAKING, BREAKING)
IN_REQUESTS = (BREAKING, None, BREAKING, None)
SEQUENCE = "//xs:complexType/xs:sequence[xs:element]"
MEMBER = f"{SEQUENCE}/xs:element[@name]"
PORT_TYPE, BINDING = "//wsdl:portType/wsdl:operation", "//wsdl:binding/wsdl:operation"
PLANTS = [
    Plant("enumeration", "//xs:restriction[xs:enumeration]", adding_value, *WIDENING),
    Plant("optional", f"{MEMBER}[not(@minOccurs)]", setting("minOccurs", "0"), *WIDENING),
    Plant("many", f"{MEMBER}[not(@maxOccurs)]", setting("maxOccurs", "unbounded"), *WIDENING),
    Plant("nil", MEMBER, setting("nillable", "true"), *WIDENING),
    Plant("long", f"{MEMBER}[@type='xs:int']", setting("type", "xs:long"), *WIDENING),
    Plant("length", "//xs:simpleType//xs:maxLength", raising, *WIDENING),
    Plant("digits", "//xs:simpleType//xs:totalDigits", raising, *WIDENING),
    Plant("added", SEQUENCE, adding_element("0"), SAFE, LENIENT, BREAKING, BREAKING),
    Plant("required", SEQUENCE, adding_element("1"), BREAKING, LENIENT, BREAKING, BREAKING),
    Plant("renamed", MEMBER, setting("name", "Planted"), *CHANGING),
    Plant("moved", f"{MEMBER}[following-sibling::xs:element]", moving, *CHANGING),
    Plant("words", "//xs:documentation[../../@name]", documenting, SAFE, SAFE, SAFE, SAFE),
    Plant("operation", PORT_TYPE, removing_operation, BREAKING, None, SAFE, None),
    Plant("action", "//soap:operation", setting("soapAction", "urn:planted"), *IN_REQUESTS),
    Plant("fault", f"{PORT_TYPE}[wsdl:fault]", adding_fault, None, LENIENT, None, SAFE),
    Plant("header", f"{BINDING}/wsdl:input", adding_header, SAFE, None, BREAKING, None),
    Plant("answer's", f"{BINDING}/wsdl:output", adding_header, None, LENIENT, None, BREAKING),
    Plant("style", "//soap:operation", setting("style", "rpc"), *CHANGING),
    Plant("address", "//soap:address", setting("location", "urn:x"), SAFE, None, SAFE, None),
]
IN_SCHEMA = PLANTS[:12]


def found(node: _Element, path: str) -> list[_Element]:
    """What an XPath leads to."""
    nodes = node.xpath(path, namespaces=NAMES)
    assert isinstance(nodes, list)
    return [one for one in nodes if isinstance(one, _Element)]


def drop(*nodes: _Element) -> None:
    """Takes nodes out of their document."""
    for node in nodes:
        parent = node.getparent()
        assert parent is not None
        parent.remove(node)


def read(root: _Element) -> Description:
    """The description of a document."""
    return describe(documents_from(etree.tostring(root), "a.wsdl"))


def owner(node: _Element) -> _Element | None:
    """The global type or element that a node of a schema stands in."""
    for one in (node, *node.iterancestors()):
        parent = one.getparent()
        if parent is not None and parent.tag == f"{XS}schema":
            return one
    return None


def carried(root: _Element, direction: Direction) -> set[str]:
    """The global types and elements that messages of a direction carry, by kind and name."""
    kinds = {"type": "xs:complexType|//xs:schema/xs:simpleType", "element": "xs:element"}
    ways = ["input"] if direction is REQUEST else ["output", "fault"]
    waiting = [f"element {name}" for way in ways for name in elements_of(root, way)]
    reached: set[str] = set()
    while waiting:
        one = waiting.pop()
        if one in reached:
            continue
        reached.add(one)
        kind, name = one.split(" ")
        for component in found(root, f"//xs:schema/{kinds[kind]}"):
            if component.get("name") == name:
                waiting += references(component)
    return reached


def elements_of(root: _Element, way: str) -> Iterator[str]:
    """The elements of the messages that operations take, answer or fail with."""
    for node in found(root, f"//wsdl:portType/wsdl:operation/wsdl:{way}"):
        name = str(node.get("message")).removeprefix("tns:")
        for part in found(root, f"//wsdl:message[@name='{name}']/wsdl:part"):
            yield str(part.get("element")).removeprefix("tns:")


def references(component: _Element) -> Iterator[str]:
    """What a component of a schema is made of."""
    for node in component.iter(f"{XS}*"):
        for attribute in ("type", "base"):
            value = node.get(attribute, "")
            if value.startswith("tns:"):
                yield f"type {value.removeprefix('tns:')}"


def expected(plant: Plant, root: _Element, site: _Element, *, back: bool) -> dict[str, Verdict]:
    """What a planted change means in each direction that it concerns."""
    request, response = (
        (plant.request_back, plant.response_back) if back else (plant.request, plant.response)
    )
    told = {REQUEST: request, RESPONSE: response}
    of = owner(site)
    if of is None:
        return {way: verdict for way, verdict in told.items() if verdict is not None}
    kind = "element" if of.tag == f"{XS}element" else "type"
    name = f"{kind} {of.get('name')}"
    return {
        way: verdict
        for way, verdict in told.items()
        if verdict is not None and name in carried(root, way)
    }


@settings(max_examples=200)
@given(st.integers(0, len(PLANTS) - 1), st.booleans(), st.integers(0, 2**32))
def test_a_planted_change_is_found_once_and_judged_by_direction(
    number: int, is_ours: bool, seed: int
) -> None:
    """Wherever it is planted, a change is one line with its verdicts, and so is taking it back."""
    plant, old = PLANTS[number], etree.fromstring((OURS if is_ours else GOOD).encode())
    sites = found(old, plant.sites)
    if not sites:
        return
    chosen = random.Random(seed).randrange(len(sites))
    new = deepcopy(old)
    plant.alter(found(new, plant.sites)[chosen])
    before, after = read(old), read(new)
    for was, now, back in ((before, after, False), (after, before, True)):
        (change,) = compare(was, now)
        verdicts = expected(plant, old, sites[chosen], back=back)
        assert change.verdicts == verdicts or is_words(plant, change)
        assert change.verdict == min(verdicts.values(), key=list(Verdict).index, default=SAFE)


def is_words(plant: Plant, change: Change) -> bool:
    """Words concern no message: which direction they are told for does not matter."""
    return plant.name == "words" and change.what == "documentation changed"


@pytest.mark.parametrize("plant", PLANTS, ids=lambda one: str(one.name))
def test_each_change_can_be_planted(plant: Plant) -> None:
    """No row of the table is without a place to stand: the law above would say nothing of it."""
    assert any(found(etree.fromstring(text.encode()), plant.sites) for text in (GOOD, OURS))


@given(st.lists(st.sampled_from(IN_SCHEMA), min_size=2, max_size=6), st.integers(0, 2**32))
def test_changes_of_different_components_are_told_each(plants: list[Plant], seed: int) -> None:
    """Several changes, each in another type or element: as many lines, none hides another."""
    chance = random.Random(seed)
    root, new = etree.fromstring(OURS.encode()), etree.fromstring(OURS.encode())
    touched: set[str] = set()
    for plant in plants:
        sites = [
            site
            for site in found(new, plant.sites)
            if (of := owner(site)) is not None and of.get("name") not in touched
        ]
        if sites:
            site = chance.choice(sites)
            of = owner(site)
            assert of is not None
            touched.add(str(of.get("name")))
            plant.alter(site)
    assert len(compare(read(root), read(new))) == len(touched)


@pytest.mark.parametrize("text", [GOOD, OURS])
def test_another_namespace_is_one_change(text: str) -> None:
    """The same names in another namespace, actions as before: told once, it breaks everything."""
    namespace = str(etree.fromstring(text.encode()).get("targetNamespace"))
    new = re.sub(f'(targetNamespace|xmlns:tns)="{namespace}"', r'\1="urn:planted"', text)
    for was, now in ((text, new), (new, text)):
        (change,) = compare(
            read(etree.fromstring(was.encode())), read(etree.fromstring(now.encode()))
        )
        assert change.verdicts == {REQUEST: BREAKING, RESPONSE: BREAKING}


def test_nothing_differs_from_itself(shared: Path) -> None:
    """Ours, both of Salesforce's, an outbound message's: compared with itself, no change."""
    folder = shared / "salesforce" / "wsdl"
    sources = [ROOT / "wsdl" / "bridge" / "v1" / "erp-bridge.wsdl", *folder.glob("*.wsdl")]
    assert len(sources) > 3
    for source in sources:
        assert compare(read_description(str(source)), read_description(str(source))) == ()
