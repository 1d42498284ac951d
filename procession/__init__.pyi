from procession.pool import Pool as Pool
from procession.pool import WorkerLost as WorkerLost
from procession.reporting import report as report

__all__ = ["Pool", "WorkerLost", "report"]
