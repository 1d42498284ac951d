"""The state of pools, by what their hosts report and the sweeps sample.  Pure."""
