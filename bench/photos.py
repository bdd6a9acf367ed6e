"""``python -m bench.photos [--size 2000000] [--db sqlite,postgresql]``: the index of alike photos (R20, N3.3a).

Fills ``photo_print`` with synthetic hashes whose bits are uneven as those of real pictures are, and measures one
look-up: the very statement of the product, results compared with a plain scan of every hash.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import databases

SIZE, SLICE, LOOKUPS, CHECKED = 2_000_000, 100_000, 400, 20
PROVINCE = "43"
TARGET_MS = 10.0


def hashes(size: int) -> np.ndarray:
    """``size`` 64-bit hashes: each bit set with its own likelihood between 0.35 and 0.65; every fiftieth is a near
    copy of another one."""
    chance = np.random.default_rng(43)
    bias = chance.uniform(0.35, 0.65, 64)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    parts = []
    for start in range(0, size, SLICE):
        set_bits = chance.random((min(SLICE, size - start), 64)) < bias
        parts.append((set_bits * weights).sum(axis=1, dtype=np.uint64))
    every = np.concatenate(parts)
    copies = chance.choice(size, size // 50, replace=False)
    flips = weights[chance.integers(0, 64, (len(copies), 3))]
    every[copies] = every[chance.integers(0, size, len(copies))] ^ np.bitwise_or.reduce(flips, axis=1)
    return every


def rows(every: np.ndarray) -> Iterator[tuple[Any, ...]]:
    """Rows of the table in the order of its columns."""
    signed = every.view(np.int64)
    for start in range(0, len(every), SLICE):
        part = every[start : start + SLICE]
        bands = [
            ((part >> np.uint64(shift)) & np.uint64(65535)).astype(int).tolist() for shift in (48, 32, 16, 0)
        ]
        for place, values in enumerate(
            zip(signed[start : start + SLICE].tolist(), *bands, strict=True), start + 1
        ):
            yield place, PROVINCE, hashlib.sha256(str(place).encode()).hexdigest(), *values


def _engine(url: str, **options: Any) -> sa.Engine:
    """An engine with the product's settings, working as the owner of the tables."""
    import config

    engine = sa.create_engine(url, **{**config.engine_options(url), **options})
    if url.startswith("postgresql"):
        sa.event.listen(engine, "connect", lambda connection, _record: _reset(connection))
    return engine


def _reset(connection: Any) -> None:
    connection.execute("RESET ROLE")
    connection.commit()


def fill(engine: sa.Engine, every: np.ndarray) -> float:
    """Make the table anew without its reference to contents, its indexes last; returns the seconds it took."""
    from app.evidence.models import PhotoPrint

    table = PhotoPrint.__table__
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS photo_print")
        bare = sa.Table("photo_print", sa.MetaData(), *(sa.Column(c.name, c.type, primary_key=c.primary_key,
                        nullable=c.nullable) for c in table.c))  # fmt: skip
        bare.create(connection)
    began = time.perf_counter()
    if engine.dialect.name == "postgresql":
        _copy(engine, every)
    else:
        with engine.begin() as connection:
            cursor = connection.connection.cursor()
            cursor.executemany("INSERT INTO photo_print VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows(every))
    with engine.begin() as connection:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            index.create(connection)
        connection.exec_driver_sql("CREATE UNIQUE INDEX uq_photo_print ON photo_print (sha256, province)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE photo_print" if _is_pg(engine) else "ANALYZE photo_print")
    return time.perf_counter() - began


def _is_pg(engine: sa.Engine) -> bool:
    return engine.dialect.name == "postgresql"


def _copy(engine: sa.Engine, every: np.ndarray) -> None:
    raw: Any = engine.raw_connection()
    try:
        with raw.cursor() as cursor, cursor.copy("COPY photo_print FROM STDIN") as copy:
            text = io.StringIO()
            for held, row in enumerate(rows(every), 1):
                text.write("\t".join(map(str, row)) + "\n")
                if held % 20_000 == 0:
                    copy.write(text.getvalue())
                    text = io.StringIO()
            copy.write(text.getvalue())
        raw.commit()
    finally:
        raw.close()


def measure(engine: sa.Engine, every: np.ndarray) -> dict[str, Any]:
    """Milliseconds of a look-up and of an insert; raises AssertionError when a near picture is missed."""
    from app.evidence import prints
    from app.evidence.rules import NEAR
    from app.kernel.actor import SYSTEM
    from app.persistence.context import acting_as

    chance = np.random.default_rng(7)
    known = every[chance.choice(len(every), LOOKUPS // 2, replace=False)].view(np.int64).tolist()
    fresh = chance.integers(-(2**63), 2**63 - 1, LOOKUPS // 2).tolist()
    took, candidates = [], []
    with acting_as(SYSTEM), Session(engine) as session:
        for number in [*known[:20], *fresh[:20]]:
            prints.candidates(session, PROVINCE, number)
        for pair in zip(known, fresh, strict=True):
            for number in pair:
                began = time.perf_counter()
                found = prints.candidates(session, PROVINCE, number)
                took.append((time.perf_counter() - began) * 1000)
                candidates.append(len(found))
        for number in [*known[: CHECKED // 2], *fresh[: CHECKED // 2]]:
            off = np.bitwise_count(every ^ np.array([number], dtype=np.int64).view(np.uint64))
            assert len(prints.candidates(session, PROVINCE, number)) == int((off <= NEAR).sum())
        wrote = _inserts(session, chance)
    cuts = statistics.quantiles(took, n=20)
    return {"median": statistics.median(took), "p95": cuts[18], "worst": max(took), "insert": wrote}


def _inserts(session: Session, chance: np.random.Generator) -> float:
    from app.evidence import prints

    took = []
    for number in chance.integers(0, 2**63 - 1, 200).tolist():
        began = time.perf_counter()
        prints.remember(
            session, PROVINCE, hashlib.sha256(f"n{number}".encode()).hexdigest(), f"{number:016x}"
        )
        took.append((time.perf_counter() - began) * 1000)
    session.rollback()
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.photos", description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--db", default="sqlite,postgresql")
    asked = parser.parse_args()
    every = hashes(asked.size)
    server, slow = databases.PostgreSQL(), False
    try:
        for kind in asked.db.split(","):
            engine = _engine(_url(kind, asked.size, server))
            seconds = fill(engine, every)
            got = measure(engine, every)
            engine.dispose()
            slow = slow or got["median"] > TARGET_MS
            print(
                f"{kind}: {asked.size:,} photos ({seconds:.0f} s to fill): look-up {got['median']:.2f} ms,"
                f" 95% {got['p95']:.2f} ms, worst {got['worst']:.2f} ms; entering one {got['insert']:.2f} ms",
                flush=True,
            )
    finally:
        server.stop()
    sys.exit(1 if slow else 0)


def _url(kind: str, size: int, server: databases.PostgreSQL) -> str:
    if kind == "sqlite":
        folder = databases.HOME / f"photos-{size}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "photos.db").unlink(missing_ok=True)
        return f"sqlite:///{folder / 'photos.db'}"
    server.start()
    name = f"bench_photos_{size}"
    plain = _engine(_with_driver(f"{server.url}/postgres"), isolation_level="AUTOCOMMIT")
    with plain.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    plain.dispose()
    return _with_driver(f"{server.url}/{name}")


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


if __name__ == "__main__":
    main()
