"""Secrets of second factors and texts of messages stand sealed in the database."""

from __future__ import annotations

import pyotp
import pytest
import sqlalchemy as sa
from flask_migrate import downgrade, upgrade
from werkzeug.security import check_password_hash, generate_password_hash

from app.accounts import credentials, services
from app.accounts.models import Account
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.sealing import Seal, Unreadable
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work

pytestmark = pytest.mark.req("M1.1")


def test_a_seal_opens_with_its_key_and_purpose_alone() -> None:
    sealed = Seal(["key"], "totp").close("口令")
    assert "口令" not in sealed and sealed.isascii()
    assert Seal(["key"], "totp").open(sealed) == "口令"
    assert Seal(["new", "key"], "totp").open(sealed) == "口令", "an earlier key still opens"
    assert sealed != Seal(["key"], "totp").close("口令")
    for other in (Seal(["key"], "sms"), Seal(["new"], "totp")):
        with pytest.raises(Unreadable):
            other.open(sealed)
    for damaged in (sealed[:-2] + "xx", "", "never sealed"):
        with pytest.raises(Unreadable):
            Seal(["key"], "totp").open(damaged)


def test_the_secret_of_a_factor_stands_in_no_column(session, app_db) -> None:
    account = session.scalars(sa.select(Account).where(Account.username == "dingcheng")).one()
    with unit_of_work() as work:
        secret = credentials.begin_factor(work, account)
        codes = credentials.confirm_factor(work, account, pyotp.TOTP(secret).now())
    held = session.execute(sa.text("SELECT * FROM ab_user WHERE username = 'dingcheng'")).mappings().one()
    assert held["totp_sealed"] and not any(secret in str(value) for value in held.values())
    trail = session.execute(sa.text("SELECT before, after FROM audit_event WHERE entity = 'Account'")).all()
    assert not any(secret in str(row) or held["totp_sealed"] in str(row) for row in trail)
    assert account.totp_secret == secret
    with unit_of_work() as work:
        assert credentials.accept_code(work, account, codes[0])
    kept = app_db.config["SECRET_KEY"]
    app_db.config["SECRET_KEY"] = "another"
    try:
        assert account.totp_secret == "", "with the key lost no code fits"
        assert not credentials.accept_code(session, account, pyotp.TOTP(secret).now())
        assert not credentials.accept_code(session, account, codes[1])
        app_db.config["SECRET_KEY_FALLBACKS"] = [kept]
        assert account.totp_secret == secret, "an exchanged key is no lost key"
    finally:
        app_db.config["SECRET_KEY"], app_db.config["SECRET_KEY_FALLBACKS"] = kept, []


def test_passwords_are_hashed_at_the_full_cost(session, monkeypatch) -> None:
    """Without the cheap hashes of the tests."""
    for module in (credentials, services):
        monkeypatch.setattr(module, "generate_password_hash", generate_password_hash)
    made = services.make_account(session, "costly", "Kostbar@2026", [], name="陈某")
    assert made.password.startswith("scrypt:32768:8:1$") and check_password_hash(made.password, "Kostbar@2026")
    credentials.set_password(session, made, "Andere@2026", must_change=False)
    assert made.password.startswith("scrypt:32768:8:1$") and check_password_hash(made.password, "Andere@2026")


def test_the_migration_takes_existing_secrets_along(app_db) -> None:
    with app_db.app_context():
        with acting_as(SYSTEM), unit_of_work() as work:
            account = work.scalars(sa.select(Account).where(Account.username == "dingcheng")).one()
            secret = credentials.begin_factor(work, account)
        db.session.remove()
        db.engine.dispose()
        downgrade(revision="0036")
        with db.engine.connect() as connection:
            plain = connection.execute(
                sa.text("SELECT totp_secret FROM ab_user WHERE username = 'dingcheng'")
            ).scalar_one()
        assert plain == secret
        upgrade()
        db.engine.dispose()
        with acting_as(SYSTEM):
            account = db.session.scalars(sa.select(Account).where(Account.username == "dingcheng")).one()
            assert account.totp_secret == secret
