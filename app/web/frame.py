"""What every page's frame shows: title, jurisdiction, menu, who is signed in; and template helpers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app, g, request
from flask_babel import get_locale, ngettext, pgettext
from flask_login.utils import _user_context_processor
from jinja2 import StrictUndefined

from app.accounts.listing import browser, role_labels, when
from app.accounts.matrix import ROLES
from app.extensions import _
from app.kernel.text import mask_phone
from app.persistence.context import current_actor
from app.regions.cache import current
from app.web.cookies import csrf_token
from app.web.fragments import kept
from app.web.paths import page_path
from app.web.shell import init_shell
from app.web.wording import local_time, month_text, number, translate

if TYPE_CHECKING:
    from app.navigation import MenuItem


@dataclass(frozen=True)
class Who:
    """The signed-in person as the frame shows them."""

    login: str
    name: str
    role_label: str
    org: str
    profile_url: str = "/profile/"
    logout_url: str = "/logout/"


class Portal:
    """Values of the page frame, read lazily by the layout."""

    theme = "auto"
    help_url = "/manual/"
    home_url = "/"
    login_url = "/login/"
    session_url = "/session/"

    @property
    def lang(self) -> str:
        return str(get_locale())

    @property
    def other_languages(self) -> tuple[tuple[str, str, str], ...]:
        """Code, name and switching address of every language but the present one."""
        now = self.lang
        return tuple(
            (code, entry["name"], page_path("LocaleView.index", locale=code))
            for code, entry in current_app.config["LANGUAGES"].items()
            if code != now
        )

    @property
    def title(self) -> str:
        code = current_actor().region_code
        if code:
            return current().profile(code).title
        return _("Renovation of old urban communities: management system")

    @property
    def area(self) -> str:
        code = current_actor().region_code
        return current().path(code) if code else ""

    @property
    def nav(self) -> tuple[MenuItem, ...]:
        from app.navigation import menu_for

        return menu_for(current_actor(), request.endpoint or "")

    @property
    def search_url(self) -> str:
        from app.navigation import search_page

        return search_page(current_actor())

    @property
    def user(self) -> Who | None:
        actor = current_actor()
        if not actor.is_authenticated:
            return None
        label = kept(("roles", actor.roles), lambda: "、".join(_labels(actor.roles)))
        return Who(actor.username, actor.display_name or actor.username, label, actor.department)

    @property
    def notice_count(self) -> int:
        """Unread notices, counted with the statement that finds out who asks."""
        return int(g.get("unread", 0))

    @property
    def notices_url(self) -> str:
        return page_path("NoticeView.list") if current_actor().may("can_list", "Notice") else ""


def _labels(roles: frozenset[str]) -> list[str]:
    return [_(ROLES[name].label) for name in sorted(roles) if name in ROLES]


def install(app: Flask) -> None:
    """Context processor, filters and globals; undefined names are faults, not blanks."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.auto_reload = False
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(say=translate, local=local_time, month=month_text, number=number, trans=_, mask_phone=mask_phone)
    app.jinja_env.filters.update(
        region_path=lambda code: current().path(code) if code else "",
        role_labels=lambda names: role_labels(",".join(names)),
        browser=browser,
        when=when,
    )
    app.jinja_env.globals.update(csrf_token=csrf_token, current_actor=current_actor)
    app.jinja_env.install_gettext_callables(_, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
    init_shell(app)
    # no template asks for the ORM user, which costs a statement a page; the frame shows the actor
    app.template_context_processors[None].remove(_user_context_processor)
    app.context_processor(lambda: {"portal": Portal(), "csrf_token": csrf_token})
