"""Every rule of comparison, each with a pair of descriptions that differ in one place."""

import pytest

from bridge.wsdl.changes import Change, Direction, Effect, Verdict
from bridge.wsdl.compare import compare
from tests.wsdl.documents import GOOD, changed, description

BREAKING, LENIENT, SAFE = Verdict.BREAKING, Verdict.LENIENT, Verdict.SAFE
Verdicts = dict[str, Verdict]


def request(verdict: Verdict) -> Verdicts:
    """What concerns requests alone."""
    return {Direction.REQUEST: verdict}


def response(verdict: Verdict) -> Verdicts:
    """What concerns responses alone."""
    return {Direction.RESPONSE: verdict}


def both(in_request: Verdict, in_response: Verdict) -> Verdicts:
    """What concerns both."""
    return {Direction.REQUEST: in_request, Direction.RESPONSE: in_response}


def changes(old: str, new: str) -> list[tuple[str, str, str, str, Verdicts]]:
    """What comparison finds: subject, path, what, item, verdicts."""
    found = compare(description(old), description(new))
    return [(one.subject, one.path, one.what, one.item, dict(one.verdicts)) for one in found]


def single(old: str, new: str) -> Change:
    """The one change."""
    (found,) = compare(description(old), description(new))
    return found


KIND, STATUS = '<xs:enumeration value="SALE"/>', '<xs:enumeration value="OPEN"/>'
NOTE = '<xs:element name="Note" type="xs:string" minOccurs="0"/>'
REMARK = '<xs:element name="Remark" type="xs:string" minOccurs="0"/>'
COUNT = '<xs:element name="Count" type="xs:int"/>'
NEW = '<xs:element name="New" type="xs:string"{}/>'
LINE = '<xs:element name="Line" type="tns:Line" minOccurs="0" maxOccurs="500"/>'
ITEM = '<xs:element name="Item" type="tns:Code"/>'

REVISION = '<xs:attribute name="revision" type="xs:int"/>'
MARK = '<xs:attribute name="mark" type="xs:int"{}/>'
ORDER = '<xs:complexType name="Order">'

