"""The pools that are compared, how each is opened, and what measuring it fairly requires."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .peers import Dask, ExecutorShaped, Opened, Pebble, PoolShaped, Ray

METHODS = ("fork", "forkserver", "spawn")


@dataclass(frozen=True, kw_only=True)
class Peer:
    """``load`` imports it, and its result opens it: (start method, workers).

    ``methods`` has the start methods it can be given; one that has a way of its own is compared with `spawn`, which
    that way is most like.  ``share`` of the usual number of tasks is enough for a slow one; ``chunks`` says whether
    its map makes chunks when it is not told to.
    """

    title: str
    module: str
    load: Callable[[], Callable[[str, int], Opened]]
    methods: tuple[str, ...] = METHODS
    share: float = 1.0
    chunks: bool = True

    def installed(self) -> bool:
        """Return whether the pool can be imported here."""
        return importlib.util.find_spec(self.module) is not None


def _stdlib() -> Callable[[str, int], Opened]:
    importlib.import_module("multiprocessing.pool")
    return lambda method, workers: PoolShaped(multiprocessing.get_context(method).Pool(workers))


def _procession() -> Callable[[str, int], Opened]:
    pool: Any = importlib.import_module("procession").Pool
    return lambda method, workers: PoolShaped(pool(workers, context=multiprocessing.get_context(method)))


def _executor() -> Callable[[str, int], Opened]:
    executor: Any = importlib.import_module("concurrent.futures").ProcessPoolExecutor

    def opened(method: str, workers: int) -> Opened:
        pool = executor(workers, mp_context=multiprocessing.get_context(method))
        return ExecutorShaped(pool, lambda: pool.shutdown(cancel_futures=True))

    return opened


def _loky() -> Callable[[str, int], Opened]:
    executor: Any = importlib.import_module("loky").ProcessPoolExecutor

    def opened(method: str, workers: int) -> Opened:
        pool = executor(workers)
        return ExecutorShaped(pool, lambda: pool.shutdown(kill_workers=True))

    return opened


def _pebble() -> Callable[[str, int], Opened]:
    made: Any = importlib.import_module("pebble").ProcessPool

    def opened(method: str, workers: int) -> Opened:
        pool = made(workers, context=multiprocessing.get_context(method))
        return Pebble(pool, pool.stop)

    return opened


def _mpire() -> Callable[[str, int], Opened]:
    made: Any = importlib.import_module("mpire").WorkerPool
    return lambda method, workers: PoolShaped(made(workers, start_method=method, keep_alive=True), "chunk_size")


def _billiard() -> Callable[[str, int], Opened]:
    contexts: Any = importlib.import_module("billiard")
    importlib.import_module("billiard.pool")
    return lambda method, workers: PoolShaped(contexts.get_context(method).Pool(workers))


def _dask() -> Callable[[str, int], Opened]:
    distributed: Any = importlib.import_module("distributed")

    def opened(method: str, workers: int) -> Opened:
        cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        client = distributed.Client(cluster)

        def shutdown() -> None:
            client.close()
            cluster.close()

        return Dask(client, shutdown)

    return opened


def _ray() -> Callable[[str, int], Opened]:
    ray: Any = importlib.import_module("ray")

    def opened(method: str, workers: int) -> Opened:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, configure_logging=False)
        return Ray(ray, {})

    return opened


STDLIB, PROCESSION = "stdlib", "procession"

PEERS: dict[str, Peer] = {
    STDLIB: Peer(title="multiprocessing.Pool", module="multiprocessing", load=_stdlib),
    PROCESSION: Peer(title="procession.Pool", module="procession", load=_procession),
    "executor": Peer(title="ProcessPoolExecutor", module="concurrent.futures", load=_executor, chunks=False),
    "loky": Peer(title="loky", module="loky", load=_loky, methods=("spawn",), chunks=False),
    "pebble": Peer(title="pebble", module="pebble", load=_pebble, chunks=False),
    "mpire": Peer(title="mpire", module="mpire", load=_mpire),
    "billiard": Peer(title="billiard", module="billiard", load=_billiard),
    "dask": Peer(title="Dask", module="distributed", load=_dask, methods=("spawn",), share=0.05, chunks=False),
    "ray": Peer(title="Ray", module="ray", load=_ray, methods=("spawn",), share=0.05, chunks=False),
}
