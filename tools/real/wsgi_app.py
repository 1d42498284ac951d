"""A WSGI application for gunicorn: a page that names the worker."""

import os


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"worker {os.getpid()}\n".encode()]
