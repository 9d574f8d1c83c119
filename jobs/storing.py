"""What was read from Salesforce becomes the CRM's versions, however it was found."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from bridge.domain.crm import CrmRecord
from bridge.salesforce import Mapping as FieldMapping
from bridge.store.comparison import compared_fields
from bridge.store.crm import PageOutcome, save_crm_page
from jobs.context import JobContext, Scope

log = structlog.get_logger(__name__)


def store_pages(
    context: JobContext,
    scope: Scope,
    mapping: FieldMapping,
    pages: Iterable[list[CrmRecord]],
    *,
    read_at: datetime,
    full: bool = False,
) -> PageOutcome:
    """Stores pages of one type's records, each in its own transaction, as they come.

    Their reading began at `read_at` (our clock); `full` where all there is was read.
    """
    outcome = PageOutcome()
    for page in pages:
        _tell_problems(mapping, page)
        with scope.transaction() as session:
            saved = save_crm_page(
                session,
                record_type=mapping.record_type,
                page=page,
                compared=compared_fields(session, mapping.record_type),
                read_at=read_at,
                touch=full,
            )
        outcome.add(saved)
        context.progress.advance(len(page))
    return outcome


def _tell_problems(mapping: FieldMapping, page: Iterable[CrmRecord]) -> None:
    for record in page:
        for problem in record.problems:
            log.warning("value not readable", sobject=mapping.sobject, problem=str(problem))
