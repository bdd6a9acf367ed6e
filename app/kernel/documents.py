"""Search documents of many names in one pass: what `pinyin_initials` and `grams` give one name at a time."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

from app.kernel.spelling import spelling
from app.kernel.text import _WORD_RE, _region_tokens, fold_width

_SEAM = "\n"


def search_documents(names: Sequence[str], codes: Sequence[str]) -> tuple[list[str], list[str]]:
    """(pinyin initials, search grams) of clean names with the region code of each, in order.

    All names are spelled by one translation of their joined text; only those with a pair of characters that
    may be read in another way (重庆, 长沙) are spelled one by one.
    """
    if not names:
        return [], []
    folded = fold_width(_SEAM.join(names))
    known = spelling()
    table = str.maketrans({char: known.letter(char) for char in set(folded) if char != _SEAM})
    initials = folded.translate(table).split(_SEAM)
    plain = folded.lower().split(_SEAM)
    if not len(plain) == len(initials) == len(names):
        raise ValueError("names hold line breaks")
    awkward = known.pairs
    documents: list[str] = []
    regions = {code: (code[:2], "".join(f" {token}" for token in _region_tokens(code))) for code in set(codes)}
    for index, name in enumerate(plain):
        pairs = list(map(add, name, name[1:]))
        if not awkward.isdisjoint(pairs):
            initials[index] = known.of(fold_width(names[index]))
        if not name.isalnum():
            name = "".join(_WORD_RE.findall(name))
            pairs = list(map(add, name, name[1:]))
        letters = initials[index]
        if not pairs and name:
            pairs.append(name)
        if letters:
            spelled = list(map(add, letters, letters[1:])) or [letters]
            pairs += spelled
            pairs += map(add, spelled, letters[2:])
        parts = dict.fromkeys(pairs)
        province, area = regions[codes[index]]
        documents.append(f"{province}{f' {province}'.join(parts)}{area}" if parts else area[1:])
    return initials, documents
