"""The form of a province's profile, made from its columns; lists and mappings become fields of their own.

Password and lock-out policy belong to the security administrator (roles.md) and are not on this form.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from wtforms import (
    BooleanField,
    DecimalField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.extensions import _, _l
from app.ops.base import ConsoleForm
from app.ops.forms import Hidden, text
from app.regions.models import ProvinceProfile
from app.regions.rules import MEASURES, PROGRAMMES, RANGES, REVIEWED, REVIEWERS

PROGRAMME_LABELS = {
    "central_budget": _l("Central budget programme"),
    "pilot": _l("Provincial pilot programme"),
    "livelihood": _l("Livelihood programme"),
    "special_bond": _l("Special bond programme"),
}
REVIEWED_LABELS = {"reserve": _l("Reserve projects (function)"), **PROGRAMME_LABELS}
MEASURE_LABELS = {
    "start_rate": _l("Weight of the start rate"),
    "finish_rate": _l("Weight of the finish rate"),
    "investment_rate": _l("Weight of the investment rate"),
    "report_rate": _l("Weight of timely reports"),
    "funds_rate": _l("Weight of the funds rate"),
}
WORDING_LABELS = {
    "area": _l("Word for community"),
    "catalogue": _l("Word for catalogue"),
    "supervisor": _l("Word for supervising unit"),
    "implementer": _l("Word for implementing unit"),
    "authority": _l("Name of the authority"),
}
REVIEWER_LABELS = {
    "housing": _l("Department of housing"),
    "development": _l("Development and reform commission"),
    "finance": _l("Department of finance"),
}
_MAPS = {
    "programme_names": PROGRAMME_LABELS,
    "ranking_formula": MEASURE_LABELS,
    "wording": WORDING_LABELS,
}
_TEXTS = ("title", "short_title", "catalogue_version", "map_approval")
_NUMBERS = tuple(
    name for name in RANGES if not name.startswith(("password_", "lockout_")) and name != "idle_minutes"
)
_DECIMALS = (
    "area_per_household_min", "area_per_household_max", "investment_deviation", "border_km", "over_plan_share",
    "jump_share", "consent_attend_share", "consent_agree_share", "late_share_limit",
)  # fmt: skip
MILESTONE = re.compile(r"(\*|[a-z_]+)\s+([a-z_]+)\s+(\d{1,2})-(\d{1,2})\s+([0-9.]+)")
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_l("Names and wording"), (*_TEXTS, *(f"wording__{key}" for key in WORDING_LABELS))),
    (_l("Year built"), ("built_year_first", "built_year_normal", "built_year_last", "late_share_limit")),
    (_l("Plausibility of data"), (
        "area_per_household_min", "area_per_household_max", "investment_deviation", "border_km",
        "duplicate_metres", "photo_metres", "over_plan_share", "jump_share", "idle_months", "warn_days",
        "consent_attend_share", "consent_agree_share", "recycle_days")),
    (_l("Programmes and milestones"), (
        *(f"programme_names__{key}" for key in PROGRAMMES), "milestones", "finish_due_years")),
    (_l("Review and publicity"), ("requires_review", "review_programmes", "publicity_days")),
    (_l("Dates"), (
        "declaration_open_month", "declaration_open_day", "declaration_close_month", "declaration_close_day",
        "county_may_declare", "report_open_day", "report_due_day", "ranking_day", "rectify_days",
        "notify_by_sms")),
    (_l("Ranking"), tuple(f"ranking_formula__{key}" for key in MEASURE_LABELS)),
)  # fmt: skip


def milestone_lines(items: Any) -> str:
    """Milestones as typed: one a line, ``programme measure month-day share``."""
    return "\n".join(
        f"{m['programme']} {m['measure']} {m['month']:02d}-{m['day']:02d} {m['share']}"
        for m in items or ()
    )


def read_milestones(lines: str) -> list[dict[str, Any]]:
    """The milestones of a text. Raises: ValueError with the number of the line that cannot be read."""
    found = []
    for number, line in enumerate((lines or "").splitlines(), start=1):
        if not line.strip():
            continue
        match = MILESTONE.fullmatch(line.strip())
        if match is None:
            raise ValueError(number)
        programme, measure, month, day, share = match.groups()
        item = {
            "programme": programme,
            "measure": measure,
            "month": int(month),
            "day": int(day),
            "share": share,
        }
        found.append(item)
    return found


class Ticks(SelectMultipleField):
    """Several of a few choices, as tick boxes."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()


