"""kill -9 of the worker at random moments: every message goes out, none twice without being marked, no text
is left."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest
import sqlalchemy as sa

import config
from app.extensions import db
from app.notifications.models import SmsMessage
from tests.notifications.standin import Gateway, taken

# modest by default; KILL_ROUNDS=200 for a long run
ROUNDS = int(os.environ.get("KILL_ROUNDS", "12"))
pytestmark = pytest.mark.req("M1.6.5.3")


def test_killed_workers_lose_nothing_and_hide_nothing(app_db, tmp_path) -> None:
    def slowly(call):
        time.sleep(random.uniform(0, 0.03))
        return taken(call)

    with Gateway(answer=slowly) as gateway:
        environment = {
            **os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": app_db.config["SQLALCHEMY_DATABASE_URI"],
            "SMS_SENDER": "aliyun", "SMS_KEY_ID": "i", "SMS_KEY_SECRET": "s", "SMS_SIGN": "x", "SMS_URL": gateway.url,
            "SMS_TEMPLATES": "unit_account=SMS_1",
        }  # fmt: skip
        told = subprocess.run(
            [sys.executable, "-m", "tests.notifications.killed", str(ROUNDS), str(random.randrange(10**6))],
            cwd=config.ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert told.returncode == 0, told.stderr[-3000:]
    assert int(told.stdout) >= ROUNDS // 3, "hardly a worker was killed: the test proves nothing"
    arrived = Counter(call.key for call in gateway.calls)
    with app_db.app_context():
        rows = db.session.scalars(sa.select(SmsMessage)).all()
        assert len(rows) == 2 * ROUNDS
        for row in rows:
            if row.state == "failed":  # given up after all its attempts, and said so
                assert (row.error, row.attempts > 6) == ("unanswered", True)
                continue
            assert (row.state, row.sealed) == ("sent", "")
            assert 1 <= arrived[row.key] <= 1 + row.unanswered, "twice without being marked, or never"
        assert set(arrived) <= {row.key for row in rows}
        assert sum(row.state == "failed" for row in rows) <= len(rows) // 20
