"""Which fields the stored digests cover, kept in the database so that all processes agree."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bridge.domain.comparison import digest, digest_form
from bridge.domain.content import decode_values
from bridge.domain.records import RECORD_CLASSES, Field, Kind, RecordType, fields_of
from bridge.store.bulk import upsert
from bridge.store.models import Comparison, Record, Version
from bridge.store.statements import table_of

_PAGE = 5_000
_comparison = table_of(Comparison)
_FIELDS = select(_comparison.c.fields).where(_comparison.c.record_type == bindparam("record_type"))


def compared_fields(session: Session, record_type: RecordType) -> tuple[Field, ...]:
    """The fields that digests of this record type cover; all but items until one is adopted."""
    catalogue = fields_of(RECORD_CLASSES[record_type])
    names = session.scalar(_FIELDS, {"record_type": record_type})
    if names is None:
        return tuple(field for field in catalogue.values() if field.kind is not Kind.ITEMS)
    return tuple(catalogue[name] for name in json.loads(names) if name in catalogue)


def is_adopted(session: Session, compared: Mapping[RecordType, Sequence[Field]]) -> bool:
    """Whether these are the compared fields already, in today's form."""
    rows = session.scalars(select(Comparison))
    stored = {row.record_type: (row.fields, row.form) for row in rows}
    return stored == {
        record_type: (_names(fields), digest_form(fields))
        for record_type, fields in compared.items()
    }


def adopt_comparison(
    session: Session, compared: Mapping[RecordType, Sequence[Field]]
) -> list[RecordType]:
    """Makes these the compared fields, and all digests anew where that is news. Tells where."""
    changed = []
    for record_type, fields in compared.items():
        if _is_news(session, record_type, fields):
            _rebuild_digests(session, record_type, fields)
            changed.append(record_type)
        row = {"record_type": record_type, "fields": _names(fields), "form": digest_form(fields)}
        upsert(session, Comparison, [row], key=["record_type"])
    return changed


def _is_news(session: Session, record_type: RecordType, fields: Sequence[Field]) -> bool:
    form = session.scalar(select(Comparison.form).where(Comparison.record_type == record_type))
    is_other_form = form is not None and form != digest_form(fields)
    return is_other_form or list(compared_fields(session, record_type)) != list(fields)


def _names(fields: Sequence[Field]) -> str:
    return json.dumps([field.name for field in fields])


def _rebuild_digests(session: Session, record_type: RecordType, fields: Sequence[Field]) -> None:
    last = 0
    while True:
        ids = session.scalars(
            select(Record.id)
            .where(Record.record_type == record_type, Record.id > last)
            .order_by(Record.id)
            .limit(_PAGE)
        ).all()
        if not ids:
            return
        last = ids[-1]
        versions = session.execute(
            select(Version.record_id, Version.system, Version.content).where(
                Version.record_id.between(ids[0], last), Version.record_id.in_(ids)
            )
        )
        rows = [
            {
                "record_id": row.record_id,
                "system": row.system,
                "digest": digest(fields, decode_values(record_type, row.content)),
            }
            for row in versions
        ]
        if rows:
            session.execute(update(Version), rows)
