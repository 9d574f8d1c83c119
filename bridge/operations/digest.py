"""The digest that tells whether a repeated message id carries the same payload."""

import hashlib
import json
from collections.abc import Sequence

from bridge.domain.content import encode_record
from bridge.domain.records import Record


def payload_digest(records: Sequence[Record], snapshot_id: str | None = None) -> bytes:
    """SHA-256 over the records' canonical text, in order, and the snapshot that they are told in.

    Equal records give equal digests: white space, prefixes and trailing zeros are no difference.
    Canonical text is JSON without line feeds, so they may divide it.
    """
    lines = [encode_record(one) for one in records]
    if snapshot_id is not None:
        lines.append(json.dumps(snapshot_id))
    return hashlib.sha256("\n".join(lines).encode()).digest()
