"""The org that the settings lead to: the one whose ids are known here, fit for the mappings."""

from bridge.salesforce import Misfit, Schema, find_misfits, sobjects_of
from bridge.store.engine import reading
from bridge.store.orgs import adopt_org, known_org
from jobs.context import JobContext, Refused, Scope

_SHOWN = 5


def require_org(context: JobContext) -> Schema:
    """What the org says of all that the mappings name, as read lately.

    Raises Refused for an org other than the one that was read, and for one that lacks what
    the mappings cannot do without.
    """
    found = context.salesforce.organization_id()
    with reading(context.sessions) as session:
        known = known_org(session)
    if known is not None and known.organization_id != found:
        raise Refused(
            f"what is known here comes from the Salesforce org {known.organization_id}, and the"
            f" settings lead to {found}: mend them, or give the first up by a forced fetch"
            " (erp-bridge job run fetch --force --reason TEXT)"
        )
    return _fitting_schema(context)


def settle_org(context: JobContext, scope: Scope) -> None:
    """As `require_org`; remembers the org, and in a forced run adopts another. Raises Refused."""
    if scope.force:
        _fitting_schema(context)
    else:
        require_org(context)
    organization_id = context.salesforce.organization_id()
    with scope.transaction() as session:
        adopt_org(session, organization_id, now=context.clock())


def _fitting_schema(context: JobContext) -> Schema:
    schema, grave = _described(context)
    if grave:  # perhaps somebody has mended it since it was asked
        context.salesforce.forget_schema()
        schema, grave = _described(context)
    if grave:
        more = f"; and {len(grave) - _SHOWN} more" if len(grave) > _SHOWN else ""
        told = "; ".join(str(one) for one in grave[:_SHOWN])
        raise Refused(f"the org does not fit the mappings: {told}{more}")
    return schema


def _described(context: JobContext) -> tuple[Schema, list[Misfit]]:
    mappings = list(context.mappings.values())
    schema = context.salesforce.schema(sobjects_of(mappings))
    found = [one for mapping in mappings for one in find_misfits(mapping, schema)]
    return schema, [one for one in found if one.grave]
