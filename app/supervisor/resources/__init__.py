"""What observed programs hold, read from outside within a budget of time."""
