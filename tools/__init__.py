"""What the Makefile calls: front-end libraries, the browser of the tests, pictures."""
