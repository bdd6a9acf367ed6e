"""What files are accepted where (R21, model.md "Attachment"): kinds, purposes, names, sizes. Pure Python."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.kernel.errors import N_, Finding, Message, msg

MB = 1024 * 1024
LARGEST = 200 * MB
CHUNK = 1 * MB
LARGEST_CHUNK = 8 * MB
MOST_OPEN_UPLOADS = 60
NAME_LENGTH = 120
NAME_BYTES = 230


@dataclass(frozen=True)
class Kind:
    """A file type told by content: media type and the endings that fit it, the first being the usual one."""

    key: str
    label: str
    mime: str
    endings: tuple[str, ...]
    group: str


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("pdf", "PDF", "application/pdf", ("pdf",), "pdf"),
        Kind("jpeg", "JPG", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), "image"),
        Kind("png", "PNG", "image/png", ("png",), "image"),
        Kind("webp", "WebP", "image/webp", ("webp",), "image"),
        Kind("bmp", "BMP", "image/bmp", ("bmp", "dib"), "image"),
        Kind("tiff", "TIFF", "image/tiff", ("tif", "tiff"), "image"),
        Kind("zip", "ZIP", "application/zip", ("zip",), "archive"),
        Kind("rar", "RAR", "application/vnd.rar", ("rar",), "archive"),
        Kind("7z", "7Z", "application/x-7z-compressed", ("7z",), "archive"),
    )
}
# what a browser draws by itself; everything else is only downloaded
SHOWN_INLINE = frozenset({"pdf", "jpeg", "png", "webp", "bmp"})
_ENDINGS = {ending for kind in KINDS.values() for ending in kind.endings}


def kinds_of(*groups: str) -> frozenset[str]:
    """Keys of the kinds of these groups: ``pdf``, ``image``, ``archive``."""
    return frozenset(key for key, kind in KINDS.items() if kind.group in groups)


@dataclass(frozen=True)
class Purpose:
    """What a file proves: its label, the kinds and size (bytes) accepted, and how many a record may hold."""

    key: str
    label: str
    kinds: frozenset[str]
    largest: int = LARGEST
    most: int = 20

    @property
    def accept(self) -> str:
        """Value of the ``accept`` attribute of a file field."""
        return ",".join(f".{ending}" for key in KINDS if key in self.kinds for ending in KINDS[key].endings)

    @property
    def kind_names(self) -> str:
        return "、".join(KINDS[key].label for key in KINDS if key in self.kinds)


_PDF, _IMAGE, _ARCHIVE = kinds_of("pdf"), kinds_of("image"), kinds_of("archive")
_ANY = _PDF | _IMAGE | _ARCHIVE

# 湘建城〔2020〕44号 二(一), M1.6.4; by stage of the month report (M1.6.7.1, R14, R15)
PURPOSES: dict[str, Purpose] = {
    purpose.key: purpose
    for purpose in (
        Purpose("scheme_document", N_("Renovation scheme of the community"), _PDF | _ARCHIVE),
        Purpose("scheme_site_plan", N_("General layout plan of the scheme"), _PDF | _IMAGE),
        Purpose("scheme_approval", N_("Official approval of the scheme"), _PDF),
        Purpose("scheme_consent", N_("Evidence of the residents' consent"), _PDF),
        Purpose("project_approval", N_("Project approval document"), _ANY),
        Purpose("bid_notice", N_("Notice of award"), _ANY),
        Purpose("construction_contract", N_("Construction contract"), _ANY),
        Purpose("start_order", N_("Order to start work"), _ANY),
        Purpose("bill_of_quantities", N_("Bill of quantities"), _ANY),
        Purpose("acceptance_report", N_("Completion acceptance report"), _ANY),
        Purpose("acceptance_record", N_("Completion acceptance filing form"), _ANY),
        Purpose("photo_before", N_("Photos before renovation"), _IMAGE, 20 * MB, 30),
        Purpose("photo_during", N_("Photos during renovation"), _IMAGE, 20 * MB, 30),
        Purpose("photo_after", N_("Photos after renovation"), _IMAGE, 20 * MB, 30),
        Purpose("photo", N_("Photos"), _IMAGE, 20 * MB, 60),
        Purpose("inspection_sheet", N_("Check sheet signed by the inspectors"), _PDF | _IMAGE, 20 * MB, 10),
        Purpose("evidence", N_("Supporting material"), _ANY, LARGEST, 60),
    )
}
SCHEME_PURPOSES = ("scheme_document", "scheme_site_plan", "scheme_approval", "scheme_consent")


def error(message: Message, field: str | None = "file") -> Finding:
    """A hard finding of R21."""
    return Finding("R21", "error", field, message)


def judge_announced(purpose: Purpose, name: str, size: int, present: int) -> list[Finding]:
    """What stands against a file before it is sent: ``size`` in bytes, ``present`` files are there."""
    found = []
    if size < 1:
        found.append(error(msg("“%(name)s” is empty.", name=name)))
    if size > purpose.largest:
        found.append(
            error(msg("“%(name)s” is larger than %(most)s MB.", name=name, most=purpose.largest // MB))
        )
    if present >= purpose.most:
        found.append(error(msg("At most %(most)s files can be kept here.", most=purpose.most)))
    ending = ending_of(name)
    if ending and not any(ending in KINDS[key].endings for key in purpose.kinds):
        found.append(
            error(
                msg("“%(name)s” is not of an accepted kind (%(kinds)s).", name=name, kinds=purpose.kind_names)
            )
        )
    return found


def judge_content(
    purpose: Purpose, name: str, kind: str | None, looks_like: str = "", oversized: bool = False
) -> list[Finding]:
    """What stands against a file by its content: ``kind`` as sniffed (None when no accepted kind fits)."""
    if kind in purpose.kinds:
        return []
    if oversized:
        return [error(msg("The picture “%(name)s” has too many pixels; please save it smaller.", name=name))]
    seen = KINDS[kind].label if kind else looks_like.upper()
    if seen:
        return [
            error(
                msg(
                    "The content of “%(name)s” is %(seen)s; accepted here: %(kinds)s.",
                    name=name, seen=seen, kinds=purpose.kind_names,
                )
            )
        ]  # fmt: skip
    return [
        error(
            msg(
                "The content of “%(name)s” is not a readable file of an accepted kind (%(kinds)s).",
                name=name, kinds=purpose.kind_names,
            )
        )
    ]  # fmt: skip


def missing_purposes(required: Iterable[str], present: Mapping[str, int], rule: str) -> list[Finding]:
    """One hard finding of ``rule`` for each required purpose without a file (R10, R14, R15)."""
    return [
        Finding(
            rule, "error", key, msg("“%(what)s” is still to be uploaded.", what=Message(PURPOSES[key].label))
        )
        for key in required
        if not present.get(key)
    ]


# ── names ──
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def ending_of(name: str) -> str:
    """Lower-case ending of a file name without the dot, or ''."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def clean_name(raw: str) -> str:
    """A name that shows what it is on every system: no path, control, direction or reserved characters.

    >>> clean_name("C:\\\\fakepath\\\\方案\\u202efdp.exe")
    '方案fdp.exe'
    """
    text = unicodedata.normalize("NFC", raw).replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(" " if c in "\t\n\r\v\f" else c for c in text)
    text = "".join(
        c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    text = re.sub(r"\s+", " ", _FORBIDDEN.sub("_", text)).strip(" .")
    if _RESERVED.match(text):
        text = "_" + text
    return _shorten(text) or "file"


def _shorten(name: str) -> str:
    ending = ending_of(name)
    tail = f".{ending}" if ending and len(ending) <= 8 else ""
    stem = name[: len(name) - len(tail)] if tail else name
    while len(stem) + len(tail) > NAME_LENGTH or len((stem + tail).encode()) > NAME_BYTES:
        stem = stem[:-1]
    return stem.rstrip(" .") + tail if stem else name[:NAME_LENGTH]


def name_for(name: str, kind: str) -> str:
    """The name with an ending that tells the truth about the content."""
    ending = ending_of(name)
    if ending in KINDS[kind].endings:
        return name
    stem = name[: -len(ending) - 1] if ending in _ENDINGS else name
    return _shorten(f"{stem}.{KINDS[kind].endings[0]}")


_SHA = re.compile(r"[0-9a-f]{64}\Z")


def is_sha256(text: object) -> bool:
    return isinstance(text, str) and bool(_SHA.match(text))
