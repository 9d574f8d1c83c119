"""What the SOAP front is given, and what each call carries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.admission import Admission
from bridge.operations.authentication import Authenticator, Consumer
from bridge.operations.calls import CallTrail
from bridge.operations.settings import SnapshotSettings
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SoapVersion


@dataclass(frozen=True)
class SoapContext:
    """What the composition root gives to the SOAP front."""

    sessions: sessionmaker[Session]
    authenticator: Authenticator
    admission: Admission
    trail: CallTrail
    clock: Callable[[], datetime]
    settings: SoapSettings
    snapshots: SnapshotSettings
    sobjects: frozenset[str] = frozenset()
    """The kinds of Salesforce's records that the mappings name."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a service method is told of the call that it serves: who calls, and when."""

    sessions: sessionmaker[Session]
    consumer: Consumer
    now: datetime
    soap: SoapVersion
    snapshots: SnapshotSettings
    sobjects: frozenset[str] = frozenset()
