"""What the views use: the settings, the state, and the way to give the supervisor commands."""

from collections.abc import Mapping
from typing import Any, cast

from flask import current_app, g
from msgspec import Struct
from msgspec.structs import replace

from app.clock import Clock
from app.protocol.control import AnyCommand
from app.protocol.delta import Mirror
from app.records.errors import NoSuchProcess
from app.records.primitives import JsonDict
from app.settings import Settings
from app.web.http.auth import Role
from app.web.upstream.control import Control
from app.web.upstream.feed import Feed

EXTENSION = "procession"


class Services(Struct, frozen=True):
    """Bound to the app; views get it from `services`."""

    settings: Settings
    feed: Feed
    control: Control
    clock: Clock

    def state(self) -> Mirror:
        """Return the current state, with the effect of commands that were just given."""
        return self.feed.mirror() if self.control.settled else self.control.mirror()

    def process(self, process_id: str) -> JsonDict:
        """Return a process; raise `NoSuchProcess`."""
        return _found(self.state().processes, process_id, "process")

    def pool(self, pool_id: str) -> JsonDict:
        """Return a pool; raise `NoSuchProcess`."""
        return _found(self.state().pools, pool_id, "pool")

    def program(self, program_id: str) -> JsonDict:
        """Return an observed program; raise `NoSuchProcess`."""
        return _found(self.state().programs, program_id, "program")

    def resource(self, resource_id: str) -> JsonDict:
        """Return a resource; raise `NoSuchProcess`."""
        return _found(self.state().resources, resource_id, "resource")


def _found(records: Mapping[str, JsonDict], key: str, what: str) -> JsonDict:
    record = records.get(key)
    if record is None:
        raise NoSuchProcess(f"{what} not found: {key}")
    return record


def services() -> Services:
    return cast("Services", current_app.extensions[EXTENSION])


def now() -> float:
    """Return the wall clock as the records count it."""
    return services().clock.now().wall


def role() -> Role:
    """Return the role of the current request, which was admitted."""
    return cast("Role", g.role)


def ask(command: AnyCommand, wait_s: float = 0.0) -> Any:
    """Give the supervisor a command of this client; return the reply as plain JSON (`Control.ask`)."""
    return services().control.ask(replace(command, by=role()), wait_s)
