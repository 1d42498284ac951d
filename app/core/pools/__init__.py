"""How a pool fares, by what its host tells and the sweeps see.  Pure."""
