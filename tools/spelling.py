"""Writes app/kernel/spelling.txt from the dictionaries of pypinyin: ``python tools/spelling.py`` after an upgrade of it."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "app" / "kernel" / "spelling.txt"
HEAD = "# First pinyin letters (MIT, pypinyin): runs of code points, then phrases that are read otherwise.\n"
GAP = 64


def letter(char: str) -> str:
    """The first letter of one character that is not ASCII, ``""`` where it has no reading."""
    from pypinyin import Style, lazy_pinyin

    read = lazy_pinyin(char, style=Style.FIRST_LETTER, errors="ignore")
    return read[0][:1].lower() if read and read[0][:1].isascii() else ""


def plain_letter(reading: str) -> str:
    """First letter of a toned syllable without its tone mark: ``ā`` → ``a``."""
    first = unicodedata.normalize("NFD", reading[:1])[:1].lower()
    return first if first.isascii() else ""


def runs(known: dict[int, str]) -> Iterator[tuple[int, str]]:
    """Runs of code points with few gaps between them."""
    start, last, letters = -1, -1, ""
    for code in sorted(known):
        if start < 0 or code - last > GAP:
            if letters:
                yield start, letters
            start, letters = code, ""
        else:
            letters += "-" * (code - last - 1)
        letters, last = letters + known[code], code
    if letters:
        yield start, letters


def table() -> str:
    """The whole file."""
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    known = {code: read for code in PINYIN_DICT if code > 127 and (read := letter(chr(code)))}
    lines = [f"{start:x} {letters}" for start, letters in runs(known)]
    for phrase, readings in PHRASES_DICT.items():
        if len(readings) != len(phrase) or phrase[0].isascii():
            continue
        spoken = "".join(plain_letter(reading[0]) for reading in readings)
        plain = "".join(known.get(ord(char), "") for char in phrase)
        if spoken != plain and len(spoken) == len(plain):
            lines.append(f"{phrase} {spoken}")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
    print(f"{TABLE.relative_to(ROOT)}: {TABLE.stat().st_size:,} bytes", file=sys.stderr)
