"""Ten minutes of samples in memory, for the charts.  Pure."""
