"""kill -9 at random moments of submit, approve, upload and thumbnails, on both databases: nothing half, nothing twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

import config

# modest by default; KILL_ROUNDS=200 for a long run (`make kill`), which kills PostgreSQL itself too
ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))


@pytest.mark.req("M1.6.5.2", "M1.6.5.4")
def test_killed_steps_are_done_or_not_begun(app_db: Flask, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    address = app_db.config["SQLALCHEMY_DATABASE_URI"]
    numbers = [str(ROUNDS), str(seed)]
    run = [sys.executable, "-m", "tests.monthly_reports.killed", address, str(tmp_path), *numbers]
    told = subprocess.run(run, cwd=config.ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, f"seed {seed}: {told.stderr[-3000:]}"
    assert int(told.stdout.split()[-1]) >= ROUNDS, f"seed {seed}: hardly a step was killed in the middle"
