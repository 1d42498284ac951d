"""The living processes of a tree, found at this moment."""

from app.core.fleet.actions import Branch, Tree
from app.records.process import Descendant

from .inventory import Inventory


def living(inventory: Inventory, tree: Tree) -> list[Descendant]:
    """Return all that live and belong to the tree, without the process at its root."""
    inventory.discover()
    return known(inventory, tree)


def known(inventory: Inventory, tree: Tree) -> list[Descendant]:
    """Return the same without a search for processes that came since the last one."""
    found = _of_branch(inventory, tree.pid, tree.branch) if tree.branch else inventory.known_tree_of(tree.process)
    return [one for one in found if one.pid != tree.pid]


def _of_branch(inventory: Inventory, pid: int | None, branch: Branch) -> list[Descendant]:
    """What is below a process by the OS, and what it or that started by way of a forkserver."""
    found: dict[int, Descendant] = {}
    of_program = inventory.known_tree_of(branch.program)
    pids = [pid] if pid else []
    for one in pids:
        below = {each.pid: each for each in inventory.below(one)}
        parents = {one, *below}
        started = {child for parent, child in branch.started if parent in parents}
        found |= below
        found |= {each.pid: each for each in of_program if each.pid in started}
        pids += started - {*pids, *below}
    return list(found.values())
