"""Read what observed programs hold, from outside, within a budget of CPU time."""