TYPE_RULES = [
    # elements of a request
    (NOTE, NOTE + NEW.format(' minOccurs="0"'), "optional element added", request(SAFE)),
    (NOTE, NOTE + NEW.format(""), "required element added", request(BREAKING)),
    (NOTE, "", "element removed", request(BREAKING)),
    (NOTE, NOTE.replace(' minOccurs="0"', ""), "is required now", request(BREAKING)),
    (ITEM, ITEM.replace("/>", ' minOccurs="0"/>'), "is optional now", request(SAFE)),
    (ITEM, ITEM.replace("/>", ' nillable="true"/>'), "may be nil now", request(SAFE)),
    (LINE, LINE.replace("500", "unbounded"), "maxOccurs was 500", request(SAFE)),
    (LINE, LINE.replace("500", "5"), "maxOccurs was 500", request(BREAKING)),
    (LINE, LINE.replace('"0"', '"2"'), "minOccurs was 0, is now 2", request(BREAKING)),
    (NOTE, NOTE.replace("xs:string", "xs:token"), "was string, is now token", request(BREAKING)),
    (NOTE, NOTE.replace("xs:string", "xs:anyType"), "type was string", request(SAFE)),
    (
        NOTE,
        NOTE.replace("xs:string", "tns:Line"),
        "type was string, is now Line",
        request(BREAKING),
    ),
    (ITEM, ITEM.replace("/>", ' default="AA"/>'), "default was absent", request(BREAKING)),
    (ITEM, ITEM.replace("/>", ' fixed="AA"/>'), "fixed value was absent", request(BREAKING)),
    (LINE, LINE + '<xs:any minOccurs="0"/>', "further elements may stand", request(SAFE)),
    # elements of a response
    (REMARK, REMARK + NEW.format(' minOccurs="0"'), "optional element added", response(LENIENT)),
    (REMARK, REMARK + NEW.format(""), "required element added", response(LENIENT)),
    (REMARK, "", "element removed", response(BREAKING)),
    (REMARK, REMARK.replace(' minOccurs="0"', ""), "is required now", response(SAFE)),
    (COUNT, COUNT.replace("/>", ' minOccurs="0"/>'), "is optional now", response(BREAKING)),
    (COUNT, COUNT.replace("/>", ' maxOccurs="2"/>'), "maxOccurs was 1, is", response(BREAKING)),
    (COUNT, COUNT.replace("/>", ' nillable="true"/>'), "may be nil now", response(BREAKING)),
    (COUNT, COUNT.replace("xs:int", "xs:long"), "was int, is now long", response(BREAKING)),
    (COUNT, COUNT.replace("xs:int", "xs:short"), "was int, is now short", response(SAFE)),
    (COUNT, COUNT.replace("xs:int", "xs:date"), "was int, is now date", response(BREAKING)),
    (REMARK, REMARK + "<xs:any/>", "further elements may stand", response(LENIENT)),
    # enumerations
    (KIND, KIND + KIND.replace("SALE", "RENT"), "enumeration value added", request(SAFE)),
    (KIND, "", "enumeration value removed", request(BREAKING)),
    (
        STATUS,
        STATUS + STATUS.replace("OPEN", "HELD"),
        "enumeration value added",
        response(BREAKING),
    ),
    (STATUS, "", "enumeration value removed", response(SAFE)),
    # facets, of a type in requests
    ('minLength value="2"', 'minLength value="1"', "minLength was 2", request(SAFE)),
    ('minLength value="2"', 'minLength value="3"', "minLength was 2", request(BREAKING)),
    ('maxLength value="10"', 'maxLength value="20"', "maxLength was 10", request(SAFE)),
    ('maxLength value="10"', 'maxLength value="9"', "maxLength was 10", request(BREAKING)),
    ('<xs:pattern value="[A-Z]+"/>', "", "pattern was", request(SAFE)),
    ('value="[A-Z]+"', 'value="[A-Z0-9]+"', "pattern was", request(BREAKING)),
    ('<xs:maxLength value="10"/>', "", "maxLength was 10, is now absent", request(SAFE)),
    # facets, of a type in both
    (
        'totalDigits value="18"',
        'totalDigits value="20"',
        "totalDigits was 18",
        both(SAFE, BREAKING),
    ),
    ('totalDigits value="18"', 'totalDigits value="9"', "totalDigits was 18", both(BREAKING, SAFE)),
    ('fractionDigits value="2"', 'fractionDigits value="4"', "fraction", both(SAFE, BREAKING)),
    ('<xs:totalDigits value="18"/>', "", "totalDigits was 18", both(SAFE, BREAKING)),
    ('"xs:decimal"', '"xs:double"', "was decimal, is now double", both(BREAKING, BREAKING)),
    # attributes
    (REVISION, REVISION.replace("/>", ' use="required"/>'), "is required now", request(BREAKING)),
    (REVISION, "", "attribute removed", request(BREAKING)),
    (REVISION, REVISION.replace("xs:int", "xs:long"), "was int, is now long", request(SAFE)),
    (REVISION, REVISION + MARK.format(""), "optional attribute added", request(SAFE)),
    (
        REVISION,
        REVISION + MARK.format(' use="required"'),
        "required attribute added",
        request(BREAKING),
    ),
    (REVISION, REVISION + "<xs:anyAttribute/>", "any attribute may stand", request(SAFE)),
    # the type as a whole
    (ORDER, ORDER.replace(">", ' abstract="true">'), "is abstract now", request(BREAKING)),
    (ORDER, ORDER.replace(">", ' mixed="true">'), "holds text", request(SAFE)),
]


@pytest.mark.parametrize(("old", "new", "what", "verdicts"), TYPE_RULES)
def test_a_change_of_a_type_is_judged_by_direction(
    old: str, new: str, what: str, verdicts: Verdicts
) -> None:
    """Each change of a type has its verdict in requests and in responses."""
    one = single(GOOD, changed((old, new)))
    assert what in one.what
    assert one.verdicts == verdicts


