"""What an operation is given."""

from dataclasses import dataclass
from decimal import Decimal

from lxml import etree

from bridge.sandbox.faults import Fate
from bridge.sandbox.org import Org
from bridge.sandbox.soap.wire import Headers


@dataclass(frozen=True)
class Call:
    """One call by a user who may make it."""

    org: Org
    body: etree._Element
    headers: Headers
    user_id: str
    version: Decimal
    base_url: str
    fate: Fate
