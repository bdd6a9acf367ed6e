"""Which language answers: the person's choice on pages, ``Accept-Language`` for programs."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app, has_request_context, request
from flask_babel import get_babel

# what a program may ask for → our locale
_ASKED = {
    "zh-Hans-CN": "zh_Hans_CN",
    "zh-CN": "zh_Hans_CN",
    "zh-Hans": "zh_Hans_CN",
    "zh": "zh_Hans_CN",
    "en": "en",
}


def install(app: Flask) -> None:
    """Ask ``Accept-Language`` for addresses under /api/; pages keep FAB's choice (session)."""
    babel = get_babel(app)
    of_page: Callable[[], str | None] | None = babel.locale_selector

    def choose() -> str | None:
        if has_request_context() and _is_call():
            asked = request.accept_languages.best_match(list(_ASKED), default="zh")
            return _ASKED.get(asked, str(current_app.config["BABEL_DEFAULT_LOCALE"]))
        return of_page() if of_page else None

    babel.locale_selector = choose


def _is_call() -> bool:
    """An address of the API that a program calls; its description for people is a page."""
    return request.path.startswith("/api/v")
