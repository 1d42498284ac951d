"""What the views work with, bound to the app and fetched by `here`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from app.protocol.delta import Mirror
from app.records.errors import NoSuchProcess
from app.records.primitives import JsonDict
from app.settings import Settings
from app.web.http.auth import Role
from app.web.upstream.control import Control
from app.web.upstream.feed import Feed

EXTENSION = "procession"


@dataclass(frozen=True)
class Services:
    """The settings, the stream of the supervisor, and the way to give it commands."""

    settings: Settings
    feed: Feed
    control: Control

    def state(self) -> Mirror:
        """The present state; a client that has just given a command sees its effect."""
        return self.feed.mirror() if self.control.settled else self.control.mirror()

    def process(self, process_id: str) -> JsonDict:
        """One process; raises `NoSuchProcess`."""
        process = self.state().processes.get(process_id)
        if process is None:
            raise NoSuchProcess(f"There is no process {process_id}.")
        return process

    def pool(self, pool_id: str) -> JsonDict:
        """One pool; raises `NoSuchProcess`."""
        pool = self.state().pools.get(pool_id)
        if pool is None:
            raise NoSuchProcess(f"There is no pool {pool_id}.")
        return pool

    def program(self, program_id: str) -> JsonDict:
        """One observed program; raises `NoSuchProcess`."""
        program = self.state().programs.get(program_id)
        if program is None:
            raise NoSuchProcess(f"There is no program {program_id}.")
        return program

    def resource(self, resource_id: str) -> JsonDict:
        """One thing that programs hold; raises `NoSuchProcess`."""
        resource = self.state().resources.get(resource_id)
        if resource is None:
            raise NoSuchProcess(f"There is no resource {resource_id}.")
        return resource


def here() -> Services:
    """The services of the running app."""
    return cast("Services", current_app.extensions[EXTENSION])


def role() -> Role:
    """The role of the present request, which was admitted."""
    return cast("Role", g.role)
