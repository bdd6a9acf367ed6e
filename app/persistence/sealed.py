"""The keys of this installation, for texts that are sealed in the database."""

from __future__ import annotations

from flask import current_app

from app.kernel.sealing import Seal


def seal_for(purpose: str) -> Seal:
    """What closes and opens texts of a purpose: the present ``SECRET_KEY``, and earlier ones that still
    open."""
    config = current_app.config
    return Seal([config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ())], purpose)
