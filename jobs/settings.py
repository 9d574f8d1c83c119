"""When jobs run and what they may do."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleSettings(_Section):
    """Section `[schedule]`: how often each job runs, in seconds; 0 leaves it to people."""

    fetch_seconds: int = Field(default=300, ge=0)
    fetch_notified_seconds: int = Field(default=3, ge=0)
    """How soon a record is read that Salesforce told of; nothing runs where it told of none."""
    reconcile_customers_seconds: int = Field(default=600, ge=0)
    reconcile_financials_seconds: int = Field(default=600, ge=0)
    relay_seconds: int = Field(default=60, ge=0)
    purge_seconds: int = Field(default=86_400, ge=0)
    requests_seconds: int = Field(default=2, ge=1)
    """How soon a run that someone asked for starts."""


class JobSettings(_Section):
    """Section `[jobs]`: budgets and safety of the jobs."""

    lookback_seconds: int = Field(default=600, ge=0)
    """How far a fetch reaches behind the watermark, for records that Salesforce committed late."""
    full_read_after_days: int = Field(default=14, ge=1, le=15)
    """A gap longer than this is read in full: Salesforce shows deletes for 15 days only."""
    full_read_every_days: int = Field(default=7, ge=0)
    """How often all is read: formula fields change without a trace. 0: only when it has to be."""
    deletions_every_seconds: int = Field(default=3_600, ge=120)
    """How often Salesforce's list of deletions is asked for what left its recycle bin unseen."""
    fetch_notified_retry_seconds: int = Field(default=60, ge=1)
    """Before notifications are followed again, after a run of that which failed."""
    fetch_max_age_hours: int = Field(default=24, ge=1)
    """Reconciling against older knowledge of Salesforce is refused."""
    refuse_below_share: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    """A side that holds fewer than this share of what it held is taken to be broken."""
    refuse_from_records: int = Field(default=20, ge=1)
    """... if it held at least so many."""
    timing_days: int = Field(default=3, ge=0)
    """How long one side may be late with a record before it counts as missing."""
    snapshot_open_hours: int = Field(default=48, ge=1)
    """How long a snapshot may stay open before it expires."""
    delivery_attempts: int = Field(default=12, ge=1)
    delivery_first_pause_seconds: int = Field(default=30, ge=1)
    delivery_longest_pause_seconds: int = Field(default=3_600, ge=1)
    delivery_refused_pause_seconds: int = Field(default=600, ge=1)
    """Before a batch is tried again that Salesforce refused whatever its rows."""
    keep_days: int = Field(default=90, ge=1)
    """How long receipts, delivered corrections and runs are kept."""
    keep_calls_days: int = Field(default=30, ge=1)
    """How long calls are kept."""
    keep_envelopes_days: int = Field(default=7, ge=1)
    """How long their envelopes are kept, of consumers whose rights say so."""
    keep_notifications_days: int = Field(default=7, ge=2)
    """How long notifications are kept: Salesforce repeats one for a day at most."""
