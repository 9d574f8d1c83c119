"""What the SOAP front is given, and what each call carries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.authentication import Authenticator, Consumer
from bridge.soap.settings import SoapSettings


@dataclass(frozen=True)
class SoapContext:
    """What the composition root gives to the SOAP front."""

    sessions: sessionmaker[Session]
    authenticator: Authenticator
    clock: Callable[[], datetime]
    settings: SoapSettings


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who calls, when, and the SOAPAction header (None or empty where there is none).

    `limits` are those of the envelope.
    """

    sessions: sessionmaker[Session]
    consumer: Consumer
    now: datetime
    soap_action: str | None
    limits: SoapSettings
