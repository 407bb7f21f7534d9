# Our process. The packages are the locked ones, by hash.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv espeak-ng \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/hotline
COPY requirements/run.lock requirements/run.lock
RUN python3 -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/run.lock
COPY deploy/build_web.py deploy/build_web.py
COPY web/ web/
RUN .venv/bin/python deploy/build_web.py && rm -rf web/node_modules
COPY . .
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && groupadd -g 10001 hotline && useradd -u 10001 -g 10001 -d /var/lib/hotline -M hotline \
 && install -d -o 10001 -g 10001 /var/lib/hotline
ENV PATH=/opt/hotline/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /var/lib/hotline
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 \
  CMD python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"
CMD ["hotline", "--config", "/var/lib/hotline/hotline.toml", "run", "--role", "all"]
