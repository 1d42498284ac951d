"""Scripts that the Makefile calls: front-end libraries, the browser of the tests, screenshots."""
