"""The queue that wakes the worker: huey on SQLite beside the data, or on Redis when one is configured."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from flask import Flask
from huey import RedisHuey, SqliteHuey
from huey.api import Huey

from app.jobs import periodic
from app.jobs.services import carry_out, give_up, waiting_jobs

SWEEP_SECONDS = 30


class Queue:
    """Sends job numbers to the worker process."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.huey = _huey(app)
        self.task: Any = self.huey.task()(self._work)

    def _work(self, number: int) -> None:
        with self.app.app_context():
            carry_out(number)

    def wake(self, number: int) -> None:
        """Tell the worker of a committed job; in tests nothing is sent and jobs are run by hand."""
        if not self.app.testing:
            self.task(number)

    def serve(self) -> None:
        """Run the worker until it is told to stop; takes up interrupted jobs first and sweeps for lost ones.

        Periodic work runs beside the queue in threads of its own.
        """

        def sweep() -> None:
            with self.app.app_context():
                give_up()
                for number in waiting_jobs():
                    self.task(number)

        self.huey.periodic_task(lambda _now: True, name="sweep")(sweep)
        sweep()
        stop = threading.Event()
        periodic.start(self.app, stop)
        try:
            self.huey.create_consumer(workers=1, worker_type="thread", check_worker_health=True).run()
        finally:
            stop.set()

    def healthy(self) -> bool:
        """Whether the queue's store answers."""
        return self.huey.pending_count() >= 0


def _huey(app: Flask) -> Huey:
    if url := str(app.config["REDIS_URL"]):
        return RedisHuey("portal", url=url, results=False)
    return SqliteHuey("portal", filename=str(Path(str(app.config["DATA_DIR"])) / "queue.db"), results=False, fsync=True)


def install(app: Flask) -> None:
    app.extensions["portal_queue"] = Queue(app)
