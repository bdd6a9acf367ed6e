"""200 MB go in and out in constant memory, measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

import config

SCRIPT = """
import hashlib, resource, sys
sys.path.insert(0, ".")
from run import app
from tests.conftest import sign_in
from tests.attachments import samples

MB = 1024 * 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
client = sign_in(app.test_client(), "dingcheng")
first = samples.pdf(size=3 * MB)
answer = samples.upload(client, int(sys.argv[1]), "a.pdf", first)
assert answer.status_code == 200, answer.get_data(as_text=True)
assert len(client.get(answer.get_json()["url"], buffered=True).data) == len(first)
before = peak()

size, piece, digest = 200 * MB, b"0" * MB, hashlib.sha256()
begun = samples.begin(client, int(sys.argv[1]), "b.pdf", size)
assert begun.status_code == 201, begun.get_data(as_text=True)
url, head, tail = begun.get_json()["url"], b"%PDF-1.7\\n", b"\\nstartxref\\n0\\n%%EOF\\n"
for at in range(0, size, MB):
    part = piece
    if at == 0:
        part = head + piece[len(head):]
    elif at + MB == size:
        part = piece[len(tail):] + tail
    digest.update(part)
    assert samples.put(client, url, at, part).status_code == 200
answer = client.post(f"{url}/complete", json={"sha256": digest.hexdigest()})
assert answer.status_code == 200, answer.get_data(as_text=True)
got, length = hashlib.sha256(), 0
with client.get(answer.get_json()["url"]) as response:
    for block in response.iter_encoded():
        got.update(block)
        length += len(block)
assert (length, got.digest()) == (size, digest.digest())
print("grown", peak() - before)
"""


@pytest.mark.req("R21", "M1.6.4")
def test_two_hundred_megabytes_need_no_memory(app_sqlite: Flask, tmp_path: Path) -> None:
    url = app_sqlite.config["SQLALCHEMY_DATABASE_URI"]
    environ = os.environ | {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "SECRET_KEY": "tests"}
    with app_sqlite.app_context():
        from tests.attachments.conftest import community_of

        owner = community_of("430703")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(owner)],
        cwd=config.ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    grown = int(run.stdout.rsplit("grown", 1)[1])
    assert grown < 40, f"{grown} MB more than for a small file"
