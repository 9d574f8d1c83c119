"""Both sides in DuckDB: columns of Arrow, made from normal forms, NULL where nothing is said."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import duckdb
import pyarrow

from bridge.domain.identity import Identity
from bridge.matching.exact import Known

_COLUMNS: Mapping[str, Callable[[Identity], str]] = {
    "name": lambda one: " ".join(one.name),
    "codes": lambda one: " ".join(filter(None, map(_code, one.name))),
    "name_key": lambda one: "".join(sorted(one.name)),
    "legal_form": lambda one: one.legal_form,
    "tax_number": lambda one: one.tax_number,
    "email": lambda one: one.email,
    "domain": lambda one: one.domain,
    "web": lambda one: one.email or one.domain,
    "phone": lambda one: one.phone,
    "street": lambda one: one.street,
    "house": lambda one: one.house,
    "street_line": lambda one: f"{one.street} {one.house}".strip(),
    "city": lambda one: one.city,
    "postal_code": lambda one: one.postal_code,
    "place": lambda one: f"{one.postal_code} {one.city}".strip(),
    "country": lambda one: one.country,
}
"""Column -> what it holds of an identity."""


def load_side(connection: duckdb.DuckDBPyConnection, name: str, side: Sequence[Known]) -> None:
    """Makes the table `erp` or `crm`: `id` is a record's place in the side, then the columns."""
    identities = [one.identity for one in side]
    columns = {
        column: pyarrow.array([_text(of(one)) for one in identities], pyarrow.string())
        for column, of in _COLUMNS.items()
    }
    ids = pyarrow.array([one.known_as for one in side], pyarrow.string())
    connection.register("incoming", pyarrow.table({"id": ids, **columns}))
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
    connection.unregister("incoming")


def _code(word: str) -> str:
    """What stays of a word when it is misspelt: its first letter, then consonants, none twice."""
    if len(word) < _LEAST_LETTERS:
        return ""
    kept = (one for one, _ in groupby(word[0] + word[1:].translate(_NO_VOWELS)))
    return "".join(kept)[:_MOST_LETTERS]


def _text(value: str) -> str | None:
    return value or None


_NO_VOWELS = str.maketrans("", "", "aeiouyhw")
_LEAST_LETTERS, _MOST_LETTERS = 2, 5
