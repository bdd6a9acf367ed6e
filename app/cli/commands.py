"""``flask portal …``: setting up, the demo world, roles, verification."""

from __future__ import annotations

import sys

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app.accounts import services as accounts
from app.cli import nightly
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work

portal = AppGroup("portal", help="Set up, fill and check the portal.")


def _upgrade() -> None:
    from flask_migrate import upgrade

    upgrade()
    db.engine.dispose()


@portal.command("init")
@click.option("--admin", default="admin", show_default=True, help="Login name of the first system administrator.")
def init(admin: str) -> None:
    """Production: migrate, load roles and regions, make one system administrator (password shown once)."""
    from app.regions.seed import load_all
    from app.schemes.catalogues import load_catalogues

    _upgrade()
    with acting_as(SYSTEM):
        with unit_of_work() as session:
            accounts.sync_roles(session)
            load_all(session)
            load_catalogues(session)
        with unit_of_work() as session:
            password = accounts.first_administrator(session, admin)
    if password:
        click.echo(f"{admin}  {password}  (shown once; to be changed at the first sign-in)")
    else:
        click.echo("ready; a system administrator exists already")


@portal.command("sync-roles")
def sync_roles() -> None:
    """Bring roles and permissions in line with the matrix."""
    with acting_as(SYSTEM), unit_of_work() as session:
        click.echo(f"{accounts.sync_roles(session)} roles in line with the matrix")


@portal.command("demo")
def demo() -> None:
    """The demo world with its accounts (never in production)."""
    from app.cli.demo import load_demo
    from app.regions.seed import load_all

    _upgrade()
    with acting_as(SYSTEM):
        with unit_of_work() as session:
            accounts.sync_roles(session)
            load_all(session)
        with unit_of_work() as session:
            lines = load_demo(session)
    for line in lines:
        click.echo(line)


@portal.command("worker")
def worker() -> None:
    """Carry out background jobs until stopped."""
    current_app.extensions["portal_queue"].serve()


@portal.command("tidy")
def tidy() -> None:
    """Remove for good what the recycle bin held long enough, old drafts and form tokens (the worker does it nightly)."""
    with acting_as(SYSTEM):
        for line in nightly.tidy_up():
            click.echo(line)


@portal.command("remind")
def remind() -> None:
    """Send today's reminders (the worker does it every morning; a person is told of a matter once a day)."""
    from app.notices import reminders

    with acting_as(SYSTEM):
        click.echo(reminders.run())


@portal.command("purge-imports")
def purge_imports() -> None:
    """Forget staged rows and files of imports that have expired (what was written stays)."""
    from app.exchange.services import purge

    with acting_as(SYSTEM), unit_of_work() as session:
        click.echo(f"{purge(session)} expired imports forgotten")


@portal.command("verify")
@click.option("--files", is_flag=True, help="Also compare stored files with their rows and remove orphans.")
def verify(files: bool) -> None:
    """Check the audit chains and recompute every stored sum; exit status 1 when anything differs."""
    with acting_as(SYSTEM):
        found = nightly.find_faults(files=files)
    for fault in found:
        click.echo(fault)
    click.echo(f"{len(found)} fault(s)" if found else "verified: nothing differs")
    sys.exit(1 if found else 0)


def install(app: Flask) -> None:
    app.cli.add_command(portal)
