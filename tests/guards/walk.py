"""Walking every page an account can reach by links, and what a page must not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.guards.matrix import EVERYBODY
from tests.shared import World

# text that is not the portal's own words: identifiers, keys, other languages, what a person typed
_FOREIGN_TEXT = frozenset({"code", "kbd", "pre", "script", "style", "svg", "textarea", "samp"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_SHOWN = ("title", "aria-label", "placeholder", "alt")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]+")
_ACRONYM = re.compile(r"[A-Z]{2,5}(-[A-Z])?\Z")
# pages of administrators whose cells are data
DATA = ("/ops/", "/audit/", "/sign-in-records/")
_ADDRESSES = ("href", "src", "action", "hx-get", "hx-post", "poster", "data-src")
# words that Chinese pages of this kind use as they are
WORDS = frozenset(["Excel", "WPS", "xlsx", "xls", "MB", "KB", "API", "IP", "GeoNames", "Leaflet", "SMS", "TOTP", "App", "id", "ID", "UTC", "PDF", "csv", "CGCS", "Chrome", "Firefox", "Edge", "Safari", "English", "gjp", "gw", "Werkzeug", "WebP", "finish", "rate", "system", "demo", "ok", "cookie", "Cookie", "Ctrl", "Shift", "Enter", "Esc", "Tab"])  # fmt: skip
# a file's name is what its owner called it
_FILE = re.compile(r"[\w.-]+\.(?:jpe?g|png|webp|pdf|xlsx|zip)\b", re.IGNORECASE)
_OTHERS = re.compile("|".join(sorted((name for name in EVERYBODY), key=len, reverse=True)))


@dataclass
class Page:
    """One answer: its links, its words in Latin letters, and what the content policy would refuse."""

    url: str
    status: int
    html: str
    links: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self._policy(tag, given)
        if tag == "a" and given.get("href"):
            self.page.links.append(given["href"])
        if given.get("hx-get"):
            self.page.links.append(given["hx-get"])
        foreign = (
            bool(self.open and self.open[-1][1])
            or tag in _FOREIGN_TEXT
            or "code" in given.get("class", "").split()
        )
        foreign = foreign or (tag != "html" and given.get("lang", "zh").startswith("en"))
        if not foreign:
            for key in _SHOWN:
                if text := given.get(key):
                    self._words(text, f"{tag}[{key}]")
        if tag not in _VOID:
            self.open.append((tag, foreign))

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self.open) - 1, -1, -1):
            if self.open[at][0] == tag:
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1][1]) and not self._is_data():
            self._words(data, self.open[-1][0] if self.open else "")

    def _is_data(self) -> bool:
        """Cells of the administrators' tables hold codes, digests and values as they are stored."""
        inside = any(tag in ("td", "dd") for tag, _foreign in self.open)
        return inside and self.page.url.startswith(DATA)

    def _words(self, text: str, where: str) -> None:
        if not _LATIN.search(text):
            return
        found = [
            word
            for word in _LATIN.findall(_OTHERS.sub("", _FILE.sub("", text)))
            if word not in WORDS and not _ACRONYM.match(word)
        ]
        if found:
            self.page.words.append(f"<{where}> {text.strip()[:80]!r}")

    def _policy(self, tag: str, given: dict[str, str]) -> None:
        for key, value in given.items():
            if key.startswith("on") or key == "style" or value.strip().lower().startswith("javascript:"):
                self.page.inline.append(f"<{tag} {key}={value[:60]!r}>")
            if key in _ADDRESSES and re.match(r"(https?:)?//", value.strip()):
                self.page.outside.append(value)
        if tag == "style" or (
            tag == "script" and not given.get("src") and given.get("type") != "application/json"
        ):
            self.page.inline.append(f"<{tag}>")


def read(url: str, status: int, html: str) -> Page:
    page = Page(url, status, html)
    reader = _Reader(page)
    reader.feed(html)
    reader.close()
    return page


def shape(world: World, path: str) -> tuple[str, ...]:
    """What is one page for the walk: the endpoint and the names of its arguments, not whose record it is."""
    parts = urlsplit(path)
    try:
        endpoint, _args = world.app.url_map.bind("localhost").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return (parts.path,)
    return (endpoint, *sorted({key for key, _value in parse_qsl(parts.query)}))


def walk(world: World, client: FlaskClient, start: str = "/", most: int = 2) -> Iterator[Page]:
    """Every page reached from ``start`` by links: of each shape ``most`` records, but one value of each query."""
    waiting, seen, count = [start], {start}, dict[tuple[str, ...], int]()
    while waiting:
        url = waiting.pop(0)
        kind = shape(world, url)
        count[kind] = count.get(kind, 0) + 1
        if count[kind] > (1 if len(kind) > 1 else most):
            continue
        answer = client.get(url, follow_redirects=True, buffered=True)
        html = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        here = answer.request.path
        page = read(here if here != urlsplit(url).path else url, answer.status_code, html)
        answer.close()
        yield page
        for link in page.links:
            target = urlsplit(urljoin(page.url, link))
            path = target.path + (f"?{target.query}" if target.query else "")
            outside = (
                target.netloc
                or path.startswith(("/static/", "/lang/", "/logout"))
                or link.startswith(("#", "data:"))
            )
            if not outside and path not in seen:
                seen.add(path)
                waiting.append(path)
