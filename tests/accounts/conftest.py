"""Helpers of the account tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.engine import ensure_scope
from tests.conftest import PASSWORD, csrf_of


def try_sign_in(
    client: FlaskClient, username: str, password: str = PASSWORD, target: str = "/login/", **more: str
) -> Any:
    """One attempt over HTTP; returns the answer whatever it is."""
    token = csrf_of(client.get(target).get_data(as_text=True))
    return client.post(target, data={"username": username, "password": password, "csrf_token": token, **more})


@pytest.fixture
def sql(app_db: Flask) -> Callable[..., Any]:
    """Run one statement as the system; rows of a SELECT, or nothing."""

    def run(statement: str, **values: Any) -> Any:
        with app_db.app_context(), acting_as(SYSTEM):
            ensure_scope(db.session())
            result = db.session.execute(sa.text(statement), values)
            rows = result.all() if result.returns_rows else []
            db.session.commit()
            return rows

    return run


@pytest.fixture
def user_id(sql: Callable[..., Any]) -> Callable[[str], int]:
    return lambda name: int(sql("SELECT id FROM ab_user WHERE username = :n", n=name)[0][0])
