"""Translation at little cost: the catalogue of a request is looked up once, and templates are compiled per language.

Flask-Babel asks the context for domain and locale at every text (a list page has hundreds); here the catalogue is
kept beside the locale that Flask-Babel holds for the request, and left as soon as that locale changes.
"""

from __future__ import annotations

from collections.abc import Callable
from gettext import NullTranslations
from typing import Any

import flask_babel
from flask import current_app, g, has_request_context, request
from flask.templating import Environment
from flask_babel.speaklater import LazyString
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

_ARGUMENTS = {"_": 1, "gettext": 1, "pgettext": 2}


def gettext(msgid: str, **values: Any) -> str:
    """The text in the language of the request; the msgid itself outside of one."""
    text = _catalogue()(msgid)
    return text % values if values else text


def lazy_gettext(msgid: str, **values: Any) -> LazyString:
    """As ``gettext``, translated each time the text is used."""
    return LazyString(gettext, msgid, **values)


def speaking() -> tuple[str, str]:
    """Language and mount point of the request, which decide what a translation and an address come to."""
    try:
        held = g._flask_babel
        if held.portal_locale is held.babel_locale:
            return held.portal_speaking  # type: ignore[no-any-return]
    except (AttributeError, RuntimeError):
        pass  # as below
    _catalogue()
    return _speaking(flask_babel.get_locale())


def _speaking(locale: Any) -> tuple[str, str]:
    return str(locale), request.script_root if has_request_context() else ""


def _catalogue() -> Callable[[str], str]:
    try:
        held = g._flask_babel
        if held.portal_locale is held.babel_locale:
            return held.portal_gettext  # type: ignore[no-any-return]
    except (AttributeError, RuntimeError):
        pass  # first text of the request, or no request at all
    locale = flask_babel.get_locale()
    if locale is None:
        return flask_babel.get_translations().gettext  # type: ignore[no-any-return]
    held = g._flask_babel
    held.portal_locale, held.portal_gettext, held.portal_speaking = locale, _texts(str(locale)), _speaking(locale)
    return held.portal_gettext  # type: ignore[no-any-return]


def _texts(language: str) -> Callable[[str], str]:
    """The catalogue of a language, which Flask-Babel would look up by its folders for every request."""
    domain = current_app.extensions.get("portal_domain")
    if domain is None:
        return flask_babel.get_translations().gettext  # type: ignore[no-any-return]
    known: dict[str, Callable[[str], str]] = current_app.extensions.setdefault("portal-texts", {})
    return known.get(language) or known.setdefault(language, domain.get_translations().gettext)


class PortalEnvironment(Environment):
    """Templates compiled once per language, with every literal ``_('…')`` replaced by its translation."""

    language = ""
    #: Globals whose answer to literal arguments never changes while the process lives.
    fixed: frozenset[str] = frozenset()

    def make_globals(self, d: Any) -> Any:
        """Plain instead of chained: every import of macros compares these names with its own."""
        return {**self.globals, **(d or {})}

    def _load_template(self, name: str, globals: Any) -> Template:
        if not self.language and (locale := flask_babel.get_locale()) is not None:
            mount = request.script_root if has_request_context() else ""
            return self.speaking(str(locale), mount)._load_template(name, globals)
        return super()._load_template(name, globals)

    def speaking(self, language: str, mount: str) -> PortalEnvironment:
        """The environment of a language (and mount point): filters and globals of this one, templates of its own."""
        known: dict[tuple[str, str], PortalEnvironment] = self.__dict__.setdefault("portal_languages", {})
        if (language, mount) not in known:
            twin = self.overlay()
            twin.language = language
            known[language, mount] = twin
        return known[language, mount]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.language:
            fixed: dict[str, Callable[..., object]] = {}
            if not self.auto_reload:
                fixed = {key: found for key in self.fixed if callable(found := self.globals.get(key))}
            _Folder(flask_babel.get_translations(), fixed).visit(tree)
        return tree


class _Folder(NodeTransformer):
    """Puts translations in the place of ``_('…')``, ``_('… %(n)s', n=…)`` and ``pgettext('…', '…')`` with literals.

    As in Jinja's new-style gettext the translation counts as markup and is always a format string.
    """

    def __init__(self, texts: NullTranslations, fixed: dict[str, Callable[..., object]]) -> None:
        self._texts = texts
        self._fixed = fixed

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        words = [argument.value for argument in node.args if isinstance(argument, nodes.Const)]
        if name in self._fixed and len(words) == len(node.args) and not (node.kwargs or node.dyn_args or node.dyn_kwargs):
            return nodes.Const(self._fixed[name](*words), lineno=node.lineno)
        if name not in _ARGUMENTS or len(node.args) != _ARGUMENTS[name] or len(words) != len(node.args):
            return node
        if node.dyn_args or node.dyn_kwargs:
            return node
        text = self._texts.pgettext(*words) if name == "pgettext" else self._texts.gettext(*words)
        if not node.kwargs:
            return nodes.MarkSafeIfAutoescape(nodes.Const(text % {}), lineno=node.lineno)
        pairs = [nodes.Pair(nodes.Const(each.key), each.value, lineno=node.lineno) for each in node.kwargs]
        safe = nodes.MarkSafeIfAutoescape(nodes.Const(text), lineno=node.lineno)
        return nodes.Mod(safe, nodes.Dict(pairs, lineno=node.lineno), lineno=node.lineno)
