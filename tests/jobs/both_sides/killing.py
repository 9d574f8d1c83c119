"""A process that dies between any two steps of a job: a call or a commit, before or after."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from bridge.salesforce.wire import Wire
from tests.jobs.world import World


class Killed(BaseException):
    """The process is dead: nothing may catch this and go on."""


@contextmanager
def killed_at(world: World, step: int) -> Iterator[None]:
    """Lets the world's jobs live for so many steps. The world is not to be used afterwards."""
    steps = iter(range(step, -1, -1))

    def live(*_: Any) -> None:
        if next(steps, 1) == 0:
            raise Killed

    send = Wire.send
    wire = world.crm._connection.wire

    def mortal_send(*arguments: Any) -> Any:
        live()
        answer = send(wire, *arguments)
        live()
        return answer

    event.listen(world.sessions, "before_commit", live)
    event.listen(world.sessions, "after_commit", live)
    wire.send = mortal_send  # type: ignore[method-assign]
    try:
        yield
    except Killed:
        pass
    finally:
        event.remove(world.sessions, "before_commit", live)
        event.remove(world.sessions, "after_commit", live)
        del wire.send
