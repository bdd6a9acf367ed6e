"""Translation at little cost: the catalogue of a request is looked up once, and templates are compiled per language.

Flask-Babel asks the context for domain and locale at every text (a list page has hundreds); here the catalogue is
kept beside the locale that Flask-Babel holds for the request, and left as soon as that locale changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask_babel
from flask import g
from flask.templating import Environment
from flask_babel.speaklater import LazyString
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer

_NAMES = frozenset({"_", "gettext"})


def gettext(msgid: str, **values: Any) -> str:
    """The text in the language of the request; the msgid itself outside of one."""
    text = _catalogue()(msgid)
    return text % values if values else text


def lazy_gettext(msgid: str, **values: Any) -> LazyString:
    """As ``gettext``, translated each time the text is used."""
    return LazyString(gettext, msgid, **values)


def _catalogue() -> Callable[[str], str]:
    try:
        held = g._flask_babel
        if held.portal_locale is held.babel_locale:
            return held.portal_gettext  # type: ignore[no-any-return]
    except (AttributeError, RuntimeError):
        pass  # first text of the request, or no request at all
    translate: Callable[[str], str] = flask_babel.get_translations().gettext
    locale = flask_babel.get_locale()
    if locale is not None:
        held = g._flask_babel
        held.portal_locale, held.portal_gettext = locale, translate
    return translate


class PortalEnvironment(Environment):
    """Templates compiled once per language, with every literal ``_('…')`` replaced by its translation."""

    language = ""

    def _load_template(self, name: str, globals: Any) -> Template:
        if not self.language and (locale := flask_babel.get_locale()) is not None:
            return self._in(str(locale))._load_template(name, globals)
        return super()._load_template(name, globals)

    def _in(self, language: str) -> PortalEnvironment:
        """The environment of one language: this one's filters and globals, and templates of its own."""
        known: dict[str, PortalEnvironment] = self.__dict__.setdefault("portal_languages", {})
        if language not in known:
            twin = self.overlay()
            twin.language = language
            known[language] = twin
        return known[language]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        if self.language:
            _Folder(flask_babel.get_translations().gettext).visit(tree)
        return tree


class _Folder(NodeTransformer):
    """Puts translations in the place of ``_('…')`` and ``_('… %(n)s', n=…)`` with a literal msgid.

    As in Jinja's new-style gettext the translation counts as markup and is always a format string.
    """

    def __init__(self, translate: Callable[[str], str]) -> None:
        self._translate = translate

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        literal = (
            isinstance(node.node, nodes.Name)
            and node.node.name in _NAMES
            and len(node.args) == 1
            and isinstance(node.args[0], nodes.Const)
            and not (node.dyn_args or node.dyn_kwargs)
        )
        if not literal:
            return node
        text = self._translate(node.args[0].value)  # type: ignore[attr-defined]
        if not node.kwargs:
            return nodes.MarkSafeIfAutoescape(nodes.Const(text % {}), lineno=node.lineno)
        pairs = [nodes.Pair(nodes.Const(each.key), each.value, lineno=node.lineno) for each in node.kwargs]
        safe = nodes.MarkSafeIfAutoescape(nodes.Const(text), lineno=node.lineno)
        return nodes.Mod(safe, nodes.Dict(pairs, lineno=node.lineno), lineno=node.lineno)
