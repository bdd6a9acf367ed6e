"""Typed text: clean-up, strict integers and years, names, pinyin initials, search grams, phones.

Nothing here guesses: text that cannot be read raises `BadInput` with the sentence to show at the field.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.spelling import spelling

__all__ = [
    "BadInput", "N_", "as_finding", "fold_width", "grams", "is_one_gram", "mask_phone", "normalise_column",
    "normalise_input", "normalise_phone", "normalised_name", "normalised_names", "parse_int", "parse_phone",
    "parse_year", "pinyin_initials", "query_grams", "valid_phone",
]

_LETTERS_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FOLD_TEXT = {ord(c) + 0xFEE0: c for c in _LETTERS_DIGITS + "+-./%#&@_=*"} | {0x3000: " ", 0x2212: "-"}
_FOLD_ALL = {0xFF01 + i: chr(0x21 + i) for i in range(94)} | {0x3000: " ", 0x2212: "-"}
# C0/C1 controls, soft hyphen, zero-width and bidi marks, lone surrogates, BOM, non-characters
_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\uffff"
)
_INVISIBLE_RE = re.compile(f"[{_INVISIBLE}]")
_CHANGED = _INVISIBLE + re.escape("".join(map(chr, _FOLD_TEXT)))
_DIRTY_RE = re.compile(rf"^ | $|  |[^\S ]|[{_CHANGED}]")
_SPACES_RE = re.compile(r"\s+")
_LINE_SPACES_RE = re.compile(r"[^\S\n]+")


class BadInput(ValueError):
    """Text that cannot be read as what the field asks for; ``message`` is the sentence for the user."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


def as_finding(bad: BadInput, field: str, rule: str = "R02") -> Finding:
    """The hard finding that stands beside ``field`` for input that could not be read."""
    return Finding(rule, "error", field, bad.message)


def fold_width(text: str) -> str:
    """Full-width ASCII (digits, letters, every sign) and the ideographic space made plain; for numbers."""
    return text.translate(_FOLD_ALL)


def normalise_input(raw: Any, *, multiline: bool = False) -> str:
    """Text as it is stored: plain letters and digits, nothing invisible, single inner spaces, stripped.

    Full-width letters, digits and number signs become plain; Chinese punctuation stays as typed; ``None``
    gives ``""``. Line breaks survive only with ``multiline``.
    """
    if raw is None:
        return ""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    text = raw if isinstance(raw, str) else str(raw)
    if _DIRTY_RE.search(text) is None:
        return text
    text = text.translate(_FOLD_TEXT)
    if not multiline:
        return _SPACES_RE.sub(" ", _INVISIBLE_RE.sub("", text)).strip()
    text = _INVISIBLE_RE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line.strip() for line in _LINE_SPACES_RE.sub(" ", text).split("\n")).strip()


# --- numbers and years ----------------------------------------

_INT_RE = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)\Z", re.ASCII)
_YEAR_RE = re.compile(r"(\d{4}) ?年?\Z", re.ASCII)
MAX_COUNT = 9_999_999
FIRST_YEAR, LAST_YEAR = 1900, 2100


def parse_int(raw: Any, *, minimum: int | None = 0, maximum: int | None = MAX_COUNT) -> int | None:
    """A whole number from typed text or a spreadsheet cell; empty gives ``None``.

    Full-width digits and well-formed thousands separators are accepted; units, fractions, exponents and
    true/false are not. Raises `BadInput`.
    """
    number: int
    if raw is None:
        return None
    if isinstance(raw, int) and not isinstance(raw, bool):
        number = raw
    elif isinstance(raw, float) and raw.is_integer():
        number = int(raw)
    elif isinstance(raw, str):
        text = normalise_input(fold_width(raw))
        if not text:
            return None
        if len(text) > 30 or _INT_RE.match(text) is None:
            raise BadInput(msg("Must be a whole number."))
        number = int(text.replace(",", ""))
    else:
        raise BadInput(msg("Must be a whole number."))
    if minimum is not None and number < minimum:
        raise BadInput(msg("Must not be less than %(least)s.", least=minimum))
    if maximum is not None and number > maximum:
        raise BadInput(msg("Must not be more than %(most)s.", most=maximum))
    return number


