"""Prove that a process belongs to a program: a message only claims it, and who belongs to a program is killed with it.

The kernel's parents are the proof, up to a process that is known to belong to the program.  One that was reparented is
proved by what the inventory knows of it, or by the environment that it was executed with: the program, and the socket
of this Procession.
"""

import os
from pathlib import Path

from app.core.fleet.fleet import Fleet
from app.linux import identity, proc
from app.supervisor.inventory.inventory import Inventory
from procession.observer import PROGRAM, SOCKET

_MAX_ANCESTORS = 100


class Descent:
    """Knows the members of all programs by the fleet, and what is below the supervisor by the inventory."""

    def __init__(self, fleet: Fleet, inventory: Inventory, socket: Path) -> None:
        self._fleet, self._inventory, self._socket = fleet, inventory, socket.resolve()

    def disproves(self, pid: int, program: str) -> bool:
        """Return whether a living process does not belong to a program; one that has ended cannot be harmed."""
        stat = proc.stat(pid)
        if stat is None or stat.dead or self.proves(pid, program):
            return False
        # One that ended meanwhile has no parents to prove it by.
        return identity.lives((pid, stat.start_ticks))

    def proves(self, pid: int, program: str) -> bool:
        """Return whether a process belongs to a program."""
        if pid in (os.getpid(), os.getppid()):
            return False
        return (
            self._below_member(pid, program)
            or self._inventory.belongs_to(pid) == program
            or self.was_started_for(pid, program)
        )

    def was_started_for(self, pid: int, program: str) -> bool:
        """Return whether it was executed to be observed in this program, by this Procession."""
        if proc.environment_value(pid, PROGRAM) != program:
            return False
        return Path(proc.environment_value(pid, SOCKET) or "/").resolve() == self._socket

    def _below_member(self, pid: int, program: str) -> bool:
        entry = self._fleet.programs.of(program)
        for _ in range(_MAX_ANCESTORS):
            stat = proc.stat(pid)
            if stat is None or pid in (1, os.getpid()):
                return False
            member = self._fleet.members.get(self._fleet.programs.by_pid.get(pid, ""))
            if member and member.process.program == program and member.key == (pid, stat.start_ticks):
                return True
            pid = stat.ppid
            # Its command reports before `procession run` has said its pid.
            if entry and entry.runner == pid:
                return True
        return False
