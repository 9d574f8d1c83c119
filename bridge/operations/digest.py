"""The digest that tells whether a repeated message id carries the same payload."""

import hashlib
import json
from collections.abc import Iterable


def payload_digest(contents: Iterable[str], snapshot_id: str | None = None) -> bytes:
    """SHA-256 over records' canonical texts, in order, and the snapshot that they are told in.

    The texts are those of `encode_record`, so equal records give equal digests: white space,
    prefixes and trailing zeros are no difference. They are JSON without line feeds, which may
    divide them.
    """
    lines = [*contents]
    if snapshot_id is not None:
        lines.append(json.dumps(snapshot_id))
    return hashlib.sha256("\n".join(lines).encode()).digest()