REVERSED = {
    Effect.WIDENS: {Effect.NARROWS},
    Effect.NARROWS: {Effect.WIDENS, Effect.ADDS_OPTIONAL},
    Effect.CHANGES: {Effect.CHANGES},
    Effect.ADDS_OPTIONAL: {Effect.REMOVES, Effect.NARROWS},
    Effect.ADDS_REQUIRED: {Effect.REMOVES},
    Effect.REMOVES: {Effect.ADDS_OPTIONAL, Effect.ADDS_REQUIRED},
}


@pytest.mark.parametrize(("old", "new", "what", "verdicts"), TYPE_RULES)
def test_a_change_that_is_taken_back_has_the_opposite_effect(
    old: str, new: str, what: str, verdicts: Verdicts
) -> None:
    """What widens narrows on the way back, what is added is removed, in the same directions."""
    there, back = single(GOOD, changed((old, new))), single(changed((old, new)), GOOD)
    assert back.difference.effect in REVERSED[there.difference.effect]
    assert back.directions == there.directions


@pytest.mark.parametrize(("old", "new"), [("Takes an order.", "Takes one order.")])
def test_changed_words_are_told_and_break_nothing(old: str, new: str) -> None:
    """Documentation is told as changed, once, and is safe."""
    found = single(GOOD, changed((old, new)))
    assert (found.what, found.verdict) == ("documentation changed", SAFE)


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ('<xs:maxLength value="10"/>', '<xs:maxLength value="010"/>', None),
        ('xmlns:tns="urn:orders"', 'xmlns:tns="urn:orders" xmlns:unused="urn:x"', None),
    ],
)
def test_what_means_the_same_is_no_change(old: str, new: str, verdict: None) -> None:
    """Numbers written otherwise and declared prefixes change nothing."""
    assert changes(GOOD, changed((old, new))) == []


def test_another_order_breaks_what_reads_it() -> None:
    """In a sequence the order of elements is part of the contract."""
    found = single(GOOD, changed((REMARK, ""), (COUNT, REMARK + COUNT)))
    assert (found.what, found.verdicts) == ("order of elements changed", response(BREAKING))


def test_a_further_choice_breaks_readers() -> None:
    """In a choice, a further element means that none of the known ones may come."""
    begin, end = (
        '<xs:sequence>\n          <xs:element name="Status"',
        REMARK + "\n        </xs:sequence>",
    )
    choice = changed(
        (begin, begin.replace("sequence", "choice")), (end, end.replace("sequence", "choice"))
    )
    found = single(choice, changed((REMARK, REMARK + NEW.format("")), text=choice))
    assert found.what == "element added as a further choice"
    assert found.verdicts == response(BREAKING)
    assert single(GOOD, choice).verdicts == response(BREAKING)
    assert single(choice, GOOD).verdicts == response(BREAKING)


def test_a_type_in_both_directions_is_told_for_both() -> None:
    """Amount stands in orders and in receipts: what widens it is safe here and breaks there."""
    found = single(GOOD, changed(('totalDigits value="18"', 'totalDigits value="19"')))
    assert found.verdicts == both(SAFE, BREAKING)
    assert found.verdict is BREAKING


def test_a_type_that_no_message_reaches_breaks_nothing() -> None:
    """What is declared and never sent concerns no direction."""
    text = '<xs:complexType name="Idle"><xs:sequence>{}</xs:sequence></xs:complexType></xs:schema>'
    old = changed(("</xs:schema>", text.format(NEW.format(""))))
    new = changed(("</xs:schema>", text.format("")))
    found = single(old, new)
    assert (found.what, found.directions, found.verdict) == ("element removed", (), SAFE)


def test_an_open_place_lets_such_types_through() -> None:
    """Where a response holds xsd:any, a declared type that nothing names may come in it."""
    text = '<xs:complexType name="Idle"><xs:sequence>{}</xs:sequence></xs:complexType></xs:schema>'
    open_place = (REMARK, REMARK + '<xs:any minOccurs="0" processContents="lax"/>')
    old = changed(open_place, ("</xs:schema>", text.format(NEW.format(""))))
    new = changed(open_place, ("</xs:schema>", text.format("")))
    assert single(old, new).verdicts == response(BREAKING)


