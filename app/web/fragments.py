"""Parts of pages that are kept between requests: each a function of the values that make up its key, of nothing else.

``kept(key, make)`` keeps what Python makes (a menu, a directory); ``fragment(template, slots, **values)`` keeps the
HTML of a template. A template rendered here has no request, session or actor to look at, so that nothing of one
person can stand in what another one gets: whatever differs is a value (and thereby part of the key), or a *slot* that
is filled in anew for every answer (the CSRF token, names, numbers). There is nothing to invalidate: new permissions,
another language, a renamed region or a changed count are other values. Every process keeps its own, up to ``MOST``.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from flask import Flask, current_app
from jinja2 import Environment
from markupsafe import Markup, escape

from app.web.cookies import csrf_token
from app.web.texts import PortalEnvironment, speaking

T = TypeVar("T")
MOST = 1500
_STORE, _ENVIRONMENTS = "portal-fragments", "portal-fragment-environments"
# what Flask and the frame offer to every template and what tells one request from another
_HIDDEN = frozenset({
    "request", "session", "g", "config", "current_actor", "current_user", "get_flashed_messages", "csrf_token",
})  # fmt: skip
# stands for a slot in what is kept; nobody outside of this process knows it, so nobody can type it
_MARK = secrets.token_hex(16)
_slots = re.compile(f"{_MARK}:([a-z_]+):").split


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """What ``make()`` gave for the same key, language and mount point before, else what it gives now.

    ``make`` may read nothing that differs between requests unless it stands in the key; what it gives is shared and
    must not be changed.
    """
    known: dict[Hashable, Any] = current_app.extensions.setdefault(_STORE, {})
    full = (speaking(), key)
    found = known.get(full)
    if found is None:
        found = make()
        if len(known) >= MOST:
            known.clear()
        known[full] = found
    return found  # type: ignore[no-any-return]


def fragment(template: str, slots: Mapping[str, Any] | None = None, **values: Hashable) -> Markup:
    """The HTML of a template that sees ``values`` and the globals that are the same for everybody.

    ``{{ slot('name') }}`` in the template is where ``slots['name']`` goes, escaped like any value; ``csrf_token()``
    is the token of the request. Raises TypeError for a value that cannot be part of a key (a list, a dict).
    """
    pieces = kept((template, *values.items()), lambda: _slots(_template(template).render(values)))
    if len(pieces) == 1:
        return Markup(pieces[0])
    filled = pieces[:]
    for place in range(1, len(pieces), 2):
        name = pieces[place]
        filled[place] = csrf_token() if name == "csrf" else str(escape((slots or {})[name]))
    return Markup("".join(filled))


def macro(template: str, name: str) -> Callable[..., Markup]:
    """A macro of a template, for ``kept``: it sees its arguments and what is the same for everybody."""
    return getattr(_template(template).module, name)  # type: ignore[no-any-return]


def slot(name: str) -> Markup:
    """``slot('name')`` in the template of a fragment: a place that every answer fills anew."""
    return Markup(f"{_MARK}:{name}:")


def _template(name: str) -> Any:
    environments: dict[tuple[str, str], Environment] = current_app.extensions.setdefault(_ENVIRONMENTS, {})
    if (spoken := speaking()) not in environments:
        environments[spoken] = _without_request(current_app.jinja_env, *spoken)
    return environments[spoken].get_template(name)


def _without_request(env: Environment, language: str, mount: str) -> Environment:
    """The environment of a language without the globals that tell one request from another."""
    bare = (env.speaking(language, mount) if isinstance(env, PortalEnvironment) else env).overlay()
    bare.globals = {name: value for name, value in env.globals.items() if name not in _HIDDEN}
    bare.globals |= {"slot": slot, "csrf_token": lambda: slot("csrf")}
    return bare


def install(app: Flask) -> None:
    """Offer ``fragment(…)`` to the templates of pages."""
    app.jinja_env.globals["fragment"] = fragment
