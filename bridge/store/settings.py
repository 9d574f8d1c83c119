"""Where the database is."""

from pydantic import BaseModel, ConfigDict


class DatabaseSettings(BaseModel):
    """Section `[database]`: `url` in SQLAlchemy's form.

    `sqlite:///var/bridge.db` (the embedded default) or `postgresql+psycopg://user@host/name`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "sqlite:///var/bridge.db"
    pool_size: int = 10
    busy_timeout_seconds: int = 60
    migrate_on_start: bool | None = None
    """None: yes on SQLite, no on PostgreSQL, where `erp-bridge db upgrade` does it."""
