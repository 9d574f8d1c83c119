"""What the contract is built from: elements, simple types, and types derived from the domain.

Two rules of naming tie the contract to Python objects, and the codec relies on them: an element is
its attribute in CamelCase (`IssuedOn` is `issued_on`), and a repeated element is the singular of
its attribute (`Line` is one of `lines`). A group is an element whose members are flat attributes
of the parent's object (`Billing.Street` is `billing_street`).

Each model carries, in Spyne's `Attributes`: `type_doc` (the type's documentation, where Spyne's own
`doc` is that of one element), `python_type` (what makes a Python value of it) and `is_group`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from spyne import ComplexModel, Date, Decimal, Enum, Integer32, ModelBase, Unicode
from spyne.model.complex import TypeInfo

from bridge.domain.money import MAX_DIGITS, MAX_SUM_DIGITS, SCALE
from bridge.domain.records import Field, Kind, fields_of

NAMESPACE = "urn:erp-bridge:v1"

_GROUPS = ("billing",)

Model = type[ModelBase]


@dataclass(frozen=True, slots=True)
class Simple:
    """A restricted primitive with its name and facets, before it becomes an element.

    Spyne forgets the name of a restricted type when an element customizes it further, so both are
    given in one step.
    """

    primitive: Model
    facets: Mapping[str, Any]


def required(of: Simple | Model, doc: str) -> Model:
    """An element that stands exactly once."""
    return _element(of, doc, least=1, most=1)


def optional(of: Simple | Model, doc: str) -> Model:
    """An element that may be absent."""
    return _element(of, doc, least=0, most=1)


def repeated(of: Simple | Model, doc: str, *, least: int = 0, most: int | None = None) -> Model:
    """An element that stands `least` to `most` times, side by side; None is unbounded."""
    return _element(of, doc, least=least, most="unbounded" if most is None else most)


def simple_type(primitive: Model, name: str, doc: str, **facets: Any) -> Simple:
    """A named restriction of one of Spyne's primitives."""
    named = {"type_name": name, "__namespace__": NAMESPACE, "type_doc": doc}
    return Simple(primitive, facets | named)


def text_type(max_length: int) -> Simple:
    """Text of limited length."""
    doc = f"Text of at most {max_length} characters."
    return simple_type(Unicode, f"Text{max_length}", doc, max_len=max_length)


def enumeration(codes: type[StrEnum], doc: str) -> Model:
    """A simple type that lists the codes of a domain enum."""
    model: Model = Enum(*(code.value for code in codes), type_name=codes.__name__)
    model.__namespace__ = NAMESPACE
    annotated: Model = model.customize(type_doc=doc, python_type=codes)
    return annotated


def complex_type(
    name: str,
    doc: str,
    elements: Mapping[str, Model],
    *,
    python_type: Callable[..., Any] | None = None,
) -> Model:
    """A complex type: its elements in order, and what makes a value of it, if it is ever read.

    `python_type` is called with attributes as keyword arguments, None where absent.
    """
    members = TypeInfo(list(elements.items()))
    model: Model = ComplexModel.produce(namespace=NAMESPACE, type_name=name, members=members)
    model.Attributes.type_doc = doc
    model.Attributes.python_type = python_type
    return model


def record_type(
    record_class: type[Any], doc: str, docs: Mapping[str, str], nested: Mapping[type[Any], Model]
) -> Model:
    """The complex type of a domain record or item, derived from its catalogue.

    `docs` documents every element by its contract name, `nested` holds the models of enums and
    items. A name that is missing in either is a KeyError on import.
    """
    elements: dict[str, Model] = {}
    for group, fields in groupby(fields_of(record_class).values(), key=_group_of):
        members = {
            contract_name(field).rpartition(".")[2]: _field_element(
                field, docs[contract_name(field)], nested
            )
            for field in fields
        }
        elements |= {group: _group(group, docs[group], members)} if group else members
    return complex_type(record_class.__name__, doc, elements, python_type=record_class)


def contract_name(field: Field) -> str:
    """A domain field as consumers know it: `issued_on` -> IssuedOn, `billing_street` ->
    Billing.Street, `lines` -> Line.
    """
    group = _group_of(field)
    if group:
        return f"{group}.{_camel_case(field.name.partition('_')[2])}"
    return _camel_case(field.name[:-1] if field.kind is Kind.ITEMS else field.name)


def attribute_name(element: str, model: Model) -> str:
    """The Python attribute behind an element: IssuedOn -> issued_on, a repeated Line -> lines."""
    plural = "s" if is_repeated(model) else ""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", element).lower() + plural


def is_repeated(model: Model) -> bool:
    """Whether an element may stand more than once."""
    return bool(model.Attributes.max_occurs > 1)


def is_group(model: Model) -> bool:
    """Whether an element's members are flat attributes of its parent's object."""
    return bool(getattr(model.Attributes, "is_group", False))


def _element(of: Simple | Model, doc: str, *, least: int, most: int | str) -> Model:
    occurrence = {"min_occurs": least, "max_occurs": most, "nillable": False, "doc": doc}
    model: Model = (
        of.primitive(**of.facets, **occurrence)
        if isinstance(of, Simple)
        else of.customize(**occurrence)
    )
    return model


def _group_of(field: Field) -> str | None:
    prefix = field.name.partition("_")[0]
    return _camel_case(prefix) if prefix in _GROUPS else None


def _group(name: str, doc: str, members: Mapping[str, Model]) -> Model:
    model = complex_type(name, doc, members)
    model.Attributes.is_group = True
    return optional(model, doc)


def _field_element(field: Field, doc: str, nested: Mapping[type[Any], Model]) -> Model:
    if field.item_type:
        return repeated(nested[field.item_type], doc)
    of = nested[field.codes] if field.codes else _simple_type_of(field)
    return required(of, doc) if field.required else optional(of, doc)


def _simple_type_of(field: Field) -> Simple | Model:
    if field.kind in _TYPE_OF_KIND:
        return _TYPE_OF_KIND[field.kind]
    return text_type(field.max_length) if field.max_length else Unicode


def _camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


_EXACT = {"total_digits": MAX_DIGITS, "fraction_digits": SCALE}

AMOUNT = simple_type(
    Decimal, "Amount", "An exact amount of money in the record's currency.", **_EXACT
)
SUM = simple_type(
    Decimal, "Sum", "An exact sum of amounts.", total_digits=MAX_SUM_DIGITS, fraction_digits=SCALE
)
QUANTITY = simple_type(Decimal, "Quantity", "An exact quantity.", **_EXACT)
CURRENCY_CODE = simple_type(
    Unicode, "CurrencyCode", "ISO 4217 alphabetic code, such as EUR.", max_len=3
)
COUNTRY_CODE = simple_type(
    Unicode, "CountryCode", "ISO 3166-1 alpha-2 code, such as DE.", max_len=2
)

_TYPE_OF_KIND: Mapping[Kind, Simple | Model] = {
    Kind.DATE: Date,
    Kind.INTEGER: Integer32,
    Kind.MONEY: AMOUNT,
    Kind.AMOUNT: AMOUNT,
    Kind.QUANTITY: QUANTITY,
    Kind.CURRENCY: CURRENCY_CODE,
    Kind.COUNTRY: COUNTRY_CODE,
}
