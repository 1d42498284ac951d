"""How one process is started, stopped, reaped, joined and judged on its progress.  Pure."""