class _ProfileForm(ConsoleForm):
    version = Hidden()

    def __init__(self, formdata: Any = None, obj: Any = None, **kwargs: Any) -> None:
        if obj is not None:
            for name, labels in _MAPS.items():
                kwargs |= {
                    f"{name}__{key}": str((getattr(obj, name) or {}).get(key, "")) for key in labels
                }
            kwargs["milestones"] = milestone_lines(obj.milestones)
        super().__init__(formdata, _Without(obj, "milestones") if obj is not None else None, **kwargs)

    def validate_milestones(self, field: Any) -> None:
        try:
            read_milestones(field.data)
        except ValueError as error:
            raise ValidationError(_("Line %(n)s cannot be read.", n=error.args[0])) from error

    def values(self) -> dict[str, Any]:
        typed = super().values()
        found = {key: value for key, value in typed.items() if "__" not in key}
        for name, labels in _MAPS.items():
            pairs = {key: (typed[f"{name}__{key}"] or "").strip() for key in labels}
            found[name] = {key: value for key, value in pairs.items() if value}
        found["milestones"] = read_milestones(typed["milestones"])
        return found


class _Without:
    """A row seen without one attribute, so that the form takes its own words for it."""

    def __init__(self, row: Any, name: str) -> None:
        self._row, self._name = row, name

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise AttributeError(name)
        return getattr(self._row, name)


def _share(value: Any) -> Any:
    """A weight as exact text without blanks; what is no number stays for the rule to refuse."""
    try:
        return str(Decimal(value.strip())) if value and value.strip() else ""
    except InvalidOperation:
        return value


def _fields() -> dict[str, Any]:
    columns = ProvinceProfile.__table__.c
    label = {column.key: column.info.get("label") for column in columns}
    made: dict[str, Any] = {}
    for name in _TEXTS:
        made[name] = text(label[name], columns[name].type.length, required=name != "map_approval")
    for name in _NUMBERS:
        made[name] = IntegerField(label[name], [InputRequired()])
    for name in _DECIMALS:
        needed = Optional() if columns[name].nullable else InputRequired()
        made[name] = DecimalField(label[name], [needed], places=None)
    for name, labels in _MAPS.items():
        filters = [_share] if name == "ranking_formula" else []
        for key, word in labels.items():
            made[f"{name}__{key}"] = StringField(word, [Optional(), Length(max=60)], filters=filters)
    made["milestones"] = TextAreaField(
        label["milestones"],
        [Length(max=2000)],
        description=_l(
            "One a line: programme (or *), measure, month-day, share. For example: * finish_rate 12-31 1.00"
        ),
        render_kw={"rows": 4, "spellcheck": "false"},
    )
    made["requires_review"] = Ticks(
        label["requires_review"], choices=[SelectChoice(k, REVIEWER_LABELS[k]) for k in REVIEWERS]
    )
    made["review_programmes"] = Ticks(
        label["review_programmes"],
        choices=[SelectChoice(k, REVIEWED_LABELS[k]) for k in REVIEWED],
        description=_l("Schemes of anything else are approved as soon as they are submitted."),
    )
    for name in ("county_may_declare", "notify_by_sms"):
        made[name] = BooleanField(label[name])
    return made


ProfileForm: type[ConsoleForm] = type("ProfileForm", (_ProfileForm,), _fields())
assert set(MEASURE_LABELS) == MEASURES, "every measure of the ranking has a label"
