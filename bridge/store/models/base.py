"""What every table stands on."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """All tables' metadata."""
