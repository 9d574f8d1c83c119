"""Sample values of simple types: what a person would expect to read, within the facets."""

import re
from decimal import Decimal

from bridge.wsdl.export.patterns import PatternNotUnderstood, text_for_pattern
from bridge.wsdl.facets import SimpleTypes, Values
from bridge.wsdl.model import Schema, SimpleType, TypeUse, Variety

_TEXTS = {
    "boolean": "true",
    "date": "2026-01-31",
    "dateTime": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "gYear": "2026",
    "gYearMonth": "2026-01",
    "gMonth": "--01",
    "gMonthDay": "--01-31",
    "gDay": "---31",
    "base64Binary": "QUJD",
    "hexBinary": "4142",
    "anyURI": "http://example.com/",
    "language": "en",
    "float": "1.5",
    "double": "1.5",
    "QName": "name",
}
_NUMBERS = {
    "decimal": "1",
    "integer": "1",
    "long": "1",
    "int": "1",
    "short": "1",
    "byte": "1",
    "nonNegativeInteger": "1",
    "positiveInteger": "1",
    "unsignedLong": "1",
    "unsignedInt": "1",
    "unsignedShort": "1",
    "unsignedByte": "1",
    "nonPositiveInteger": "-1",
    "negativeInteger": "-1",
}
_SUCH_AS = re.compile(r"\bsuch as ([^\s,;]+?)[.,;]?(?:\s|$)")
_DECIMAL = re.compile(r"[+-]?\d{1,100}(\.\d{1,100})?", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_LONGEST = 2_000


class SampleValues:
    """Makes texts for the simple types of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._simple = SimpleTypes(schema)

    def text_of(self, use: TypeUse, name: str, documentation: str = "") -> str:
        """A value of the type, for what has this name.

        An example in the documentation ("such as EUR") is taken if the facets allow it. Of a list
        one item is told, of a union the first member. A QName may be in Clark notation.
        """
        of = self._schema.types.get(use) if isinstance(use, str) else use
        if isinstance(of, SimpleType) and of.variety is not Variety.ATOMIC and of.bases[0] != use:
            return self.text_of(of.bases[0], name)
        values = self._simple.values_of(use)
        if values is None:
            return name
        if values.variety is not Variety.ATOMIC and isinstance(of, SimpleType):
            return self.text_of(of.bases[0], name)
        own = of.documentation if isinstance(of, SimpleType) else ""
        for example in _SUCH_AS.findall(f"{documentation} {own}"):
            if _fits(values, example):
                return str(example)
        return _text(values, name)


def _fits(values: Values, text: str) -> bool:
    """Whether an example is safe to take: of the types whose facets are checked here."""
    if values.enumeration is not None:
        return text in values.enumeration
    if values.primitive not in ("string", "token", "normalizedString") or values.patterns:
        return False
    least, most = _lengths(values)
    return least <= len(text) <= most


def _text(values: Values, name: str) -> str:
    if values.enumeration:
        return values.enumeration[0]
    if values.primitive in _NUMBERS:
        return _number(values)
    if values.patterns:
        return _of_pattern(values) or name
    least, most = _lengths(values)
    text = _TEXTS.get(values.primitive, name)
    return text.ljust(least, "x")[:most] if values.primitive not in _TEXTS else text


def _number(values: Values) -> str:
    facets = values.facets
    number = Decimal(_NUMBERS[values.primitive])
    digits = _count(facets, "fractionDigits", 2) if values.primitive == "decimal" else 0
    step = Decimal(1).scaleb(-digits)
    lowest = _bound(facets, "minInclusive", "minExclusive", step)
    highest = _bound(facets, "maxInclusive", "maxExclusive", -step)
    number = number if lowest is None else max(number, lowest)
    return f"{number if highest is None else min(number, highest):f}"


def _bound(facets: dict[str, str], inclusive: str, exclusive: str, step: Decimal) -> Decimal | None:
    for facet, beyond in ((inclusive, Decimal(0)), (exclusive, step)):
        if _DECIMAL.fullmatch(facets.get(facet, "")):
            return Decimal(facets[facet]) + beyond
    return None


def _of_pattern(values: Values) -> str:
    """A text for a pattern of those added last, repeated until it is long enough.

    Empty where none is understood: a person has to write one.
    """
    least, most = _lengths(values)
    for pattern in sorted(values.patterns[-1]):
        for repeats in range(least + 1):
            try:
                text = text_for_pattern(pattern, repeats=repeats)
            except PatternNotUnderstood:
                break
            if least <= len(text) <= most:
                return text
    return ""


def _lengths(values: Values) -> tuple[int, int]:
    exact = _count(values.facets, "length", -1)
    if exact >= 0:
        return exact, exact
    least = _count(values.facets, "minLength", 0)
    return least, max(least, _count(values.facets, "maxLength", _LONGEST))


def _count(facets: dict[str, str], facet: str, otherwise: int) -> int:
    """A facet that counts something; samples stay short whatever it says."""
    text = facets.get(facet, "")
    return min(int(text), _LONGEST) if _COUNT.fullmatch(text) else otherwise
