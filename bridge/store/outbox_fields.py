"""Field corrections as the outbox keeps them: JSON."""

import json
from collections.abc import Iterable

from bridge.domain.content import decode_value, encode_value
from bridge.domain.decisions import FieldCorrection, Reason
from bridge.domain.records import RECORD_CLASSES, RecordType, fields_of


def encode_fields(fields: Iterable[FieldCorrection]) -> str:
    """Field corrections as JSON."""
    plain = [
        {
            "name": field.name,
            "old": encode_value(field.old),
            "new": encode_value(field.new),
            "reason": field.reason,
            **({"by": field.by} if field.by else {}),
        }
        for field in fields
    ]
    return json.dumps(plain, ensure_ascii=False)


def decode_fields(record_type: RecordType, text: str) -> tuple[FieldCorrection, ...]:
    """Reads what `encode_fields` wrote."""
    catalogue = fields_of(RECORD_CLASSES[record_type])
    return tuple(
        FieldCorrection(
            plain["name"],
            decode_value(catalogue[plain["name"]], plain["old"]),
            decode_value(catalogue[plain["name"]], plain["new"]),
            Reason(plain["reason"]),
            plain.get("by"),
        )
        for plain in json.loads(text)
    )
