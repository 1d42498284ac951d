"""The only importer of multiprocessing, and the channels to the hosts of pools."""
