"""Message catalogues: ``compile`` makes the .mo files, ``missing`` lists English msgids without a Chinese sentence."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "N_": None, "msg": None,
    "Message": None, "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip
METHODS = [("app/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "false", "newstyle_gettext": "true"}}


def compile_all() -> int:
    """Write a .mo beside every .po; returns how many."""
    made = 0
    for po in sorted(FOLDER.glob("*.po")):
        with po.open("rb") as source:
            catalogue = read_po(source, locale="zh_Hans_CN")
        with po.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)
        made += 1
    return made


def spelled(message: str | tuple[str, ...], context: str | None) -> str:
    """The singular of a message; a context makes another message of the same words."""
    words = message if isinstance(message, str) else message[0]
    return f"{words} ({context})" if context else words


def known() -> dict[str, str]:
    """Every translated msgid of all catalogues."""
    found: dict[str, str] = {}
    for po in sorted(FOLDER.glob("*.po")):
        with po.open("rb") as source:
            for message in read_po(source, locale="zh_Hans_CN"):
                if message.id and message.string and not message.fuzzy:
                    key = spelled(message.id, message.context)
                    found[key] = message.string if isinstance(message.string, str) else message.string[0]
    return found


def used() -> dict[str, list[str]]:
    """Every msgid in the program and the templates, with where it stands."""
    places: dict[str, list[str]] = {}
    rows = extract_from_dir(str(ROOT), METHODS, OPTIONS, KEYWORDS)
    for name, line, message, _comments, context in rows:
        key = spelled(message, context)
        if key and re.search(r"[A-Za-z]", key):
            places.setdefault(key, []).append(f"{name}:{line}")
    return places


def missing() -> dict[str, list[str]]:
    """Used msgids without a Chinese sentence."""
    have = known()
    return {key: where for key, where in used().items() if key not in have}


if __name__ == "__main__":
    if sys.argv[1:] == ["missing"]:
        for key, where in sorted(missing().items()):
            print(f"{where[0]}: {key}")
    else:
        compile_all()