def parse_year(raw: Any) -> int | None:
    """A four-digit year (1900–2100) from ``1995``, ``"1995年"``, ``"１９９５"`` or a date cell.

    Empty gives ``None``. Raises `BadInput` for anything else ("95年", "1990年代"); which years are allowed is
    rule R01's business.
    """
    if raw is None:
        return None
    year: int | None = None
    if isinstance(raw, dt.date):
        year = raw.year
    elif isinstance(raw, (int, float)) and not isinstance(raw, bool):
        year = int(raw) if abs(raw) < 10_000 and float(raw).is_integer() else None
    elif isinstance(raw, str):
        text = normalise_input(fold_width(raw))
        if not text:
            return None
        found = _YEAR_RE.match(text)
        year = int(found[1]) if found else None
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput(msg("Must be a four-digit year, such as 1995."))
    return year


# --- names ----------------------------------------

_NAME_NOISE = (
    r"[\s()\[\]{}<>（）〔〕【】［］｛｝〈〉＜＞《》「」『』“”‘’\"'＂＇·•．.,，、。:：;；\-－—–_＿/／\\＼|｜]"
)
_NAME_SUFFIX = (
    "小区|院落|大院|生活区|(?:职工|家属)?(?:宿舍|住宅)(?:小区|区|楼)?|家属(?:院|楼|区)|职工楼"
)
_NAME_NOISE_RE = re.compile(_NAME_NOISE)
_NAME_SUFFIX_RE = re.compile(rf"(?:{_NAME_SUFFIX})+\Z")
_NAME_ENDS = ("区", "院落", "大院", "宿舍", "住宅", "宿舍楼", "住宅楼", "家属院", "家属楼", "职工楼")


@lru_cache(maxsize=65_536)
def normalised_name(name: str) -> str:
    """The name by which near-duplicates are recognised (R05): 恒华茗苑(住宅楼) → 恒华茗苑.

    Without spaces, brackets, separators and 小区/宿舍/院落 … suffixes. Letters are lower-cased. A name that
    is nothing but a suffix keeps itself, so that it stays comparable.
    """
    return _without_suffix(_NAME_NOISE_RE.sub("", fold_width(normalise_input(name))).lower())


def _without_suffix(name: str) -> str:
    found = _NAME_SUFFIX_RE.search(name, 1) if name.endswith(_NAME_ENDS) else None
    return name[: found.start()] if found else name


_LINE_NOISE_RE = re.compile(r"[^\S\n]|[" + _NAME_NOISE.removeprefix(r"[\s"))
_FOLDABLE_RE = re.compile("[\u2212！＃＄％＆＊＋０-９＝？＠Ａ-Ｚ＾｀ａ-ｚ～]")
_FOLDED_RE = re.compile("[\ufff0-\uffff" + re.escape("".join(map(chr, _FOLD_TEXT))) + "]")
_SEAM = "\u241e"  # a printable separator that nobody types


def normalise_column(column: Sequence[Any]) -> list[str]:
    """`normalise_input` of every cell; a column that is clean already is looked at only once, as a whole."""
    cells = list(column)
    distinct = set(cells)
    if len(distinct) * 4 < len(cells):
        clean = {cell: normalise_input(cell) for cell in distinct}
        return [clean[cell] for cell in cells]
    if set(map(type, cells)) == {str}:
        joined = _SEAM.join(("", *cells, ""))
        spaced = "  " in joined or f" {_SEAM}" in joined or f"{_SEAM} " in joined
        if joined.isprintable() and not spaced and _FOLDED_RE.search(joined) is None:
            return cells
    return [normalise_input(cell) for cell in cells]


def normalised_names(names: Sequence[str]) -> list[str]:
    """`normalised_name` of every already clean name, in one pass over all of them."""
    joined = "\n".join(names)
    if _FOLDABLE_RE.search(joined):
        joined = fold_width(joined)
    if joined.count("\n") != len(names) - 1:
        return [normalised_name(name) for name in names]
    return [_without_suffix(name) for name in _LINE_NOISE_RE.sub("", joined).lower().split("\n")]


@lru_cache(maxsize=65_536)
def pinyin_initials(name: str) -> str:
    """Lower-case pinyin initials: ``恒华茗苑A区`` → ``hhmyaq``; letters and digits stay, signs go."""
    return spelling().of(fold_width(name))


# --- full-text search ----------------------------------------

_WORD_RE = re.compile(r"[^\W_]+")


def _bigrams(word: str) -> list[str]:
    return [word[i : i + 2] for i in range(len(word) - 1)] or [word]


def _trigrams(word: str) -> list[str]:
    return [word[i : i + 3] for i in range(len(word) - 2)]


