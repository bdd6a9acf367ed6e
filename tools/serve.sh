#!/usr/bin/env bash
# gunicorn (one single-threaded process a core) and the job worker; both end together
set -u
port=${PORT:-8000}
workers=${WEB_CONCURRENCY:-$(nproc)}
.venv/bin/python -m flask portal worker & worker=$!
.venv/bin/gunicorn --bind "127.0.0.1:$port" --workers "$workers" --worker-class sync --timeout 120 \
  --max-requests 20000 --max-requests-jitter 2000 --preload --config deploy/gunicorn.conf.py run:app & web=$!
trap 'kill $web $worker 2>/dev/null; wait' EXIT INT TERM
echo "http://127.0.0.1:$port"
wait -n "$web" "$worker"
