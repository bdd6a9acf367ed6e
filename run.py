"""Entry point for gunicorn (``run:app``) and the ``flask`` command."""

from app import create_app

app = create_app()
