"""Pools: open them, read what is known, resize and end them.  Their jobs and workers are in `api_pool_work`.

The supervisor relays what is asked of a pool to its host.  A host that does not answer, because it is suspended for
example, is a 503 that names the pool; the pool is read all the same, from the stream.
"""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import AskPool, History, OpenPool, PoolFunctions
from app.protocol.pool_host import AnyAsk, Close, JoinPool, Resize, Terminate
from app.records import pool as pool_model
from app.web.http.json_codec import answer
from app.web.present import pools as present
from app.web.schemas.pools import NothingBody, OpenPoolBody, PoolPath, ResizeBody
from app.web.schemas.processes import MAX_JOIN_S, HistoryQuery, JoinBody

from .openapi import gives
from .services import here, role

api = APIBlueprint("pools", __name__, url_prefix="/api/v1/pools", abp_tags=[Tag(name="Pools")])


@api.get("", responses=gives(present.Pools))
def pools() -> Response:
    """All pools, the ended ones that are still remembered among them."""
    return answer({"pools": list(here().state().pools.values())})


@api.post("", responses=gives(pool_model.Pool, 201))
def open_pool(body: OpenPoolBody) -> Response:
    """Open a pool; the answer is its record, in the state `opening` until its workers are being started."""
    control = here().control
    made = control.ask(OpenPool(request=control.number(), by=role(), spec=body.spec()))
    return answer(made["pool"], 201)


@api.get("/functions", responses=gives(present.PoolFunctions))
def functions() -> Response:
    """The catalogue of functions for jobs, with typed parameters and an example of each."""
    return answer(here().control.ask(PoolFunctions(request=here().control.number())))


@api.get("/<id>", responses=gives(pool_model.Pool))
def pool(path: PoolPath) -> Response:
    """One pool with its workers and its newest jobs."""
    return answer(here().pool(path.id))


@api.get("/<id>/history")
def history(path: PoolPath, query: HistoryQuery) -> Response:
    """Tasks that wait and tasks per second over the last ten minutes, beside CPU and memory of its host."""
    control = here().control
    pool_id = here().pool(path.id)["id"]
    return answer(control.ask(History(request=control.number(), process=pool_id, points=query.points)))


@api.post("/<id>/resize", responses=gives(pool_model.Pool, 202))
def resize(path: PoolPath, body: ResizeBody) -> Response:
    """Have `processes` workers from now on; those that are too many finish their present task first."""
    return _record(path.id, Resize(processes=body.processes))


@api.post("/<id>/close", responses=gives(pool_model.Pool, 202))
def close(path: PoolPath, body: NothingBody) -> Response:
    """Take no more jobs; the workers end when all are done."""
    return _record(path.id, Close())


@api.post("/<id>/terminate", responses=gives(pool_model.Pool, 202))
def terminate(path: PoolPath, body: NothingBody) -> Response:
    """End the workers now: tasks that run are lost, those that wait never start."""
    return _record(path.id, Terminate())


@api.post("/<id>/join", responses=gives(present.Joined))
def join(path: PoolPath, body: JoinBody) -> Response:
    """After close or terminate: wait until the workers have ended, at most `timeout_s`; nobody else waits meanwhile."""
    control = here().control
    wait_s = MAX_JOIN_S if body.timeout_s is None else body.timeout_s
    command = AskPool(request=control.number(), by=role(), pool=path.id, ask=JoinPool(timeout_s=wait_s))
    return answer(control.ask(command, wait_s))


def _record(pool_id: str, ask: AnyAsk) -> Response:
    control = here().control
    control.ask(AskPool(request=control.number(), by=role(), pool=pool_id, ask=ask))
    return answer(here().pool(pool_id), 202)
