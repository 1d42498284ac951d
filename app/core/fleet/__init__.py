"""What is known: the members, their pools and programs; and the events and actions.  Pure."""
