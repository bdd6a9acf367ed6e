"""Works projects: fields, choices, what must be given (M1.6.5.1). Pure Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.annual_plans.rules import READERS as PLAN_READERS
from app.kernel.errors import N_, Finding, msg
from app.kernel.money import parse_money
from app.kernel.text import BadInput, as_finding, normalise_input, parse_phone

UNIT_KINDS: dict[str, str] = {
    "street": N_("Sub-district office"),
    "community": N_("Neighbourhood community"),
    "platform": N_("Platform company"),
    "housing": N_("Housing department (unit kind)"),
    "other": N_("Other (unit kind)"),
}
"""建设单位属性."""
LONGEST: dict[str, int] = {
    "name": 120, "platform_number": 60, "permit_number": 60, "supervision_unit": 120,
    "construction_unit": 120, "supervisor_name": 40, "quality_safety_number": 60, "contract_contents": 2000,
    "designer": 120, "contractor": 120, "supervisor_company": 120, "cost_consultant": 120,
}  # fmt: skip
REQUIRED = (
    "name", "supervision_unit", "construction_unit", "construction_unit_kind", "supervisor_name",
    "supervisor_phone",
)  # fmt: skip
FIELDS = (
    "platform_number", "name", "permit_number", "supervision_unit", "construction_unit",
    "construction_unit_kind", "supervisor_name", "supervisor_phone", "contract_amount",
    "quality_safety_number", "contract_contents", "contract_start", "contract_finish", "designer",
    "contractor", "supervisor_company", "cost_consultant",
)  # fmt: skip
"""Fields in the order of the form (manual 1.6.5.1)."""
STAGE_FILES: dict[str, tuple[str, ...]] = {
    "preparation": ("project_approval",),
    "start": ("bid_notice", "construction_contract", "start_order", "bill_of_quantities"),
    "finish": ("acceptance_report", "acceptance_record"),
}
"""前期, 开工, 完工: purposes of the stage files that each stage adds."""
STAGES: dict[str, str] = {
    "preparation": N_("Preparation (stage)"),
    "start": N_("Start of works (stage)"),
    "finish": N_("Completion (stage)"),
}
PURPOSES = (*(purpose for stage in STAGE_FILES.values() for purpose in stage), "evidence")


def _short(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = normalise_input(raw, multiline=most > 1000)
        if len(text) > most:
            raise BadInput(msg("At most %(most)s characters.", most=most))
        return text

    return read


def _read_kind(raw: Any) -> str:
    text = normalise_input(raw)
    if text and text not in UNIT_KINDS:
        raise BadInput(msg("Not one of the choices."))
    return text


read_date: Callable[[Any], Any] = PLAN_READERS["planned_start"]
"""A date from typed text (2026-11-20, 2026年11月20日); empty gives None; raises `BadInput`."""
READERS: dict[str, Callable[[Any], Any]] = {
    **{field: _short(most) for field, most in LONGEST.items()},
    "construction_unit_kind": _read_kind,
    "supervisor_phone": parse_phone,
    "contract_amount": parse_money,
    "contract_start": read_date,
    "contract_finish": read_date,
}
"""How typed text becomes the value of a field; raises `BadInput`."""


def read(typed: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values of the typed fields; what cannot be read is a finding at its field."""
    values: dict[str, Any] = {}
    found: list[Finding] = []
    for field in FIELDS:
        if field in typed:
            try:
                values[field] = READERS[field](typed[field])
            except BadInput as bad:
                found.append(as_finding(bad, field, "M1.6.5.1"))
    return values, found


def findings(values: Mapping[str, Any]) -> list[Finding]:
    """What a works project as a whole lacks: starred fields, the order of the contract's dates."""
    found = [
        Finding("M1.6.5.1", "error", field, msg("Required.")) for field in REQUIRED if not values.get(field)
    ]
    start, finish = values.get("contract_start"), values.get("contract_finish")
    if start and finish and start > finish:
        text = msg("Must not lie before the contract start.")
        found.append(Finding("M1.6.5.1", "error", "contract_finish", text))
    return found
