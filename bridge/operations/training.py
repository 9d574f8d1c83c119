"""A person has the model of matching fitted to the company's own customers."""

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.matching.finding import read_sides
from bridge.matching.model import Model
from bridge.matching.proposing import Matcher, is_installed
from bridge.store.engine import reading
from bridge.wording import counted

LEAST_CUSTOMERS = 500


class CannotTrain(BridgeError):
    """There is too little to learn from, or nothing to learn with."""


def train_model(sessions: sessionmaker[Session], *, matcher: Matcher) -> Model:
    """A model of the customers and Accounts that are not linked, without being told which belong.

    To be used before they are linked: afterwards both sides say the same because the bridge made
    them. Raises CannotTrain.
    """
    if matcher.model is None or not is_installed():
        raise CannotTrain("it takes the extra: pip install 'erp-bridge[matching]'")
    with reading(sessions) as session:
        sides = read_sides(session)
    erp, crm = sides.erp, sides.crm
    if min(len(erp), len(crm)) < LEAST_CUSTOMERS:
        raise CannotTrain(
            f"there are {counted(len(erp), 'customer')} and {counted(len(crm), 'Account')} without"
            f" a link, and it takes {LEAST_CUSTOMERS} of each: the model that ships serves as well"
        )
    # Splink and DuckDB are an extra, and take a while to load.
    from bridge.matching.training import fit  # noqa: PLC0415

    return fit(
        matcher.model,
        erp,
        crm,
        (),
        settings=matcher.settings,
        trained_on=f"{len(erp):,} customers and {len(crm):,} Accounts that were not linked",
    )
