"""Keeping strangers from taking all threads."""

from contextlib import ExitStack

import pytest

from bridge.operations.admission import ServerBusy
from bridge.operations.entrance import Entrance


def test_some_strangers_wait_and_the_others_come_back() -> None:
    """Whoever is no stranger finds a place all the same; a place that is left is free."""
    entrance = Entrance(most_strangers=2)
    with ExitStack() as inside:
        inside.enter_context(entrance.pass_through("a", is_stranger=True))
        with entrance.pass_through("b", is_stranger=True):
            with pytest.raises(ServerBusy), entrance.pass_through("c", is_stranger=True):
                pytest.fail("a third stranger waits")
            inside.enter_context(entrance.pass_through("d", is_stranger=False))
        inside.enter_context(entrance.pass_through("c", is_stranger=True))
