"""The WSGI application of one peer for gunicorn: ``BENCH_SUBJECT`` names it."""

import os

from bench.worker import subject

application = subject(os.environ["BENCH_SUBJECT"]).application()
