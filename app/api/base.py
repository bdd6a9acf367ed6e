"""What every resource of the API shares: permission, answers, the optimistic lock; all narrower than FAB's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from flask import Response, abort, jsonify, request
from flask_appbuilder import ModelRestApi

from app.extensions import _
from app.kernel.errors import PortalError, StaleRow, msg
from app.persistence.context import current_actor
from app.web.errors import finding_json, respond
from app.web.frame import translate

View = Callable[..., Any]


def requires(action: str) -> Callable[[View], View]:
    """Only for who is signed in (cookie or bearer token) and holds ``can_<action>`` on the resource: 401 or 403."""

    def decorate(view: View) -> View:
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            actor = current_actor()
            if not actor.is_authenticated:
                answer, status = respond(401, _("Please sign in."))
                answer.headers["WWW-Authenticate"] = "Bearer"
                return answer, status
            if not actor.may(f"can_{action}", self.class_permission_name):
                return respond(403, _("Your role does not include this function."))
            return view(self, *args, **kwargs)

        update_wrapper(guarded, view)
        guarded._permission_name = action  # type: ignore[attr-defined]
        return guarded

    return decorate


class PortalRestApi(ModelRestApi):
    """FAB's REST resource reduced to what is offered: no ``_info``, no related or distinct values, no deletion.

    FAB's own handlers are all replaced: pages have an upper bound, columns are allow-listed, nothing is created
    through a relation, and what is wrong is said field by field.
    """

    allow_browser_login = True
    include_route_methods = {"get_list", "get"}
    version = "v1"


def envelope(rows: list[dict[str, Any]], count: int, page: int, page_size: int) -> Response:
    """One page of a list: ``count`` rows match in all, ``page`` counts from 0."""
    return jsonify(count=count, page=page, page_size=page_size, result=rows)


def key_of(pk: str) -> int:
    """The number in an address; anything else does not exist."""
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        abort(404)
    return int(pk)


def expected_version(payload: dict[str, Any]) -> int:
    """The version that a change is based on, from ``If-Match`` or the body's ``version``.

    Raises: PortalError (428) when neither is there, (400) when it is no version.
    """
    head = request.headers.get("If-Match", "").strip()
    given = head.removeprefix("W/").strip('"') if head else payload.get("version")
    if given is None or given == "":
        refusal = PortalError(msg("Say which version is changed: If-Match or “version”."))
        refusal.status = 428
        raise refusal
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**31:
        return given
    raise PortalError(msg("Not a version."))


def stale(error: StaleRow, current: dict[str, Any]) -> Any:
    """409 with what stands now."""
    return jsonify(message=translate(error.message), current=current, version=error.version), 409


def refused(error: Any, **more: Any) -> Any:
    """422 with the findings of the rules."""
    found = [finding_json(item) for item in error.findings]
    return jsonify(message=translate(error.message), findings=found, **more), error.status