SPECIAL = (
    '<xs:complexType name="Special"><xs:complexContent><xs:extension base="tns:{}">'
    "<xs:sequence>{}</xs:sequence></xs:extension></xs:complexContent></xs:complexType></xs:schema>"
)


@pytest.mark.parametrize(
    ("base", "added", "removed"),
    [("Order", request(SAFE), request(BREAKING)), ("Receipt", response(LENIENT), response(SAFE))],
)
def test_an_extension_may_stand_for_its_base(base: str, added: Verdicts, removed: Verdicts) -> None:
    """A type that extends one which travels may come in its place (xsi:type)."""
    extended = changed(("</xs:schema>", SPECIAL.format(base, "")))
    assert single(GOOD, extended).verdicts == added
    assert single(extended, GOOD).verdicts == removed


def test_what_an_extension_adds_travels_where_its_base_does() -> None:
    """A change of an extension is judged by the directions of its base."""
    old = changed(("</xs:schema>", SPECIAL.format("Receipt", "")))
    new = changed(("</xs:schema>", SPECIAL.format("Receipt", NEW.format(""))))
    assert single(old, new).verdicts == response(LENIENT)


def test_what_moves_to_the_base_was_not_removed() -> None:
    """An element that a type inherits instead of declaring it is on the wire as before."""
    base = '<xs:complexType name="Base"><xs:sequence>{}</xs:sequence></xs:complexType></xs:schema>'
    status = '<xs:element name="Status" type="tns:Status"/>'
    begin = '<xs:complexType name="Receipt">\n        <xs:sequence>\n          ' + status
    at, end = GOOD.index(begin), '<xs:element name="Remark" type="xs:string" minOccurs="0"/>\n'
    rest = GOOD[at + len(begin) : GOOD.index(end, at) + len(end)]
    derived = (
        '<xs:complexType name="Receipt"><xs:complexContent><xs:extension base="tns:Base">'
        f"<xs:sequence>{rest}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    )
    whole = GOOD[at : GOOD.index("</xs:complexType>", at) + len("</xs:complexType>")]
    new = changed((whole, derived), ("</xs:schema>", base.format(status)))
    assert {what: verdicts for _, _, what, _, verdicts in changes(GOOD, new)} == {
        "derived from none before, now from Base": response(SAFE),
        "added": {},
    }


def test_a_renamed_type_is_compared_where_it_is_used() -> None:
    """On the wire a type has no name: only what its content changes counts."""
    old_name, uses = 'name="Status">', 'type="tns:Status"'
    renamed = changed((old_name, 'name="State">'), (uses, 'type="tns:State"'))
    assert {one.verdict for one in compare(description(GOOD), description(renamed))} == {SAFE}
    widened = changed((STATUS, STATUS + '<xs:enumeration value="HELD"/>'), text=renamed)
    found = [one for one in compare(description(GOOD), description(widened)) if one.item == "HELD"]
    assert [(one.subject, one.path, one.verdicts) for one in found] == [
        ("type Receipt", "Status", response(BREAKING))
    ]


def test_anonymous_types_are_told_with_their_path() -> None:
    """A change deep in an anonymous type names the way to it."""
    nested = (
        '<xs:element name="Deep"><xs:complexType><xs:sequence>{}</xs:sequence></xs:complexType>'
        "</xs:element>"
    )
    old, new = (changed((NOTE, NOTE + nested.format(text))) for text in ("", NEW.format("")))
    found = single(old, new)
    assert (found.subject, found.path, found.item) == ("type Order", "Deep", "New")


OPERATION = '<wsdl:operation name="Cancel"><wsdl:input message="tns:Submit"/></wsdl:operation>'
BOUND = (
    '<wsdl:operation name="Cancel"><wsdl:input><soap:body use="literal"/></wsdl:input>'
    "</wsdl:operation>"
)
WITH_CANCEL = changed(
    ("</wsdl:portType>", OPERATION + "</wsdl:portType>"),
    ("</wsdl:binding>", BOUND + "</wsdl:binding>"),
)
HEADER = '<soap:header message="tns:TroubleException" part="fault" use="literal"/>'
PORT = '<wsdl:port name="Second" binding="tns:OrdersSoap11"/></wsdl:service>'
INPUT_BODY = '<wsdl:input>\n        <soap:body use="literal"/>'
OUTPUT_BODY = '<wsdl:output>\n        <soap:body use="literal"/>'
FAULT = '<wsdl:fault name="Trouble" message="tns:TroubleException"/>'

SERVICE_RULES = [
    (GOOD, WITH_CANCEL, "operation Cancel", "added", request(SAFE)),
    (WITH_CANCEL, GOOD, "operation Cancel", "removed", request(BREAKING)),
    (
        GOOD,
        changed(('"urn:orders/Submit"', '"urn:orders/Put"')),
        "binding OrdersSoap11",
        'soapAction was "urn:orders/Submit", is now "urn:orders/Put"',
        request(BREAKING),
    ),
    (
        GOOD,
        changed((INPUT_BODY, INPUT_BODY + HEADER)),
        "binding OrdersSoap11",
        "header added",
        request(SAFE),
    ),
    (
        changed((INPUT_BODY, INPUT_BODY + HEADER)),
        GOOD,
        "binding OrdersSoap11",
        "header removed",
        request(BREAKING),
    ),
    (
        GOOD,
        changed((OUTPUT_BODY, OUTPUT_BODY + HEADER)),
        "binding OrdersSoap11",
        "header added",
        response(LENIENT),
    ),
    (
        GOOD,
        changed((INPUT_BODY, INPUT_BODY.replace("literal", "encoded"))),
        "binding OrdersSoap11",
        "use was literal, is now encoded",
        request(BREAKING),
    ),
    (
        GOOD,
        changed(('style="document"', 'style="rpc"')),
        "binding OrdersSoap11",
        "style was document, is now rpc",
        both(BREAKING, BREAKING),
    ),
    (
        GOOD,
        changed(("http://schemas.xmlsoap.org/soap/http", "urn:mail")),
        "binding OrdersSoap11",
        "transport was http://schemas.xmlsoap.org/soap/http, is now urn:mail",
        both(BREAKING, BREAKING),
    ),
    (
        GOOD,
        GOOD.replace("/wsdl/soap/", "/wsdl/soap12/"),
        "binding OrdersSoap11",
        "SOAP was 1.1, is now 1.2",
        both(BREAKING, BREAKING),
    ),
    (
        GOOD,
        changed(("erp.example.com", "new.example.com")),
        "service OrderService",
        "address was https://erp.example.com/orders, is now https://new.example.com/orders",
        request(SAFE),
    ),
    (GOOD, changed(("</wsdl:service>", PORT)), "service OrderService", "port added", request(SAFE)),
    (
        changed(("</wsdl:service>", PORT)),
        GOOD,
        "service OrderService",
        "port removed",
        request(BREAKING),
    ),
    (GOOD, changed((FAULT, "")), "operation Submit", "fault removed", response(SAFE)),
    (changed((FAULT, "")), GOOD, "operation Submit", "fault added", response(LENIENT)),
    (
        GOOD,
        changed(('<wsdl:output message="tns:SubmitResponse"/>', "")),
        "operation Submit",
        "was request and response, is now one-way",
        both(BREAKING, BREAKING),
    ),
    (
        GOOD,
        changed(('element="tns:SubmitResponse"', 'element="tns:Trouble"')),
        "operation Submit",
        "element was SubmitResponse, is now Trouble",
        response(BREAKING),
    ),
    (
        GOOD,
        changed(('name="parameters"', 'name="body"')),
        "operation Submit",
        "part parameters renamed to body",
        request(SAFE),
    ),
]


@pytest.mark.parametrize(("old", "new", "subject", "what", "verdicts"), SERVICE_RULES)
def test_a_change_of_the_service_is_judged(
    old: str, new: str, subject: str, what: str, verdicts: Verdicts
) -> None:
    """Each change of an operation, a binding or a service has its verdict."""
    found = [
        (one.subject, one.what, one.verdicts) for one in compare(description(old), description(new))
    ]
    assert (subject, what, verdicts) in found


def test_an_operation_that_is_offered_and_bound_no_longer_breaks() -> None:
    """The port type still has it, no binding speaks it."""
    found = single(WITH_CANCEL, changed((BOUND, ""), text=WITH_CANCEL))
    assert (found.what, found.verdicts) == ("operation is bound no longer", request(BREAKING))


def test_in_rpc_style_the_name_of_a_part_is_on_the_wire() -> None:
    """What is a mere name in document style breaks requests in rpc style."""
    rpc = changed(
        ('style="document"', 'style="rpc"'),
        ('name="parameters" element="tns:Submit"', 'name="order" type="tns:Order"'),
    )
    renamed = changed(('name="order"', 'name="sale"'), text=rpc)
    assert single(rpc, renamed).verdicts == request(BREAKING)
    retyped = changed(('"order" type="tns:Order"', '"order" type="xs:int"'), text=rpc)
    assert single(rpc, retyped).verdicts == request(BREAKING)


def test_renamed_services_bindings_and_port_types_break_nothing() -> None:
    """Names that do not travel may change; what they name is compared all the same."""
    renamed = changed(
        ('portType name="Orders"', 'portType name="Sales"'),
        ('name="OrdersSoap11" type="tns:Orders"', 'name="SalesSoap" type="tns:Sales"'),
        ('name="OrderService"', 'name="SalesService"'),
        ('name="OrdersSoap11" binding="tns:OrdersSoap11"', 'name="S" binding="tns:SalesSoap"'),
    )
    found = compare(description(GOOD), description(renamed))
    assert {one.verdict for one in found} == {SAFE}
    assert sorted(one.subject.partition(" ")[0] for one in found) == [
        "binding",
        "port",
        "service",
        "service",
    ]


def test_a_moved_namespace_is_told_once() -> None:
    """The same contract in another namespace breaks once, and is compared all the same."""
    new = GOOD.replace("urn:orders", "urn:orders:v2")
    found = compare(description(GOOD), description(changed((NOTE, ""), text=new)))
    told = {(one.subject, one.what) for one in found}
    assert told == {
        ("namespace urn:orders", "is now urn:orders:v2"),
        ("type Order", "element removed"),
        (
            "binding OrdersSoap11",
            'soapAction was "urn:orders/Submit", is now "urn:orders:v2/Submit"',
        ),
    }


def test_substitutes_widen_what_may_come() -> None:
    """An element that stands in for one of a response is a surprise to its readers."""
    head = '<xs:element name="Head" type="xs:string"/>'
    use = (REMARK, REMARK + '<xs:element ref="tns:Head"/>')
    old = changed(use, ("</xs:schema>", head + "</xs:schema>"))
    other = '<xs:element name="Other" substitutionGroup="tns:Head" type="xs:string"/>'
    new = changed(use, ("</xs:schema>", head + other + "</xs:schema>"))
    assert single(old, new).verdicts == response(BREAKING)
    assert single(new, old).verdicts == response(SAFE)


def test_an_element_that_joins_a_group_of_substitutes_widens_it() -> None:
    """An element that was there before and stands in for another now is told once, both ways."""
    head = '<xs:element name="Head" type="xs:string"/><xs:element name="Other" type="xs:string"/>'
    use = (REMARK, REMARK + '<xs:element ref="tns:Head"/>')
    old = changed(use, ("</xs:schema>", head + "</xs:schema>"))
    new = changed(('name="Other"', 'name="Other" substitutionGroup="tns:Head"'), text=old)
    assert single(old, new).verdicts == response(BREAKING)
    assert single(new, old).verdicts == response(SAFE)


DERIVED = (
    '<xs:simpleType name="Short"><xs:restriction base="tns:Code"><xs:maxLength value="5"/>'
    "</xs:restriction></xs:simpleType></xs:schema>"
)


def test_what_a_simple_type_inherits_is_told_of_its_base() -> None:
    """A facet that changed in the base is one line, though types are derived from it."""
    derived = changed(("</xs:schema>", DERIVED), (ITEM, ITEM.replace("Code", "Short")))
    base = single(derived, changed(('minLength value="2"', 'minLength value="1"'), text=derived))
    assert (base.subject, base.verdicts) == ("type Code", request(SAFE))
    own = single(derived, changed(('maxLength value="5"', 'maxLength value="7"'), text=derived))
    assert (own.subject, own.what) == ("type Short", "maxLength was 5, is now 7")


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("", '<xs:pattern value="X"/>', SAFE),
        ('<xs:pattern value="X"/>', "", BREAKING),
        ('<xs:pattern value="X"/>', '<xs:pattern value="Y"/>', BREAKING),
    ],
)
def test_one_more_pattern_widens(old: str, new: str, verdict: Verdict) -> None:
    """Patterns of one type are alternatives: a further one allows more, one less allows less."""
    pattern = '<xs:pattern value="[A-Z]+"/>'
    found = single(changed((pattern, pattern + old)), changed((pattern, pattern + new)))
    assert found.verdicts == request(verdict)


