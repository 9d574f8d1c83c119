"""How two customers are compared: fields, and the ways in which they may be alike.

Conditions are DuckDB's SQL over the columns of `bridge.matching.sides`, which hold NULL where a
customer says nothing; `_l` is the ERP's side, `_r` Salesforce's. Of a comparison's levels the first
that fits counts. How much each weighs is the model's (bridge.matching.model).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """One way of being alike. `frequency` names the column whose rare values weigh more.

    `doubtful`: a pair that is like this is never certain, whatever else speaks for it.
    """

    label: str
    condition: str
    frequency: str | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, when it is unknown, and its levels, the most alike first.

    `column` shows people what was compared.
    """

    field: str
    column: str
    unknown: str
    levels: tuple[Level, ...]


def _either_lacks(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def _shared(column: str) -> str:
    """How many words both have."""
    return f"len(list_intersect({_words(column, 'l')}, {_words(column, 'r')}))"


def _fewer(column: str) -> str:
    """How many words the shorter one has."""
    return f"least(len({_words(column, 'l')}), len({_words(column, 'r')}))"


def _words(column: str, side: str) -> str:
    return f"string_split({column}_{side}, ' ')"


_JARO = "jaro_winkler_similarity"
_CITIES = f"{_JARO}(city_l, city_r)"
_ALIKE_STREETS = f"{_JARO}(street_l, street_r) >= 0.88 OR {_shared('street')} = {_fewer('street')}"
_NO_DOMAIN = _either_lacks("domain")

COMPARISONS = (
    Comparison(
        "name",
        "name",
        _either_lacks("name"),
        (
            Level("the same words", "name_key_l = name_key_r", frequency="name_key"),
            Level(
                "a slip apart",
                f"{_JARO}(name_key_l, name_key_r) >= 0.96 OR {_JARO}(name_l, name_r) >= 0.96",
            ),
            Level("one within the other", f"{_shared('name')} = {_fewer('name')}"),
            Level(
                "similar",
                f"{_JARO}(name_key_l, name_key_r) >= 0.89 OR {_JARO}(name_l, name_r) >= 0.89",
            ),
            Level("shares a word", f"{_shared('name')} > 0", doubtful=True),
            Level("different", "ELSE", doubtful=True),
        ),
    ),
    Comparison(
        "legal form",
        "legal_form",
        _either_lacks("legal_form"),
        (
            Level("the same", "legal_form_l = legal_form_r"),
            Level("different", "ELSE", doubtful=True),
        ),
    ),
    Comparison(
        "tax number",
        "tax_number",
        _either_lacks("tax_number"),
        (
            Level("the same", "tax_number_l = tax_number_r"),
            Level("a slip apart", "damerau_levenshtein(tax_number_l, tax_number_r) <= 2"),
            Level("different", "ELSE", doubtful=True),
        ),
    ),
    Comparison(
        "e-mail and web",
        "web",
        f"({_NO_DOMAIN}) AND coalesce(email_l <> email_r, true)",
        (
            Level("the same address", "email_l = email_r", frequency="email"),
            Level("the same domain", "domain_l = domain_r", frequency="domain"),
            Level("similar domain", f"{_JARO}(domain_l, domain_r) >= 0.93"),
            Level("different", "ELSE"),
        ),
    ),
    Comparison(
        "phone",
        "phone",
        _either_lacks("phone"),
        (
            Level("the same", "phone_l = phone_r", frequency="phone"),
            Level("the same but for an extension", "left(phone_l, 9) = left(phone_r, 9)"),
            Level("ends the same", "right(phone_l, 7) = right(phone_r, 7)"),
            Level("a slip apart", "damerau_levenshtein(phone_l, phone_r) <= 1"),
            Level("different", "ELSE"),
        ),
    ),
    Comparison(
        "street",
        "street_line",
        _either_lacks("street"),
        (
            Level("the same", "street_l = street_r AND house_l = house_r"),
            Level("similar, same number", f"({_ALIKE_STREETS}) AND house_l = house_r"),
            Level("the same, other number", "street_l = street_r"),
            Level("similar, other number", _ALIKE_STREETS),
            Level("different", "ELSE"),
        ),
    ),
    Comparison(
        "place",
        "place",
        f"({_either_lacks('postal_code')}) AND ({_either_lacks('city')})",
        (
            Level(
                "the same",
                f"postal_code_l = postal_code_r AND coalesce({_CITIES} >= 0.88, true)",
            ),
            Level("the same postal code", "postal_code_l = postal_code_r"),
            Level(
                "the same city, near postal code",
                f"{_CITIES} >= 0.92"
                " AND coalesce(damerau_levenshtein(postal_code_l, postal_code_r) <= 1, false)",
            ),
            Level("the same city", f"{_CITIES} >= 0.92"),
            Level("near postal code", "damerau_levenshtein(postal_code_l, postal_code_r) <= 1"),
            Level("different", "ELSE"),
        ),
    ),
    Comparison(
        "country",
        "country",
        _either_lacks("country"),
        (
            Level("the same", "country_l = country_r", frequency="country"),
            Level("different", "ELSE"),
        ),
    ),
)

FREQUENCIES = tuple(
    dict.fromkeys(
        level.frequency
        for one in COMPARISONS
        for level in one.levels
        if level.frequency is not None
    )
)
"""The columns whose values' frequencies count."""
