"""Drafts saved: one statement per row, all of a call's rows in one transaction."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.drafts import Draft
from bridge.sandbox.errors import RowError
from bridge.sandbox.ids import new_id
from bridge.sandbox.org import audit_values
from bridge.sandbox.outbound.queue import enqueue
from bridge.sandbox.schema import Field, FieldType, SObject
from bridge.sandbox.soap.wire import element
from bridge.sandbox.values import Stored, timestamp

_ROLLED_BACK = RowError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone"
    " header",
)


class RowWriter:
    """Writes rows with one SystemModstamp: a call is one moment."""

    def __init__(self, connection: sqlite3.Connection, call: Call, moment: datetime) -> None:
        self.connection = connection
        self._call = call
        self.stamp = timestamp(moment.replace(microsecond=0))
        self.seconds = int(moment.timestamp())
        self._numbers: dict[str, int] = {}

    def save(self, row: Draft) -> None:
        """Insert a row without id, update one with; a taken unique value is the row's error."""
        try:
            if row.id:
                self._update(row)
            else:
                self._insert(row)
        except sqlite3.IntegrityError as error:
            if not self._refuse_duplicate(row):
                raise error from None
        else:
            if row.sobject.name in self._call.org.told:
                enqueue(self.connection, row.sobject.name, row.id, self.seconds)

    def change(self, sobject: SObject, record_id: str, values: dict[str, Stored | None]) -> None:
        """Set fields of one record and its SystemModstamp."""
        values = {**values, "SystemModstamp": self.stamp}
        names = ", ".join(f'"{name}" = ?' for name in values)
        self.connection.execute(
            f'UPDATE "{sobject.name}" SET {names} WHERE "Id" = ?',  # noqa: S608  (schema's names)
            (*values.values(), record_id),
        )

    def modified(self) -> dict[str, Stored | None]:
        """The fields that tell who changed a record, and when."""
        return {"LastModifiedDate": self.stamp, "LastModifiedById": self._call.user_id}

    def _update(self, row: Draft) -> None:
        self.change(row.sobject, row.id, {**row.values, **self.modified()})

    def _insert(self, row: Draft) -> None:
        sobject, number = row.sobject, self._next_number(row.sobject)
        record_id = new_id(sobject.key_prefix, self._call.org.database.pod, number)
        values: dict[str, Stored | None] = {"_row": number, "Id": record_id}
        values |= audit_values(self.stamp, self._call.user_id)
        values |= _initial_values(sobject, number)
        values |= row.values
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        self.connection.execute(
            f'INSERT INTO "{sobject.name}" ({names}) VALUES ({marks})',  # noqa: S608
            tuple(values.values()),
        )
        self._numbers[sobject.name] = number
        row.id, row.created = record_id, True

    def _next_number(self, sobject: SObject) -> int:
        if sobject.name not in self._numbers:
            (last,) = self.connection.execute(
                f'SELECT coalesce(max(_row), 0) FROM "{sobject.name}"'  # noqa: S608
            ).fetchone()
            self._numbers[sobject.name] = last
        return self._numbers[sobject.name] + 1

    def _refuse_duplicate(self, row: Draft) -> bool:
        for known in row.sobject.fields:
            holder = self._holder(row, known) if known.unique else None
            if holder is not None:
                row.refuse(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {known.name} duplicates value on record with id:"
                    f" {holder[:15]}",
                )
        return bool(row.errors)

    def _holder(self, row: Draft, known: Field) -> str | None:
        """The living record that holds the value which ``row`` has, or is about to have."""
        table, column = f'"{row.sobject.name}"', f'"{known.name}"'
        own = row.values.get(known.name)
        if known.name not in row.values:
            (own,) = self.connection.execute(
                f'SELECT {column} FROM {table} WHERE "Id" = ?',  # noqa: S608  (schema's names)
                (row.id,),
            ).fetchone() or (None,)
        found = self.connection.execute(
            f'SELECT "Id" FROM {table}'  # noqa: S608  (schema's names)
            f' WHERE "IsDeleted" = 0 AND {column} = ? AND "Id" <> ?',
            (own, row.id),
        ).fetchone()
        return None if found is None else str(found[0])


def in_one_transaction(
    call: Call,
    rows: Sequence[Draft],
    find: Callable[[sqlite3.Connection], None],
    apply: Callable[[RowWriter, Draft], None],
) -> None:
    """``find`` what the rows refer to, then ``apply`` each row that has no error.

    With AllOrNoneHeader one refused row undoes its neighbours, who are told so.
    """
    with _writing(call) as (connection, moment):
        find(connection)
        _spoil(call, rows)
        connection.execute("SAVEPOINT rows")
        writer = RowWriter(connection, call, moment)
        for row in rows:
            if not row.errors:
                apply(writer, row)
        if call.headers.all_or_none and any(row.errors for row in rows):
            connection.execute("ROLLBACK TO rows")
            for row in rows:
                row.errors = row.errors or [_ROLLED_BACK]


@contextmanager
def _writing(call: Call) -> Iterator[tuple[sqlite3.Connection, datetime]]:
    """A transaction and its moment, which lies before it where the commit is to come late."""
    org, late_seconds = call.org, call.fate.late_commit_seconds
    if late_seconds:
        moment = org.now()
        with org.late_commits.holding(moment):
            org.pause(late_seconds)
            with org.database.writing() as connection:
                yield connection, moment
    else:
        with org.database.writing() as connection:
            yield connection, org.now()


def _spoil(call: Call, rows: Sequence[Draft]) -> None:
    """Refuse the rows that a fault befalls."""
    for row in rows:
        error = call.fate.row_error(row.id)
        if error and not row.errors:
            row.errors.append(error)


def save_result(row: Draft) -> str:
    """SaveResult; DeleteResult and UndeleteResult have the same shape."""
    return f"<result>{_outcome(row)}</result>"


def upsert_result(row: Draft) -> str:
    created = row.created and not row.errors
    return f"<result>{element('created', created)}{_outcome(row)}</result>"


def errors_of(row: Draft) -> str:
    return "".join([_error(error) for error in row.errors])


def _outcome(row: Draft) -> str:
    """The parts that these results share: errors, id, success."""
    success = not row.errors
    record_id = row.id if success else None
    return errors_of(row) + element("id", record_id) + element("success", success)


def _error(error: RowError) -> str:
    return "".join(
        [
            f'<errors xsi:type="{error.kind}">' if error.kind else "<errors>",
            *[element("fields", name) for name in error.fields],
            element("message", error.message),
            element("statusCode", error.status_code),
            error.detail,
            "</errors>",
        ]
    )


def _initial_values(sobject: SObject, number: int) -> dict[str, Stored | None]:
    values: dict[str, Stored | None] = {}
    for known in sobject.fields:
        if known.auto_number:
            values[known.name] = known.auto_number.format(number)
        elif known.type is FieldType.BOOLEAN and known.name != "IsDeleted":
            values[known.name] = 0
    return values
