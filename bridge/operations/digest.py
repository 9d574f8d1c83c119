"""The digest that tells whether a repeated message id carries the same records."""

import hashlib
from collections.abc import Sequence

from bridge.domain.content import encode_record
from bridge.domain.records import Record


def payload_digest(records: Sequence[Record]) -> bytes:
    """SHA-256 over the records' canonical text, in order.

    Equal records give equal digests: white space, prefixes and trailing zeros are no difference.
    Canonical text is JSON without line feeds, so they may divide it.
    """
    return hashlib.sha256("\n".join(encode_record(one) for one in records).encode()).digest()
