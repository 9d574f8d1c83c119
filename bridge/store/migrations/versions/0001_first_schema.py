"""The first schema: consumers, calls, crosswalk, versions, submissions, outbox, runs, breaks,
totals.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Makes every table."""
    op.create_table(
        "audit_entry",
        sa.Column("position", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("run_id"),
    )
    op.create_table(
        "comparison",
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_type"),
    )
    op.create_table(
        "consumer",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("rights", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "credential",
        sa.Column("id", ID, nullable=False),
        sa.Column("consumer_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["consumer_id"], ["consumer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("credential_by_consumer", "credential", ["consumer_id"], unique=False)
    op.create_index(
        "credential_one_certificate",
        "credential",
        ["value"],
        unique=True,
        sqlite_where=sa.text("kind = 'CERTIFICATE'"),
        postgresql_where=sa.text("kind = 'CERTIFICATE'"),
    )
    op.create_table(
        "nonce",
        sa.Column("consumer_id", ID, autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["consumer_id"], ["consumer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("consumer_id", "digest"),
    )
    op.create_index("nonce_by_age", "nonce", ["seen_at"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumer", sa.String(length=80), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("operation", sa.String(length=80), nullable=True),
        sa.Column("message_id", sa.String(length=80), nullable=True),
        sa.Column("request_bytes", sa.BigInteger(), nullable=False),
        sa.Column("answer_bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("correlation_id", sa.String(length=100), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("call_by_age", "call", ["at"], unique=False)
    op.create_index("call_by_consumer", "call", ["consumer", "id"], unique=False)
    op.create_index(
        "call_with_envelope",
        "call",
        ["at"],
        unique=False,
        sqlite_where=sa.text("envelope IS NOT NULL"),
        postgresql_where=sa.text("envelope IS NOT NULL"),
    )
    op.create_table(
        "notification",
        sa.Column("id", sa.String(length=18), nullable=False),
        sa.Column("sobject", sa.String(length=80), nullable=False),
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notification_by_age", "notification", ["received_at"], unique=False)
    op.create_index(
        "notification_waiting",
        "notification",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("status = 'WAITING'"),
        postgresql_where=sa.text("status = 'WAITING'"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "org",
        sa.Column("organization_id", sa.String(length=18), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_in_full_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deletions_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id"),
    )
    op.create_table(
        "record",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("company_code", sa.String(length=20), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("salesforce_id", sa.String(length=18), nullable=True),
        sa.Column("key_hash", sa.BigInteger(), nullable=False),
        sa.Column("crm_digest", sa.LargeBinary(length=16), nullable=True),
        sa.Column("agreed_digest", sa.LargeBinary(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_type", "company_code", "number"),
        sa.UniqueConstraint("salesforce_id"),
    )
    op.create_table(
        "run",
        sa.Column("id", ID, nullable=False),
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settings_digest", sa.String(length=32), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("salesforce_answered", sa.Boolean(), nullable=True),
        sa.Column("salesforce_rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("run_by_job", "run", ["job", "status", "id"], unique=False)
    op.create_index(
        "run_that_called_salesforce",
        "run",
        ["finished_at", "id"],
        unique=False,
        sqlite_where=sa.text("salesforce_answered IS NOT NULL"),
        postgresql_where=sa.text("salesforce_answered IS NOT NULL"),
    )
    op.create_index(
        "run_one_requested",
        "run",
        ["job"],
        unique=True,
        sqlite_where=sa.text("status = 'REQUESTED'"),
        postgresql_where=sa.text("status = 'REQUESTED'"),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("consumer", sa.String(length=80), nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("company_code", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("members", sa.BigInteger(), nullable=True),
        sa.Column("gone", sa.BigInteger(), nullable=True),
        sa.Column("totals", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index(
        "snapshot_one_open",
        "snapshot",
        ["consumer", "record_type", "company_code"],
        unique=True,
        sqlite_where=sa.text("status = 'OPEN'"),
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_table(
        "snapshot_member",
        sa.Column("snapshot_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_high", sa.BigInteger(), nullable=False),
        sa.Column("amount_low", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("snapshot_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "submission",
        sa.Column("id", ID, nullable=False),
        sa.Column("consumer", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.String(length=80), nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("payload_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("consumer", "message_id"),
    )
    op.create_index(op.f("ix_submission_received_at"), "submission", ["received_at"], unique=False)
    op.create_table(
        "break",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("resolution", sa.String(length=20), nullable=True),
        sa.Column("erp_value", sa.Text(), nullable=True),
        sa.Column("crm_value", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("assignee", sa.String(length=80), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_break_run_id"), "break", ["run_id"], unique=False)
    op.create_index("break_by_record", "break", ["record_id"], unique=False)
    op.create_index("break_by_state", "break", ["status", "record_type"], unique=False)
    op.create_index(
        "break_one_open",
        "break",
        ["record_id", "kind", "field"],
        unique=True,
        sqlite_where=sa.text("status = 'OPEN'"),
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_table(
        "break_note",
        sa.Column("id", ID, nullable=False),
        sa.Column("break_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["break_id"], ["break.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_break_note_break_id"), "break_note", ["break_id"], unique=False)
    op.create_table(
        "ruling",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("break_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("erp_value", sa.Text(), nullable=True),
        sa.Column("crm_value", sa.Text(), nullable=True),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("approved_by", sa.String(length=80), nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["break_id"], ["break.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_id", "kind", "field"),
    )
    op.create_index(op.f("ix_ruling_break_id"), "ruling", ["break_id"], unique=False)
    op.create_index(op.f("ix_ruling_run_id"), "ruling", ["run_id"], unique=False)
    op.create_table(
        "link_proposal",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("salesforce_id", sa.String(length=18), nullable=False),
        sa.Column("certainty", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("centibits", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("erp_fingerprint", sa.String(length=32), nullable=False),
        sa.Column("crm_fingerprint", sa.String(length=32), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_id", "salesforce_id"),
    )
    op.create_index("link_proposal_by_status", "link_proposal", ["status"], unique=False)
    op.create_table(
        "control_total",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("company_code", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.String(length=40), nullable=False),
        sa.Column("net_amount", sa.String(length=40), nullable=False),
        sa.Column("tax_amount", sa.String(length=40), nullable=False),
        sa.Column("open_amount", sa.String(length=40), nullable=False),
        sa.Column("hash_total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(
            "run_id", "record_type", "system", "company_code", "currency", "period"
        ),
    )
    op.create_table(
        "explained_total",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("company_code", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.String(length=40), nullable=False),
        sa.Column("net_amount", sa.String(length=40), nullable=False),
        sa.Column("tax_amount", sa.String(length=40), nullable=False),
        sa.Column("open_amount", sa.String(length=40), nullable=False),
        sa.Column("hash_total", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(
            "run_id", "record_type", "company_code", "currency", "period", "reason"
        ),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("record_type", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duplicates", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_run_id"), "outbox", ["run_id"], unique=False)
    op.create_index("outbox_by_record", "outbox", ["record_id", "target"], unique=False)
    op.create_index(
        "outbox_by_state", "outbox", ["status", "target", "record_type", "id"], unique=False
    )
    op.create_index(
        "outbox_one_pending",
        "outbox",
        ["record_id", "target"],
        unique=True,
        sqlite_where=sa.text("status = 'PENDING'"),
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_table(
        "version",
        sa.Column("record_id", ID, autoincrement=False, nullable=False),
        sa.Column("system", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_into", sa.String(length=18), nullable=True),
        sa.Column("crm_key", sa.String(length=255), nullable=True),
        sa.Column("key_pending", sa.Boolean(), nullable=False),
        sa.Column("customer_number", sa.String(length=60), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("net_amount", sa.BigInteger(), nullable=True),
        sa.Column("tax_amount", sa.BigInteger(), nullable=True),
        sa.Column("open_amount", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("record_id", "system"),
    )
    op.create_index("version_by_customer", "version", ["customer_number", "amount"], unique=False)
    op.create_index(
        "version_merged",
        "version",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "version_of_erp",
        "version",
        ["record_id", "digest"],
        unique=False,
        sqlite_where=sa.text("system = 'ERP' AND NOT deleted"),
        postgresql_where=sa.text("system = 'ERP' AND NOT deleted"),
    )
    for statement in _TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Drops every table."""
    op.drop_index(
        "version_of_erp",
        table_name="version",
        sqlite_where=sa.text("system = 'ERP' AND NOT deleted"),
        postgresql_where=sa.text("system = 'ERP' AND NOT deleted"),
    )
    op.drop_index(
        "version_merged",
        table_name="version",
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.drop_index("version_by_customer", table_name="version")
    op.drop_table("version")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP FUNCTION note_version, forget_version"))
    op.drop_index(
        "outbox_one_pending",
        table_name="outbox",
        sqlite_where=sa.text("status = 'PENDING'"),
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.drop_index("outbox_by_state", table_name="outbox")
    op.drop_index("outbox_by_record", table_name="outbox")
    op.drop_index(op.f("ix_outbox_run_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("explained_total")
    op.drop_table("control_total")
    op.drop_index("link_proposal_by_status", table_name="link_proposal")
    op.drop_table("link_proposal")
    op.drop_index(op.f("ix_ruling_run_id"), table_name="ruling")
    op.drop_index(op.f("ix_ruling_break_id"), table_name="ruling")
    op.drop_table("ruling")
    op.drop_index(op.f("ix_break_note_break_id"), table_name="break_note")
    op.drop_table("break_note")
    op.drop_index(
        "break_one_open",
        table_name="break",
        sqlite_where=sa.text("status = 'OPEN'"),
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.drop_index("break_by_state", table_name="break")
    op.drop_index("break_by_record", table_name="break")
    op.drop_index(op.f("ix_break_run_id"), table_name="break")
    op.drop_table("break")
    op.drop_index(op.f("ix_submission_received_at"), table_name="submission")
    op.drop_table("submission")
    op.drop_table("snapshot_member")
    op.drop_index(
        "snapshot_one_open",
        table_name="snapshot",
        sqlite_where=sa.text("status = 'OPEN'"),
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.drop_table("snapshot")
    op.drop_index(
        "run_one_requested",
        table_name="run",
        sqlite_where=sa.text("status = 'REQUESTED'"),
        postgresql_where=sa.text("status = 'REQUESTED'"),
    )
    op.drop_index(
        "run_that_called_salesforce",
        table_name="run",
        sqlite_where=sa.text("salesforce_answered IS NOT NULL"),
        postgresql_where=sa.text("salesforce_answered IS NOT NULL"),
    )
    op.drop_index("run_by_job", table_name="run")
    op.drop_table("run")
    op.drop_table("record")
    op.drop_table("org")
    op.drop_table("heartbeat")
    op.drop_index(
        "notification_waiting",
        table_name="notification",
        sqlite_where=sa.text("status = 'WAITING'"),
        postgresql_where=sa.text("status = 'WAITING'"),
    )
    op.drop_index("notification_by_age", table_name="notification")
    op.drop_table("notification")
    op.drop_index(
        "call_with_envelope",
        table_name="call",
        sqlite_where=sa.text("envelope IS NOT NULL"),
        postgresql_where=sa.text("envelope IS NOT NULL"),
    )
    op.drop_index("call_by_consumer", table_name="call")
    op.drop_index("call_by_age", table_name="call")
    op.drop_table("call")
    op.drop_index("nonce_by_age", table_name="nonce")
    op.drop_table("nonce")
    op.drop_index(
        "credential_one_certificate",
        table_name="credential",
        sqlite_where=sa.text("kind = 'CERTIFICATE'"),
        postgresql_where=sa.text("kind = 'CERTIFICATE'"),
    )
    op.drop_index("credential_by_consumer", table_name="credential")
    op.drop_table("credential")
    op.drop_table("consumer")
    op.drop_table("comparison")
    op.drop_table("audit_entry")


_NOTE = """
    UPDATE record SET
        crm_digest = CASE
            WHEN NEW.system <> 'CRM' THEN crm_digest
            WHEN NEW.deleted THEN NULL
            WHEN NEW.crm_key =
                CASE company_code WHEN '' THEN number ELSE company_code || '/' || number END
            THEN NEW.digest
            ELSE {empty}
        END,
        agreed_digest = CASE NEW.system WHEN 'AGREED' THEN NEW.digest ELSE agreed_digest END
    WHERE id = NEW.record_id;
"""
_FORGET = """
    UPDATE record SET
        crm_digest = CASE OLD.system WHEN 'CRM' THEN NULL ELSE crm_digest END,
        agreed_digest = CASE OLD.system WHEN 'AGREED' THEN NULL ELSE agreed_digest END
    WHERE id = OLD.record_id;
"""
_ON_INSERT = "AFTER INSERT ON version FOR EACH ROW WHEN (NEW.system <> 'ERP')"
_ON_DELETE = "AFTER DELETE ON version FOR EACH ROW WHEN (OLD.system <> 'ERP')"
_ON_UPDATE = """AFTER UPDATE ON version FOR EACH ROW WHEN (
    NEW.system <> 'ERP' AND (
        NEW.digest <> OLD.digest
        OR NEW.deleted <> OLD.deleted
        OR COALESCE(NEW.crm_key, '') <> COALESCE(OLD.crm_key, '')
        OR NEW.record_id <> OLD.record_id
    )
)"""
_ON_MOVE = """AFTER UPDATE OF record_id ON version FOR EACH ROW WHEN (
    OLD.system <> 'ERP' AND NEW.record_id <> OLD.record_id
)"""
_CALLED = {"note_version": _NOTE.format(empty="''::bytea"), "forget_version": _FORGET}
_TRIGGERS = {
    "sqlite": [
        f"CREATE TRIGGER {name} {event} BEGIN {action} END"
        for name, event, action in (
            ("version_inserted", _ON_INSERT, _NOTE.format(empty="X''")),
            ("version_updated", _ON_UPDATE, _NOTE.format(empty="X''")),
            ("version_moved", _ON_MOVE, _FORGET),
            ("version_dropped", _ON_DELETE, _FORGET),
        )
    ],
    "postgresql": [
        *(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN {action} RETURN NULL; END $$"
            for name, action in _CALLED.items()
        ),
        f"CREATE TRIGGER version_inserted {_ON_INSERT} EXECUTE FUNCTION note_version()",
        f"CREATE TRIGGER version_updated {_ON_UPDATE} EXECUTE FUNCTION note_version()",
        f"CREATE TRIGGER version_moved {_ON_MOVE} EXECUTE FUNCTION forget_version()",
        f"CREATE TRIGGER version_dropped {_ON_DELETE} EXECUTE FUNCTION forget_version()",
        # Room for digests to change within their page, without a word to the indexes.
        "ALTER TABLE record SET (fillfactor = 70)",
    ],
}
"""They keep the digests of `record` as those of its versions are, of CRM and AGREED."""
