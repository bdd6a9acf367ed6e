"""Workers of the outbox, killed at random moments: ``python -m tests.notifications.killed ROUNDS SEED``.

A process of its own, so that forking meets no thread; database, key and gateway come from the environment.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import sys
import time

from app import create_app
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.notifications import outbox, services
from app.notifications.rules import SILENT_AFTER
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work

VALUES = {"login": "yuxia", "password": "Ab3$secret", "address": "https://portal.example"}
STEP = SILENT_AFTER + dt.timedelta(seconds=1)


def put(number: int) -> None:
    with acting_as(SYSTEM), unit_of_work() as work:
        for _ in range(number):
            services.queue(work, "unit_account", "13800000000", VALUES)


def worker(now: dt.datetime) -> int:
    """A child that sends what is due at that moment; returns its process number."""
    db.session.remove()
    db.engine.dispose()
    if number := os.fork():
        return number
    outcome = 1
    try:
        outbox.send_due(now=now)
        outcome = 0
    finally:
        os._exit(outcome)


def main(rounds: int, seed: int) -> None:
    chance, now, killed = random.Random(seed), utcnow(), 0
    with create_app().app_context():
        for turn in range(rounds):
            put(2)
            now += STEP
            child = worker(now)
            if turn % 4 != 3:  # now and then one gets through
                time.sleep(chance.uniform(0, 0.08))
                os.kill(child, signal.SIGKILL)
            _pid, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "a worker ended with a fault"
        for _ in range(3):
            now += dt.timedelta(hours=2)
            _pid, status = os.waitpid(worker(now), 0)
            assert status == 0
    print(killed)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
