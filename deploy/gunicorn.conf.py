"""gunicorn: connections are never shared between processes."""


def post_fork(server, worker):
    """A forked worker opens its own database connections."""
    from app.extensions import db
    from run import app

    with app.app_context():
        db.engine.dispose(close=False)
