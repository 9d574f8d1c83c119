"""Bytes for the log, without what opens a session."""

import re

_SECRETS = re.compile(
    rb"""
      (?P<before>                             # what stands before a secret, and stays
          <[^<>]*(?:sessionId|password)[^<>]*>
        | "(?:access_token|refresh_token|id_token|signature)"\s*:\s*"
      )[^<"]+
    | 00D[0-9A-Za-z]{9,15}![0-9A-Za-z._%-]+   # an opaque access token
    | eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z._-]+      # a JSON Web Token
    """,
    re.VERBOSE | re.IGNORECASE,
)


def first_bytes(content: bytes, *, count: int = 200) -> str:
    """The beginning of an answer as text, secrets replaced. Cut afterwards, never inside one."""
    window = content[: count + 4_000]
    shown = _SECRETS.sub(lambda match: (match["before"] or b"") + b"[redacted]", window)
    return shown[:count].decode("utf-8", errors="replace")
