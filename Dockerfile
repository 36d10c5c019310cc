# Parley as one image: `docker build -t parley-chat .`; docker-compose.prod.yml puts a database, Redis and HTTPS beside it.
#
# --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:… (and NODE_IMAGE) takes exactly these bytes, or another registry's
# --build-arg PIP_INDEX_URL=https://… (and NPM_CONFIG_REGISTRY) takes packages from a mirror; their hashes stay the same
ARG NODE_IMAGE=node:24-trixie-slim
ARG PYTHON_IMAGE=python:3.13-slim-trixie


FROM ${NODE_IMAGE} AS client
WORKDIR /app/client
ARG NPM_CONFIG_REGISTRY
COPY client/package.json client/package-lock.json client/.npmrc ./
RUN npm ci --no-audit --no-fund --no-update-notifier --ignore-scripts
COPY client ./
RUN npm run build


FROM ${PYTHON_IMAGE} AS server
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX=${PIP_INDEX_URL:-https://pypi.org/simple}
ENV VIRTUAL_ENV=/opt/parley UV_LINK_MODE=copy UV_NO_CACHE=1
COPY requirements.txt scripts/requirements-setuptools.txt scripts/requirements-uv.txt /opt/build/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r /opt/build/requirements-uv.txt
RUN python -m venv --without-pip /opt/parley \
    && /opt/build/bin/uv pip install --require-hashes --only-binary :all: --compile-bytecode -r /opt/build/requirements.txt
# Editable, for the program looks for alembic.ini, schema/ and client/dist beside its package. Setuptools is not kept.
WORKDIR /app
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY schema schema
COPY server server
RUN /opt/build/bin/uv pip install --require-hashes -r /opt/build/requirements-setuptools.txt \
    && /opt/build/bin/uv pip install --no-deps --no-build-isolation --editable . \
    && /opt/build/bin/uv pip uninstall setuptools \
    && /opt/parley/bin/python -m compileall -q --invalidation-mode unchecked-hash server schema
COPY scripts/container-health scripts/
COPY --from=client /app/client/dist client/dist


FROM ${PYTHON_IMAGE}
# A number that no user of the host is likely to have. Only /data is ever written.
RUN groupadd --gid 10001 parley \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin parley \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=server /opt/parley /opt/parley
COPY --from=server /app /app

ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="Parley" \
    org.opencontainers.image.description="A chat server for language models in which the answer belongs to the server" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

ENV PATH=/opt/parley/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PARLEY_DATA_DIR=/data \
    PARLEY_HOST=0.0.0.0
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=2m --retries=3 CMD ["/app/scripts/container-health"]
ENTRYPOINT ["parley"]
CMD ["serve", "--migrate"]
