"""What decides: events and the time go in, a list of actions comes out.  Pure."""
