"""First pinyin letters of characters, and the phrases in which one of them is read otherwise (重庆, 长沙).

Read from ``spelling.txt`` beside this file, which ``tools/spelling.py`` makes of pypinyin's dictionaries: those need
80 MB and more than half a second in every process, and 50 µs a name.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).with_name("spelling.txt")


class Spelling:
    """``runs`` are (first code point, a letter for it and each following one, ``-`` for none), ascending;
    ``phrases`` are (phrase, letters as they are spoken)."""

    def __init__(self, runs: list[tuple[int, str]], phrases: list[tuple[str, str]]) -> None:
        self._starts, self._runs = [start for start, _letters in runs], [letters for _start, letters in runs]
        self._letters: dict[str, str] = {}
        self._by_pair: dict[str, list[tuple[str, str]]] = {}
        for phrase, spoken in sorted(phrases, key=lambda known: -len(known[0])):
            self._by_pair.setdefault(phrase[:2], []).append((phrase, spoken))
        self.pairs = frozenset(self._by_pair)

    def letter(self, char: str) -> str:
        """One lower-case letter or digit, or ``""`` for a sign."""
        known = self._letters.get(char)
        if known is None:
            known = self._letters[char] = self._look_up(char)
        return known

    def _look_up(self, char: str) -> str:
        if char.isascii():
            return char.lower() if char.isalnum() else ""
        code = ord(char)
        run = bisect_right(self._starts, code) - 1
        found = self._runs[run][code - self._starts[run] :][:1] if run >= 0 else ""
        return found.strip("-")

    def of(self, text: str) -> str:
        """The letters of a text, phrase by phrase."""
        letters, pairs = self._letters, self._by_pair
        out: list[str] = []
        skip_to = 0
        for at, char in enumerate(text):
            if at < skip_to:
                continue
            for phrase, spoken in pairs.get(text[at : at + 2], ()):
                if text.startswith(phrase, at):
                    out.append(spoken)
                    skip_to = at + len(phrase)
                    break
            else:
                known = letters.get(char)
                out.append(self.letter(char) if known is None else known)
        return "".join(out)


@lru_cache(maxsize=1)
def spelling() -> Spelling:
    """The table of this installation, read once a process."""
    runs: list[tuple[int, str]] = []
    phrases: list[tuple[str, str]] = []
    with TABLE.open(encoding="utf-8") as lines:
        for line in lines:
            first, _space, letters = line.rstrip("\n").partition(" ")
            if line.startswith("#"):
                continue
            if first.isascii():
                runs.append((int(first, 16), letters))
            else:
                phrases.append((first, letters))
    return Spelling(runs, phrases)