def test_the_items_of_an_encoded_array_are_compared() -> None:
    """An array of SOAP's encoding that holds other items breaks."""
    array = (
        '<xs:complexType name="Codes"><xs:complexContent><xs:restriction base="enc:Array" '
        'xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"><xs:attribute ref="enc:arrayType" '
        'wsdl:arrayType="xs:int[]"/></xs:restriction></xs:complexContent></xs:complexType>'
    )
    old = changed((ITEM, ITEM.replace("Code", "Codes")), ("</xs:schema>", f"{array}</xs:schema>"))
    found = single(old, changed(('"xs:int[]"', '"xs:string[]"'), text=old))
    assert (found.what, found.verdicts) == (
        "array of int[], is now of string[]",
        request(BREAKING),
    )


def test_in_rpc_style_the_order_of_parts_is_on_the_wire() -> None:
    """Parts that changed places break in rpc style, and mean nothing in document style."""
    order, urgent = (f'<wsdl:part name="{name}" type="xs:int"/>' for name in "ou")
    part = '<wsdl:part name="parameters" element="tns:Submit"/>'
    rpc = changed(('style="document"', 'style="rpc"'), (part, order + urgent))
    other = changed((order + urgent, urgent + order), text=rpc)
    assert single(rpc, other).verdicts == request(BREAKING)


