"""Who may call the service."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.store.models import Consumer


def add_consumer(session: Session, *, name: str, secret_hash: str, now: datetime) -> None:
    """Adds a consumer; the caller has made sure that the name is free."""
    session.add(Consumer(name=name, secret_hash=secret_hash, created_at=now))


def find_consumer(session: Session, name: str) -> Consumer | None:
    """A consumer by name, disabled ones included."""
    return session.scalar(select(Consumer).where(Consumer.name == name))


def list_consumers(session: Session) -> list[Consumer]:
    """All consumers by name."""
    return list(session.scalars(select(Consumer).order_by(Consumer.name)))
