"""Who is compared with whom: pairs that have one of many keys in common, each of them rare enough.

A key that too many pairs share says nothing, and would make the work grow with the square of the
customers: it is left out, and told. What it alone would have brought is not found.
"""

import duckdb

from bridge.matching.exact import Capped

_WORDS = "SELECT id, unnest(string_split(name, ' ')) AS word, postal_code FROM {side}"
_CODES = "SELECT id, unnest(string_split(codes, ' ')) AS code, postal_code, city, house FROM {side}"
_KEYS = {
    "tax number": "SELECT id, tax_number FROM {side}",
    "e-mail address": "SELECT id, email FROM {side}",
    "domain": "SELECT id, domain FROM {side}",
    "phone": "SELECT id, right(phone, 7) FROM {side}",
    "name": "SELECT id, name_key FROM {side}",
    "street and number": "SELECT id, street || ' ' || house FROM {side}",
    "number and postal code": "SELECT id, house || ' ' || postal_code FROM {side}",
    "number and digits of the postal code": (
        "SELECT id, house || ' ' || list_aggregate(list_sort(string_split(postal_code, '')),"
        " 'string_agg', '') FROM {side}"
    ),
    "street and postal code": "SELECT id, left(street, 5) || ' ' || postal_code FROM {side}",
    "street and city": "SELECT id, left(street, 5) || ' ' || city FROM {side}",
    "rare word": f"SELECT id, word FROM ({_WORDS}) WHERE length(word) > 3",
    "rarely written word": f"SELECT id, code FROM ({_CODES}) WHERE length(code) > 3",
    "word and postal code": f"SELECT id, code || ' ' || postal_code FROM ({_CODES})",
    "beginning of a word and postal code": (
        f"SELECT id, left(word, 3) || ' ' || postal_code FROM ({_WORDS})"
    ),
    "word and city": f"SELECT id, code || ' ' || left(city, 6) FROM ({_CODES})",
    "word and number": f"SELECT id, code || ' ' || house FROM ({_CODES})",
    "beginnings of words": (
        "SELECT id, list_aggregate(list_sort(list_transform(string_split(name, ' '),"
        " lambda word: left(word, 2))), 'string_agg', '') FROM {side} WHERE contains(name, ' ')"
    ),
}
"""What may be shared -> its values by record."""


def block(connection: duckdb.DuckDBPyConnection, *, max_pairs_per_key: int) -> list[Capped]:
    """Makes the table `pair` (erp, crm: ids) of what is to be compared; tells what was left out."""
    for side in ("erp", "crm"):
        parts = (
            f"SELECT id, '{what}' AS what, value FROM ({query.format(side=side)}) AS k(id, value)"
            f" WHERE value <> ''"
            for what, query in _KEYS.items()
        )
        connection.execute(f"CREATE TABLE {side}_key AS {' UNION ALL '.join(parts)}")
    connection.execute(_COUNT)
    connection.execute(_PAIR, [max_pairs_per_key])
    rows = connection.execute(_CAPPED, [max_pairs_per_key]).fetchall()
    return [Capped(f"{what} {value!r}", pairs) for what, value, pairs in rows]


_COUNT = """
    CREATE TABLE shared_key AS
    SELECT what, value, ours.n * theirs.n AS pairs
    FROM (SELECT what, value, count(*) AS n FROM erp_key GROUP BY ALL) AS ours
    JOIN (SELECT what, value, count(*) AS n FROM crm_key GROUP BY ALL) AS theirs
    USING (what, value)
"""
_PAIR = """
    CREATE TABLE pair AS
    SELECT DISTINCT erp_key.id AS erp, crm_key.id AS crm
    FROM erp_key
    JOIN shared_key USING (what, value)
    JOIN crm_key USING (what, value)
    WHERE shared_key.pairs <= ?
"""
_CAPPED = "SELECT what, value, pairs FROM shared_key WHERE pairs > ?"