def test_what_a_body_holds_is_compared() -> None:
    """A part that left the body for a header breaks; naming what was meant changes nothing."""
    part = '<wsdl:part name="parameters" element="tns:Submit"/>'
    more = changed((part, part + '<wsdl:part name="token" element="tns:Trouble"/>'))
    named = changed(
        (INPUT_BODY, INPUT_BODY.replace("/>", ' parts="parameters token"/>')), text=more
    )
    assert compare(description(more), description(named)) == ()
    fewer = changed(('parts="parameters token"', 'parts="parameters"'), text=named)
    found = single(named, fewer)
    assert (found.what, found.item) == ("part is in the body no longer", "token")
    assert found.verdicts == request(BREAKING)


def test_a_port_that_speaks_another_binding_breaks() -> None:
    """The address is the same, the protocol is not."""
    at, end = GOOD.index("  <wsdl:binding"), GOOD.index("  <wsdl:service")
    other = GOOD[at:end].replace('"OrdersSoap11"', '"Other"')
    old = changed(("  <wsdl:service", other + "  <wsdl:service"))
    found = single(old, changed(('binding="tns:OrdersSoap11"', 'binding="tns:Other"'), text=old))
    assert (found.path, found.verdicts) == ("port OrdersSoap11", request(BREAKING))


@pytest.mark.parametrize("text", [GOOD, WITH_CANCEL])
def test_a_description_equals_itself(text: str) -> None:
    """Compared with itself, nothing differs."""
    assert compare(description(text), description(text)) == ()
