"""Open, read, resize and end pools; their jobs and workers are in `pool_work`.

The supervisor forwards requests to the host of the pool.  If the host does not answer, for example because it is
suspended, the answer is a 503 that names the pool; its record can still be read, from the stream.
"""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from app.protocol.control import AskPool, History, OpenPool, PoolFunctions
from app.protocol.pool_host import AnyAsk, Close, JoinPool, Resize, Terminate
from app.records.pool import Pool
from app.web.http.json_codec import answer
from app.web.present import pools as present
from app.web.present.answers import Chart
from app.web.schemas.pools import NothingBody, OpenPoolBody, ResizeBody
from app.web.schemas.processes import MAX_JOIN_S, HistoryQuery, IdPath, JoinBody

from .openapi import gives
from .services import ask, services

api = APIBlueprint("pools", __name__, url_prefix="/api/v1/pools", abp_tags=[Tag(name="Pools")])


@api.get("", responses=gives(present.Pools))
def pools() -> Response:
    """Return all pools, including ended pools that are still shown."""
    return answer({"pools": list(services().state().pools.values())})


@api.post("", responses=gives(Pool, 201))
def open_pool(body: OpenPoolBody) -> Response:
    """Open a pool; the answer is its record, in the state `opening` until its workers start."""
    return answer(ask(OpenPool(spec=body.spec()))["pool"], 201)


@api.get("/functions", responses=gives(present.PoolFunctions))
def functions() -> Response:
    """Return the catalogue of functions for jobs, with typed parameters and an example of each."""
    return answer(ask(PoolFunctions()))


@api.get("/<id>", responses=gives(Pool))
def pool(path: IdPath) -> Response:
    """Return a pool with its workers and its newest jobs."""
    return answer(services().pool(path.id))


@api.get("/<id>/history", responses=gives(Chart))
def history(path: IdPath, query: HistoryQuery) -> Response:
    """Return the chart of a pool for the last ten minutes: queued tasks, tasks per second, CPU and memory."""
    pool_id = services().pool(path.id)["id"]
    return answer(ask(History(process=pool_id, points=query.points)))


@api.post("/<id>/resize", responses=gives(Pool, 202))
def resize(path: IdPath, body: ResizeBody) -> Response:
    """Change the number of workers; surplus workers finish their current task first."""
    return _record(path.id, Resize(processes=body.processes))


@api.post("/<id>/close", responses=gives(Pool, 202))
def close(path: IdPath, body: NothingBody) -> Response:
    """Accept no more jobs; the workers end when all jobs are done."""
    return _record(path.id, Close())


@api.post("/<id>/terminate", responses=gives(Pool, 202))
def terminate(path: IdPath, body: NothingBody) -> Response:
    """End the workers now; running tasks are lost, queued tasks do not start."""
    return _record(path.id, Terminate())


@api.post("/<id>/join", responses=gives(present.Joined))
def join(path: IdPath, body: JoinBody) -> Response:
    """After close or terminate, wait for the workers to end, at most `timeout_s`; blocks no other request."""
    wait_s = MAX_JOIN_S if body.timeout_s is None else body.timeout_s
    return answer(ask(AskPool(pool=path.id, ask=JoinPool(timeout_s=wait_s)), wait_s))


def _record(pool_id: str, wanted: AnyAsk) -> Response:
    ask(AskPool(pool=pool_id, ask=wanted))
    return answer(services().pool(pool_id), 202)
