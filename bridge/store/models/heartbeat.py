"""That the database takes what is written."""

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.models.base import Base
from bridge.store.types import Instant


class Heartbeat(Base):
    """When somebody last wrote to see whether that is possible; one row, none at first."""

    __tablename__ = "heartbeat"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
