# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements/ requirements/
RUN /venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes \
      -r requirements/runtime.txt -r requirements/build.txt
COPY . .
RUN /venv/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m venv /app \
 && /app/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements/runtime.txt \
 && /app/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
 && /app/bin/python -m tokenizer_registry.native.build vocabularies

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home weighbridge && install -d -o weighbridge /var/lib/weighbridge
COPY --from=build /app /app
USER weighbridge
ENV PATH=/app/bin:$PATH \
    WEIGHBRIDGE_HOST=0.0.0.0 \
    WEIGHBRIDGE_PORT=8000 \
    WEIGHBRIDGE_DATA_DIR=/var/lib/weighbridge
VOLUME /var/lib/weighbridge
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
ENTRYPOINT ["weighbridge"]
CMD ["serve"]
