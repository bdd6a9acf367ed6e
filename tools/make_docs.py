"""Writes docs/flows.md, the state diagrams, from the flow tables that the services themselves obey (`make docs`)."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.accounts.matrix import ROLES  # noqa: E402
from app.inspections.rules import FLOW as INSPECTION  # noqa: E402
from app.kernel.flow import Flow, Transition  # noqa: E402
from app.monthly_reports.rules import FLOW as REPORT  # noqa: E402
from app.recognition.rules import FLOW as RECOGNITION  # noqa: E402
from app.schemes.major_sheets import FIELDS as MAJOR_FIELDS  # noqa: E402
from app.schemes.rules import FLOW as SCHEME  # noqa: E402
from app.supervision.rules import FLOW as ISSUE  # noqa: E402

FLOWS: tuple[tuple[str, Flow], ...] = (
    ("方案（N2.1，M1.6.4）", SCHEME),
    ("项目月报（M1.6.5.2，M1.6.5.4）", REPORT),
    ("开工认定、完工认定（M1.6.7.1，M1.6.7.2）", RECOGNITION),
    ("区县巡查、市州抽查、省级抽查（M1.6.7.3）", INSPECTION),
    ("督办问题（R22）", ISSUE),
)
TARGET = ROOT / "docs" / "flows.md"
MAJOR_TARGET = ROOT / "docs" / "major-projects.md"


@cache
def _words() -> dict[str, str]:
    """English → Chinese, from every catalogue of messages."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "translations" / "zh_Hans_CN" / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as source:
            found |= {m.id: m.string for m in read_po(source) if isinstance(m.id, str) and not m.context}
    return found


def word(msgid: str) -> str:
    return _words().get(msgid) or msgid


def _who(step: Transition) -> str:
    """The roles that may take a step; steps without a permission are taken by the system."""
    if step.needs is None:
        return "系统"
    return "、".join(word(spec.label) for spec in ROLES.values() if step.needs in spec.permissions)


def _section(title: str, flow: Flow) -> list[str]:
    rows = [
        f"| {'、'.join(word(flow.states[source]) for source in step.sources)} | {word(step.label)} |"
        f" {word(flow.states[step.target])} | {_who(step)} | {f'`{step.when}`' if step.when else ''} |"
        for step in flow.transitions
    ]
    head = ["| 起始状态 | 操作 | 到达状态 | 角色 | 条件 |", "|---|---|---|---|---|"]
    return [f"## {title}", "", "```mermaid", flow.to_mermaid(word).rstrip(), "```", "", *head, *rows, ""]


def flows() -> str:
    """The whole document."""
    lines = ["# 状态流转", "", "由 `make docs` 依据程序中的流转表生成，请勿手工修改。", ""]
    for title, flow in FLOWS:
        lines += _section(title, flow)
    return "\n".join(lines)


def major_projects() -> str:
    """The columns of the file for the library of major projects."""
    lines = [
        "# 国家重大建设项目库导出字段", "", "由 `make docs` 依据程序中的字段表生成，请勿手工修改。", "",
        "储备库和计划台账的“导出面板”中，省级管理员可把所选范围导出为报送发改委的文件：第一张表为项目，第二张表为本说明。",
        "列名取项目库通行字段，未与官方导入模板逐列核对，报送前请按当地发改委模板调整。电话一律脱敏。同样的数据也可经接口读取：",
        "`/api/v1/reserve-projects/`、`/api/v1/plan-tasks/`、`/api/v1/schemes/`（说明见 `/api/docs`）。", "",
        "| 序号 | 列名 | 单位 | 来源 |", "|---|---|---|---|",
    ]  # fmt: skip
    for number, field in enumerate(MAJOR_FIELDS, start=1):
        unit = word(field.unit) if field.unit else ""
        lines.append(f"| {number} | {word(field.label)} | {unit} | {word(field.source)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    MAJOR_TARGET.write_text(major_projects(), encoding="utf-8")
    TARGET.write_text(flows(), encoding="utf-8")
