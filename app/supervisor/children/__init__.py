"""Start, signal and reap children; channels to the hosts of pools.  The only importer of multiprocessing."""