def grams(name: str, initials: str = "", region_code: str = "") -> str:
    """The row's search document: unique tokens separated by spaces, in order of appearance.

    Bigrams of the name (signs and spaces dropped), bigrams and trigrams of the pinyin initials, each behind the two
    digits of its province, so that a search inside a province reads nothing of another; and a token for city and
    county each, ``430703`` → ``c430703 y4307`` (``430700`` → ``y4307``), by which a search is narrowed further.
    """
    parts = dict.fromkeys(_bigrams("".join(_WORD_RE.findall(fold_width(name).lower()))))
    letters = initials.lower()
    if letters:
        parts.update(dict.fromkeys((*_bigrams(letters), *_trigrams(letters))))
    parts.pop("", None)
    code = region_code.strip()
    tokens = dict.fromkeys(code[:2] + part for part in parts)
    return " ".join((*tokens, *_region_tokens(code)))


@lru_cache(maxsize=4096)
def _region_tokens(code: str) -> tuple[str, ...]:
    code = code.strip()
    if not code.isdigit():
        return ()
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    tokens = {6: f"c{code}", 4: f"y{code[:4]}"}
    return tuple(token for length, token in tokens.items() if len(code) >= length)


def query_grams(text: str) -> tuple[str, ...]:
    """The parts that all must be in a row's `grams` (there behind a province) for ``text`` to be found; at most 32.

    Each word apart, so that word order does not matter: bigrams, or trigrams of a word of three and more letters and
    digits, which stands in the initials whole. Words of one character give no token: the caller then searches by
    LIKE. Words that are longer than their one token still have to be verified by LIKE (their parts may lie apart).
    """
    tokens: dict[str, None] = {}
    for word in fold_width(normalise_input(text)).lower().split():
        letters = "".join(_WORD_RE.findall(word))
        if len(letters) >= 2:
            tokens.update(dict.fromkeys(_trigrams(letters) if _spelled(letters) else _bigrams(letters)))
    return tuple(tokens)[:32]


def _spelled(letters: str) -> bool:
    return len(letters) > 2 and letters.isascii()


def is_one_gram(word: str) -> bool:
    """Whether the index alone tells if a clean lower-case word occurs: it is a token by itself."""
    return word.isalnum() and (len(word) == 2 or (len(word) == 3 and word.isascii()))


# --- phones ----------------------------------------

_MOBILE_RE = re.compile(r"1[3-9]\d{9}\Z", re.ASCII)
_LANDLINE_RE = re.compile(
    r"(?:(?P<metro>010|02\d)-?(?P<eight>\d{8})|(?P<area>0[3-9]\d{2})-?(?P<number>\d{7,8}))(?:[-转](?P<ext>\d{1,6}))?\Z",
    re.ASCII,
)


def normalise_phone(raw: Any) -> str:
    """A phone as stored: 11-digit mobile, ``0736-7300012`` (extension ``-123``); else the cleaned text."""
    text = normalise_input(raw)
    text = re.sub(r"[\s()（）]", "", fold_width(text)).replace("—", "-").replace("–", "-")
    text = re.sub(r"\A(?:\+86|0086|86(?=1\d{10}\Z))-?", "", text)
    if _MOBILE_RE.match(text.replace("-", "")):
        return text.replace("-", "")
    parts = _landline(text)
    return "-".join(parts) if parts else text


def _landline(phone: str) -> list[str]:
    """Area code, number and, if given, extension; empty when this is no landline."""
    found = _LANDLINE_RE.match(phone)
    if found is None:
        return []
    parts = (found["metro"] or found["area"], found["eight"] or found["number"], found["ext"])
    return [part for part in parts if part]


def valid_phone(raw: Any) -> bool:
    """Whether this is an 11-digit mobile or an area code + number (rules.md, Phones)."""
    phone = normalise_phone(raw)
    return bool(_MOBILE_RE.match(phone) or _landline(phone))


def parse_phone(raw: Any) -> str:
    """The normalised phone, ``""`` when empty. Raises `BadInput` when it is neither mobile nor landline."""
    phone = normalise_phone(raw)
    if phone and not valid_phone(phone):
        raise BadInput(msg("Must be an 11-digit mobile number, or area code and number."))
    return phone


def mask_phone(raw: Any) -> str:
    """The phone as shown: ``138****0000``, ``0736-73****12``; what is no phone shows two signs at most."""
    phone = normalise_phone(raw)
    if not phone:
        return ""
    if _MOBILE_RE.match(phone):
        return f"{phone[:3]}****{phone[-4:]}"
    parts = _landline(phone)
    if parts:
        return f"{parts[0]}-{parts[1][:2]}****{parts[1][-2:]}"
    return "****" + (phone[-2:] if len(phone) >= 7 else "")
