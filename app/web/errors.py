"""Error pages and JSON errors: a clear sentence, never a trace, never SQL."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, StatementError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.extensions import _, db
from app.kernel.errors import PortalError, RuleViolation
from app.persistence.work import contended
from app.web.frame import translate

log = structlog.get_logger()


def wants_json() -> bool:
    """Whether the caller is a program or a script of a page."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    return request.accept_mimetypes.best == "application/json"


def respond(status: int, message: str, findings: list[dict[str, Any]] | None = None) -> Any:
    """The refusal as JSON or as the error page of that status."""
    if wants_json():
        body: dict[str, Any] = {"message": message}
        if findings:
            body["findings"] = findings
        return jsonify(body), status
    return render_template("errors/error.html", status=status, message=message), status


def finding_json(finding: Any) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level,
        "field": finding.field,
        "message": translate(finding.message),
    }


def install(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(PortalError)
    def _portal(error: PortalError) -> Any:
        db.session.rollback()
        findings = [finding_json(f) for f in error.findings] if isinstance(error, RuleViolation) else None
        return respond(error.status, translate(error.message), findings)

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> Any:
        return respond(400, _("The page was open too long. Go back, reload it and try again; what you typed is kept."))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Any:
        if error.code in {301, 302, 303, 304, 307, 308} or error.response is not None:
            return error
        return respond(error.code or 500, sentence(error.code or 500))

    @app.errorhandler(DataError)
    @app.errorhandler(StatementError)
    def _data(error: StatementError) -> Any:
        db.session.rollback()
        if isinstance(error.orig, PortalError):
            return _portal(error.orig)
        if isinstance(error, DBAPIError) and contended(error):
            return respond(503, sentence(503))
        log.exception("statement", path=request.path)
        if isinstance(error, DataError) or isinstance(error.orig, ValueError | OverflowError):
            return respond(400, sentence(400))
        return respond(500, sentence(500))

    @app.errorhandler(InternalServerError)
    def _fault(error: InternalServerError) -> Any:
        db.session.rollback()
        log.error("fault", path=request.path, exc_info=error.original_exception)
        return respond(500, sentence(500))


def sentence(status: int) -> str:
    """What an HTTP status means to the user."""
    return {
        400: _("The request cannot be read. Check what was typed and try again."),
        401: _("Please sign in."),
        403: _("Your role does not include this function."),
        404: _("The page or record does not exist, or is not in your jurisdiction."),
        405: _("This address cannot be used in this way."),
        409: _("Someone else has changed this record meanwhile."),
        413: _("The file or form is too large."),
        415: _("This kind of file cannot be used here."),
        429: _("Too many attempts. Please wait a moment."),
        503: _("The service is busy. Please try again shortly."),
    }.get(status, _("Something went wrong on our side. It was recorded; what you typed is kept in this page."))
