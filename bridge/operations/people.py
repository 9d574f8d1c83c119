"""Names of people: the same person, however the name is written."""

import unicodedata
from collections.abc import Iterable

from bridge import BridgeError


class UnknownPerson(BridgeError):
    """A name that is none of the settings' people."""


def plain_name(name: str) -> str:
    """What all ways to write a name have in common: no case, no width, single blanks."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(folded.split())


def known_name(name: str, people: Iterable[str]) -> str:
    """The name as it stands among people, where there are any. Raises UnknownPerson."""
    known = {plain_name(one): one for one in people}
    if known and plain_name(name) not in known:
        raise UnknownPerson(f"{name!r} is none of [breaks] people: {', '.join(known.values())}")
    return known.get(plain_name(name), name)
