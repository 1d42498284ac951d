# syntax=docker/dockerfile:1
# Procession in a container.  `procession serve` is process 1: it stops everything on SIGTERM, and reaps orphans.
#
#   docker build --tag procession .
#   docker run --publish 127.0.0.1:8700:8700 --volume procession:/var/lib/procession \
#     --env PROCESSION_HOST=0.0.0.0 --env PROCESSION_TOKEN="$(openssl rand -hex 32)" procession
#
# The loopback address of a container cannot be reached from outside, and any other address requires a token.
# To use another name than localhost, allow it: --env PROCESSION_ALLOWED_HOSTS=procession.example
# Further options: --shm-size 1g (for shared memory), --stop-timeout 60 (for long grace periods),
# --cap-add SYS_PTRACE (for stacks with py-spy).

FROM node:24-trixie AS libs
WORKDIR /srv/procession
COPY Makefile package.json package-lock.json .npmrc ./
COPY static static
RUN make libs

FROM python:3.13-trixie AS build
WORKDIR /srv/procession
COPY Makefile pyproject.toml LICENSE ./
COPY requirements requirements
COPY tools/quick_imports.py tools/
COPY app app
COPY procession procession
COPY workers workers
RUN make python

# The virtual environment refers to the Python of the build stage: this image has the same at the same path.
FROM python:3.13-slim-trixie
# HOME is empty at first: Procession uses no folder that has other files in it.
RUN useradd --uid 8700 --no-create-home --home-dir /var/lib/procession --shell /usr/sbin/nologin procession \
    && install --directory --mode 0700 --owner procession --group procession /var/lib/procession
WORKDIR /srv/procession
COPY --from=build /srv/procession ./
COPY templates templates
COPY static static
COPY --from=libs /srv/procession/static/lib static/lib
ENV PATH=/srv/procession/.venv/bin:$PATH \
    PROCESSION_HOME=/var/lib/procession
USER procession
VOLUME /var/lib/procession
EXPOSE 8700
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://localhost:' + os.environ.get('PROCESSION_PORT', '8700') + '/readyz', timeout=4)"]
ENTRYPOINT ["procession"]
CMD ["serve"]
