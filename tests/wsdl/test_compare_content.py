"""How elements stand together: replaced ones, order, choices, each in requests and in responses."""

import pytest

from bridge.wsdl.changes import Effect
from bridge.wsdl.compare import compare
from tests.wsdl.documents import GOOD, changed, description
from tests.wsdl.test_compare import single

SEQUENCE = "<xs:sequence>{}</xs:sequence>"
CHOICE = "<xs:choice>{}</xs:choice>"
MAYBE = '<xs:choice minOccurs="0">{}</xs:choice>'
NOTE = '<xs:element name="Note" type="xs:string" minOccurs="0"/>'
A, B, C = (f'<xs:element name="{name}" type="xs:string"/>' for name in "ABC")
MAYBE_A, MAYBE_B = (one.replace("/>", ' minOccurs="0"/>') for one in (A, B))
GROUP = '<xs:group name="G">{}</xs:group></xs:schema>'

ARRANGEMENTS = [
    (A + B, CHOICE.format(A + B), "only one of A, B may stand now", Effect.CHANGES),
    (MAYBE_A + MAYBE_B, MAYBE.format(A + B), "only one of A, B may stand now", Effect.NARROWS),
    (CHOICE.format(A + B), A + B, "A, B may stand together now", Effect.CHANGES),
    (MAYBE.format(A + B), MAYBE_A + MAYBE_B, "A, B may stand together now", Effect.WIDENS),
    (CHOICE.format(A + B), MAYBE.format(A + B), "none of A, B is required now", Effect.WIDENS),
    (MAYBE.format(A + B), CHOICE.format(A + B), "one of A, B is required now", Effect.NARROWS),
    (
        CHOICE.format(A + B),
        CHOICE.format(A + B + C),
        "element added as a further choice",
        Effect.WIDENS,
    ),
    (CHOICE.format(A + B + C), CHOICE.format(A + B), "element removed", Effect.NARROWS),
    (
        CHOICE.format(SEQUENCE.format(A + B) + C),
        CHOICE.format(SEQUENCE.format(B + A) + C),
        "order of elements changed",
        Effect.CHANGES,
    ),
    (
        CHOICE.format(SEQUENCE.format(MAYBE_A + MAYBE_B) + C),
        CHOICE.format(A + B + C),
        "only one of A, B, C may stand now",
        Effect.NARROWS,
    ),
    (A + B, B + A, "order of elements changed", Effect.CHANGES),
    (A, B, "replaced by B", Effect.REMOVES),
]


@pytest.mark.parametrize(("old", "new", "what", "effect"), ARRANGEMENTS)
def test_an_arrangement_is_told_once(old: str, new: str, what: str, effect: Effect) -> None:
    """What changed in how elements stand together is one line."""
    found = single(changed((NOTE, old)), changed((NOTE, new)))
    assert (found.what, found.difference.effect) == (what, effect)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CHOICE.format(A + B), CHOICE.format(B + A)),
        (A + SEQUENCE.format(B), SEQUENCE.format(A) + B),
        (CHOICE.format(A + CHOICE.format(B + C)), CHOICE.format(A + B + C)),
    ],
)
def test_what_allows_the_same_is_no_change(old: str, new: str) -> None:
    """Alternatives have no order, and a group of one adds nothing."""
    old, new = changed((NOTE, old)), changed((NOTE, new))
    assert items(old, new) == []


@pytest.mark.parametrize("kind", ["choice", "sequence"])
def test_groups_that_are_named_are_seen_through(kind: str) -> None:
    """A choice in a named group is a choice, wherever the group is used."""
    plain, other = f"<xs:{kind}>{A}{B}</xs:{kind}>", f"<xs:{kind}>{A}{C}</xs:{kind}>"
    grouped = changed((NOTE, '<xs:group ref="tns:G"/>'), ("</xs:schema>", GROUP.format(plain)))
    assert items(grouped, changed((NOTE, plain))) == []
    assert items(grouped, changed((NOTE, other))) == ["B"]


def test_elements_in_another_namespace_are_told_as_such() -> None:
    """Where a schema stops to qualify its elements, each stands in no namespace now: one line."""
    new = changed(('elementFormDefault="qualified"', 'version="1"'))
    found = compare(description(GOOD), description(new))
    assert {one.what for one in found} == {"namespace was urn:orders, is now absent"}
    assert {one.difference.effect for one in found} == {Effect.CHANGES}
    assert len(found) == GOOD.count("<xs:element name=") - 3


def test_only_what_is_alike_replaces() -> None:
    """An element of another type in the place of one that is gone was removed and added."""
    number = B.replace("xs:string", "xs:int")
    assert items(changed((NOTE, A)), changed((NOTE, number))) == ["A", "B"]


def items(old: str, new: str) -> list[str]:
    """What the changes are about."""
    return [one.item for one in compare(description(old), description(new))]
