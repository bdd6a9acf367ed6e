"""A record's form with the same few fields for each of its contents: ``<field>_<id>``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from app.schemes.checklist import plain
from app.web.record_form import RecordForm, text_of


class ItemForm(RecordForm):
    """Subclasses declare ``head`` (the record's own fields) and ``parts``; `for_items` adds those of contents."""

    head: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[tuple[str, ...]] = ()
    item_ids: ClassVar[tuple[int, ...]] = ()

    @classmethod
    def part_field(cls, part: str, item: Any) -> Any:
        """The unbound field of a content."""
        raise NotImplementedError

    @classmethod
    def for_items(cls, items: Iterable[Any]) -> type[Self]:
        """This form with the fields of these contents."""
        rows = list(items)
        fields = {f"{part}_{item.id}": cls.part_field(part, item) for item in rows for part in cls.parts}
        more: dict[str, Any] = {
            "keys": (*cls.head, *fields), "item_ids": tuple(item.id for item in rows), **fields,
        }  # fmt: skip
        return type(cls.__name__, (cls,), more)

    @classmethod
    def texts_of(cls, record: Any) -> dict[str, str]:
        """Every typed field of the record and of its contents as the form shows it."""
        texts = {key: text_of(key, getattr(record, key)) for key in cls.head}
        for item in record.items:
            texts |= {f"{part}_{item.id}": part_text(part, getattr(item, part)) for part in cls.parts}
        return {key: texts.get(key, "") for key in cls.keys}

    def head_changes(self, record: Any) -> dict[str, str]:
        """What was typed about the record itself; phones that still show the mask are left out."""
        changes = self.changes(record)
        return {key: changes[key] for key in self.head if key in changes}

    def item_changes(self) -> dict[int, Mapping[str, str]]:
        """Content → what was typed about it."""
        texts = self.typed()
        return {key: {part: texts[f"{part}_{key}"] for part in self.parts} for key in self.item_ids}


def part_text(part: str, value: Any) -> str:
    """A content's value as the form shows it: quantities without needless zeros."""
    return plain(value) if part.startswith(("quantity", "declared")) else text_of(part, value)
