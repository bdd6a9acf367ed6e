"""The document is true: generated calls, right and wrong ones, are answered as it says, and never by a fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.openapi import document
from tests.conftest import on_copy
from tests.shared import World

pytestmark = pytest.mark.req("M1.4", "M1.4.1")
CALLS = (
    ("/api/v1/communities/", "GET"), ("/api/v1/communities/", "POST"), ("/api/v1/communities/{pk}", "GET"),
    ("/api/v1/communities/{pk}", "PUT"), ("/api/v1/regions/", "GET"), ("/api/v1/regions/{pk}", "GET"),
    ("/api/v1/reserve-projects/", "GET"), ("/api/v1/reserve-projects/", "POST"),
    ("/api/v1/reserve-projects/{pk}", "PUT"), ("/api/v1/plan-tasks/", "GET"), ("/api/v1/plan-tasks/{pk}", "GET"),
    ("/api/v1/plan-tasks/{pk}", "PUT"), ("/api/v1/plan-tasks/{pk}/links", "POST"), ("/api/v1/schemes/", "GET"),
    ("/api/v1/schemes/", "POST"), ("/api/v1/schemes/{pk}", "GET"), ("/api/v1/schemes/{pk}", "PUT"),
    ("/api/v1/works-projects/", "GET"), ("/api/v1/works-projects/", "POST"), ("/api/v1/works-projects/{pk}", "PUT"),
    ("/api/v1/monthly-reports/", "GET"), ("/api/v1/monthly-reports/", "POST"),
    ("/api/v1/monthly-reports/{pk}", "PUT"), ("/api/v1/monthly-reports/{pk}/submit", "POST"),
    ("/api/v1/recognitions/", "GET"), ("/api/v1/recognitions/{pk}", "PUT"), ("/api/v1/inspections/", "POST"),
    ("/api/v1/inspections/{pk}", "PUT"), ("/api/v1/construction-accounts/", "GET"),
    ("/api/v1/construction-accounts/", "POST"), ("/api/v1/construction-accounts/{pk}/stop", "POST"),
)  # fmt: skip
RESOURCES = {
    "CommunityApi", "RegionApi", "ReserveApi", "PlanApi", "SchemeApi", "WorksProjectApi", "MonthlyReportApi",
    "RecognitionApi", "InspectionApi", "ConstructionAccountApi",
}  # fmt: skip
UNTOUCHED = ("region", "town", "ab_user")
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip


def credentials(world: World) -> dict[str, Any]:
    """The cookie and token of a signed-in editor."""
    client = world.client("dingcheng")
    cookie = client.get_cookie("portal")
    assert cookie is not None
    return {
        "cookies": {"portal": cookie.value},
        "headers": {"X-CSRFToken": client.environ_base["HTTP_X_CSRFTOKEN"], "Accept-Encoding": "identity"},
    }


@pytest.fixture(scope="module")
def worlds(sqlite_app: Flask, postgresql_app: Flask) -> Iterator[list[World]]:
    """The demo world on both databases at once: thinking of a call costs more than making it twice."""
    with on_copy(sqlite_app, "sqlite") as one, on_copy(postgresql_app, "postgresql") as other:
        yield [World(sqlite_app, "sqlite", one), World(postgresql_app, "postgresql", other)]


@pytest.fixture(scope="module")
def described(worlds: list[World]) -> Any:
    with worlds[0].app.test_request_context("/api/docs"):
        schema = schemathesis.openapi.from_dict(document())
    schema.app = worlds[0].app
    return schema


def own_record(world: World, path: str) -> int:
    """A record of the editor's county behind an address; 1 where the demo world has none."""
    tables = {"reserve-projects": "reserve_project", "plan-tasks": "plan_task", "schemes": "scheme",
              "works-projects": "works_project", "monthly-reports": "monthly_report",
              "recognitions": "recognition", "inspections": "inspection",
              "construction-accounts": "construction_account"}  # fmt: skip
    table = next((name for part, name in tables.items() if f"/{part}/" in path), "community")
    return world.rows(f"SELECT min(id) FROM {table} WHERE county_code='430703'")[0][0] or 1


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), CALLS)
def test_generated_calls(worlds: list[World], described: Any, path: str, method: str, mode: GenerationMode) -> None:
    heads = [credentials(world) for world in worlds]
    operation = described[path][method]
    seen: list[int] = []
    own = ["430703" if "regions" in path else own_record(world, path) for world in worlds]
    before = [world.print(UNTOUCHED) for world in worlds]

    @settings(
        max_examples=25, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        for name in ("Authorization", "X-CSRFToken", "Accept-Encoding"):
            case.headers.pop(name, None)
        case.cookies = {}
        mine = "{pk}" in path and len(seen) // len(worlds) % 3
        for world, head, record in zip(worlds, heads, own, strict=True):
            if mine:
                case.path_parameters["pk"] = record
            seen.append(case.call_and_validate(checks=CHECKS, app=world.app, **head).status_code)

    run()
    assert seen
    assert not {401, 403} & set(seen), "the calls are made as somebody who may"
    assert [world.print(UNTOUCHED) for world in worlds] == before


def test_the_document_lists_every_route(world: World) -> None:
    """What is registered under /api/v1 is described, and nothing else is."""
    with world.app.test_request_context("/api/docs"):
        told = {
            (path.replace("{pk}", "<pk>"), verb.upper())
            for path, operations in document()["paths"].items()
            for verb in operations
        }
    real = {
        (rule.rule, method)
        for rule in world.app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in RESOURCES
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert real <= told
    assert {path for path, _verb in told - real} <= {"/api/v1/security/login", "/api/v1/security/refresh"}


def test_the_page_shows_every_call_without_outside_help(world: World) -> None:
    html = world.client("dingcheng").get("/api/docs").get_data(as_text=True)
    with world.app.test_request_context("/api/docs"):
        told = document()
    for path in told["paths"]:
        assert path in html
    for name in told["components"]["schemas"]:
        assert f'id="schema-{name}"' in html
    assert "https://" not in html.replace("http://www.w3.org", "")
    assert "swagger" not in html.lower()


def test_the_document_speaks_the_callers_language(world: World) -> None:
    client = world.client("dingcheng")
    said = client.get("/api/v1/openapi.json", headers={"Accept-Language": "en"}).json
    assert said["paths"]["/api/v1/communities/"]["post"]["summary"] == "Create a community"
    assert (
        client.get("/api/v1/openapi.json").json["paths"]["/api/v1/communities/"]["post"]["summary"]
        == "新增小区"
    )
