# The console's image: runs the web server by default, and `manage.py runworkers` or `manage.py migrate` on request.

FROM python:3.12.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements-runtime.txt ./
RUN pip install --require-hashes -r requirements-runtime.txt
COPY manage.py ./
COPY console console
COPY orders orders
COPY workers workers
COPY templates templates
COPY static static
# A key for this one command only; the image contains none.
RUN SECRET_KEY=only-for-collecting-static-files-in-the-making-of-the-image ALLOWED_HOSTS=localhost python manage.py collectstatic --noinput -v0 \
    && python -m compileall -q /app /opt/venv/lib

FROM python:3.12.13-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0:8000
# What PDFs are made with (WeasyPrint); other scripts need other fonts, such as fonts-noto-cjk.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /app --shell /usr/sbin/nologin console
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-m", "console.probe"]
CMD ["gunicorn", "--config", "python:console.gunicorn_conf", "console.wsgi"]
