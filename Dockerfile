# The worker and all other commands of `promises`, with the locked dependencies and an unprivileged user.

FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/promises
COPY requirements.lock ./
RUN /opt/promises/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY schemas schemas
COPY dashboards dashboards
COPY streams streams
RUN /opt/promises/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home promises
COPY --from=build /opt/promises /opt/promises
ENV PATH=/opt/promises/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
ENTRYPOINT ["promises"]
CMD ["--help"]
