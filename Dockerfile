# Two stages: build the wheel and its environment, then copy only what serving needs.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.txt pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/earlywarn \
 && /opt/earlywarn/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && python -m pip wheel --no-cache-dir --no-deps --wheel-dir dist . \
 && /opt/earlywarn/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin earlywarn
COPY --from=build /opt/earlywarn /opt/earlywarn
COPY api /app/api
COPY models /app/models
ENV PATH=/opt/earlywarn/bin:$PATH \
    EARLYWARN_APP_DIR=/app \
    EARLYWARN_HOME=/var/lib/earlywarn/workspace \
    EARLYWARN_KEYS=/var/lib/earlywarn/keys \
    OMP_NUM_THREADS=1 \
    PYTHONUNBUFFERED=1
RUN install -d -o earlywarn /var/lib/earlywarn
VOLUME /var/lib/earlywarn
USER earlywarn
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["earlywarn", "serve"]
CMD ["quebec", "--host", "0.0.0.0", "--port", "8000"]
