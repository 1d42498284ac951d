"""The state of programs and of their processes, by what these report.  Pure."""
