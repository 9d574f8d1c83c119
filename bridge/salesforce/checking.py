"""A look at an org: who and where we are, what calls are left, whether it fits the mappings."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.salesforce.client import SalesforceClient
from bridge.salesforce.fitness import Misfit, find_misfits, sobjects_of
from bridge.salesforce.mapping import Mapping
from bridge.salesforce.results import UserInfo
from bridge.salesforce.wire import ApiLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgReport:
    """What was found. `clock_ahead` is how far this machine's clock is before Salesforce's, to
    about a second; `limit` is absent where the org does not tell it.
    """

    user: UserInfo
    api_version: str
    instance: str
    limit: ApiLimit | None
    clock_ahead: timedelta
    misfits: tuple[Misfit, ...]


def check_org(
    client: SalesforceClient, mappings: Collection[Mapping], *, now: Callable[[], datetime]
) -> OrgReport:
    """Asks the org about itself and about all that the mappings name. Raises SalesforceError."""
    user = client.user_info()
    asked = now()
    theirs = client.server_timestamp()
    ours = asked + (now() - asked) / 2
    schema = client.describe(sobjects_of(mappings))
    return OrgReport(
        user=user,
        api_version=client.settings.api_version,
        instance=client.instance,
        limit=client.limit,
        clock_ahead=ours - theirs,
        misfits=tuple(one for mapping in mappings for one in find_misfits(mapping, schema)),
    )
