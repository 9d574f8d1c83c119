"""Duplicate rules: rows that look like a record that is there already.

A rule finds records with the same values in all of its fields. One that alerts gives way to
DuplicateRuleHeader's allowSave, one that blocks does not; rows of one call are not compared with
each other. Sources: SOAP API Developer Guide, DuplicateRuleHeader and DuplicateError.
"""

import sqlite3
from collections.abc import Sequence

from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.drafts import Draft
from bridge.sandbox.errors import RowError
from bridge.sandbox.schema import DuplicateRule, OnDuplicate, SObject
from bridge.sandbox.soap.wire import element
from bridge.sandbox.values import Stored, renderer

_MOST_SHOWN = 100
_ALERT = "Use one of these records?"


def check_duplicates(call: Call, connection: sqlite3.Connection, rows: Sequence[Draft]) -> None:
    """Refuse rows that a duplicate rule of their object does not let pass."""
    for row in rows:
        for rule in row.sobject.duplicate_rules if not row.errors else ():
            if rule.action is OnDuplicate.ALERT and call.headers.allow_save:
                continue
            found = _matches(connection, row, rule)
            if found:
                row.errors.append(_error(row.sobject, rule, found, call.headers.record_details))


def _matches(
    connection: sqlite3.Connection, row: Draft, rule: DuplicateRule
) -> list[tuple[Stored, ...]]:
    """Id and the rule's fields of living records that the row would be a duplicate of."""
    values = _values_after(connection, row, rule)
    if None in values or (row.id and not set(rule.fields) & set(row.values)):
        return []
    columns = ", ".join(f'"{name}"' for name in rule.fields)
    same = " AND ".join(f'"{name}" = ?' for name in rule.fields)
    return connection.execute(
        f'SELECT "Id", {columns} FROM "{row.sobject.name}"'  # noqa: S608  (schema's names)
        f' WHERE {same} AND "IsDeleted" = 0 AND "Id" <> ? ORDER BY "Id" LIMIT ?',
        (*values, row.id, _MOST_SHOWN),
    ).fetchall()


def _values_after(
    connection: sqlite3.Connection, row: Draft, rule: DuplicateRule
) -> list[Stored | None]:
    """What the rule's fields will hold once the row is saved."""
    columns = ", ".join(f'"{name}"' for name in rule.fields)
    stored = connection.execute(
        f'SELECT {columns} FROM "{row.sobject.name}" WHERE "Id" = ?',  # noqa: S608  (schema's names)
        (row.id,),
    ).fetchone()
    before = stored or (None,) * len(rule.fields)
    return [row.values.get(name, old) for name, old in zip(rule.fields, before, strict=True)]


def _error(
    sobject: SObject, rule: DuplicateRule, found: list[tuple[Stored, ...]], details: bool
) -> RowError:
    records = [_record(sobject, rule, values, details) for values in found]
    result = [
        element("allowSave", rule.action is OnDuplicate.ALERT),
        element("duplicateRule", rule.name),
        element("duplicateRuleEntityType", sobject.name),
        element("errorMessage", _ALERT),
        "<matchResults>",
        element("entityType", sobject.name),
        element("matchEngine", "ExactMatchEngine"),
        *[
            f"<matchRecords>{element('matchConfidence', '100.0')}{record}</matchRecords>"
            for record in records
        ],
        element("rule", rule.name),
        element("size", len(records)),
        element("success", True),
        "</matchResults>",
    ]
    detail = f"<duplicateResult>{''.join(result)}</duplicateResult>"
    return RowError("DUPLICATES_DETECTED", _ALERT, kind="DuplicateError", detail=detail)


def _record(
    sobject: SObject, rule: DuplicateRule, values: tuple[Stored, ...], details: bool
) -> str:
    key, *rest = values
    fields = [
        f"<sf:{name}>{renderer(known)(value)}</sf:{name}>"
        for name, value in zip(rule.fields, rest, strict=True)
        if details and (known := sobject.field(name))
    ]
    head = f'<record xsi:type="sf:sObject"><sf:type>{sobject.name}</sf:type><sf:Id>{key}</sf:Id>'
    return f"{head}{''.join(fields)}</record>"
