"""The one thread that waits for workers, and what it does when one of them speaks or ends."""
