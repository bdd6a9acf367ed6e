"""A small application whose pages use every hook of the scripts; the browser test drives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, flash, redirect, render_template, request, session
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

import config
from app.navigation import MenuItem
from app.web.shell import init_shell

SAMPLES = Path(__file__).parent / "samples"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'self'"
)


class Portal:
    """The frame's values for the sample pages."""

    title = "Sample system"
    lang = "en"
    login_url = "/login/"
    session_url = "/session/"
    search_url = "/"
    notice_count = 2
    nav = (MenuItem("Sample", "/", "home", "sample", current=True, waiting=1),)

    @property
    def user(self) -> dict[str, str] | None:
        if "who" not in session:
            return None
        return {
            "name": "Tester",
            "role_label": "Editor",
            "org": "Office",
            "profile_url": "/",
            "logout_url": "/out",
        }


def _refused() -> Response | None:
    return None if "who" in session else Response(status=401, headers={"X-Login-Required": "1"})


def make_app() -> Flask:
    """Return the sample application; what was posted to /take is kept in ``app.config["TAKEN"]``."""
    app = Flask(
        "sample", template_folder=str(config.ROOT / "templates"), static_folder=str(config.ROOT / "static")
    )
    app.config.update(SECRET_KEY="x" * 32, TAKEN=[], DRAFT={})
    app.jinja_loader = ChoiceLoader([FileSystemLoader([SAMPLES, config.ROOT / "templates"])])
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters["local"] = str
    Babel(app)
    CSRFProtect(app)
    init_shell(app)
    app.context_processor(lambda: {"portal": Portal()})
    _routes(app)

    @app.after_request
    def _csp(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = CSP
        return answer

    return app


def _routes(app: Flask) -> None:
    @app.route("/login/", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "POST" and request.form["password"] == "right":
            session["who"] = 1
            return redirect("/")
        if request.method == "POST":
            flash("Wrong password", "warning")
            return redirect("/login/")
        return render_template("appbuilder/general/security/login_db.html")

    @app.route("/")
    def index() -> Any:
        return render_template("list.html", href=lambda n: f"/?page={n}")

    @app.route("/form")
    def form() -> Any:
        return render_template("form.html", streets=[(n, f"Street {n}") for n in range(20)])

    @app.route("/session/")
    def alive() -> Any:
        return _refused() or ("", 204)

    @app.route("/part")
    def part() -> Any:
        return _refused() or '<b id="part">here</b>'

    @app.route("/check", methods=["POST"])
    def check() -> Any:
        bad = not request.form["count"].isdigit()
        return {
            "findings": [{"field": "count", "level": "error", "message": "A whole number"}] if bad else []
        }

    @app.route("/draft", methods=["GET", "POST", "DELETE"])
    def draft() -> Any:
        if request.method == "POST":
            app.config["DRAFT"] = request.get_json()
        elif request.method == "DELETE":
            app.config["DRAFT"] = {}
        elif app.config["DRAFT"]:
            return {"values": app.config["DRAFT"]["values"], "saved_at": None}
        return "", 204

    @app.route("/take", methods=["POST"])
    def take() -> Any:
        app.config["TAKEN"].append(request.form.to_dict(flat=False))
        return render_template("done.html")
