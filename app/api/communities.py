"""``/api/v1/communities``: the communities of the caller's jurisdiction, under the rules of the pages (M1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import abort, jsonify, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.api import queries
from app.api.base import PortalRestApi, envelope, expected_version, key_of, refused, requires, stale
from app.api.reading import Unreadable, body, check_number, check_text, finding, query
from app.audit import services as audit
from app.communities import assessment, record_queries, services
from app.communities.fields import LEAST, TYPED, read_values
from app.communities.models import Community
from app.extensions import db
from app.kernel.errors import Finding, RuleViolation, StaleRow, msg
from app.kernel.text import mask_phone
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current

PHONES = ("supervisor_phone", "implementer_phone")
NUMBERS = frozenset({*LEAST, "built_year", "lng", "lat", "floor_area", "planned_investment"})
# beside the fields: which version is changed, and which soft findings were seen
_BESIDE = frozenset({"version", "confirmed", "county_code"})


def as_json(row: Any, *, reveal: bool = False) -> dict[str, Any]:
    """A community as the API shows it: names beside codes, phones masked unless ``reveal``."""
    values: dict[str, Any] = {}
    for key in queries.SHOWN:
        value = getattr(row, key)
        if key in PHONES and not reveal:
            value = mask_phone(value)
        elif isinstance(value, Decimal):
            value = float(value)
        elif key in ("created_at", "updated_at"):
            value = value.isoformat()
        elif key == "missing":
            value = value.split(",") if value else []
        values[key] = value
    town = current().town(row.town_code)
    names = {"city": current().city_name(row.county_code), "county": current().name(row.county_code),
             "town": town.name if town else ""}  # fmt: skip
    return values | names


def read_body(payload: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values by column, and what is unknown, of the wrong kind or unreadable."""
    wrong = [finding(key, msg("Unknown.")) for key in payload if key not in TYPED and key not in _BESIDE]
    for key in payload.keys() & set(TYPED):
        wrong += (check_number if key in NUMBERS else check_text)(key, payload[key])
    wrong += check_text("confirmed", payload.get("confirmed"))
    odd = {item.field for item in wrong}
    values, unread = read_values({key: payload[key] for key in TYPED if key in payload and key not in odd})
    return values, [*wrong, *unread]


class CommunityApi(PortalRestApi):
    """Communities: list, one, create, change."""

    resource_name = "communities"
    datamodel = SQLAInterface(Community, db.session)
    class_permission_name = "Community"
    include_route_methods = {"get_list", "get", "post", "put"}
    list_columns = show_columns = list(queries.SHOWN)
    add_columns = edit_columns = list(TYPED)
    search_columns = list(queries.OFFERED.filters)
    order_columns = list(queries.OFFERED.order)

    @expose("/", methods=["GET"])
    @requires("list")
    def get_list(self) -> Any:
        """One page of the communities; phones are always masked."""
        asked = query(queries.OFFERED)
        rows, count = queries.communities(asked)
        return envelope([as_json(row) for row in rows], count, asked.page, asked.page_size)

    @expose("/<pk>", methods=["GET"])
    @requires("show")
    def get(self, pk: str) -> Any:
        """One community; ``?reveal=phones`` shows whole numbers to who may, and is recorded."""
        asked = request.args.get("reveal", "")
        if asked not in ("", "phones") or set(request.args) - {"reveal", "_l_"}:
            raise Unreadable(finding("reveal", msg("Unknown.")))
        if asked and not current_actor().may("can_reveal", "Community"):
            abort(403)
        record = self._record(pk)
        if asked:
            with unit_of_work() as session:
                audit.record(
                    session, "reveal", entity="Community", entity_id=record.id, label=record.name,
                    county_code=record.county_code, after={"field": ",".join(PHONES)},
                )  # fmt: skip
        return self._answer(record, reveal=bool(asked))

    @expose("/", methods=["POST"])
    @requires("add")
    def post(self) -> Any:
        """Create a community in the caller's county; 201 with its address in ``Location``."""
        payload = body()
        values, wrong = read_body(payload)
        county = payload.get("county_code")
        if county is not None and county != current_actor().region_code:
            wrong.append(finding("county_code", msg("Communities are entered by the county they lie in.")))
        if wrong:
            raise RuleViolation(wrong)
        try:
            with unit_of_work() as session:
                made = services.create_community(
                    session, current_actor(), values, confirmed=_confirmed(payload)
                )
                answer, number = self._answer(made), made.id
        except services.Unconfirmed as error:
            return refused(error, confirm=assessment.warnings_digest(error.findings))
        answer.status_code = 201
        answer.headers["Location"] = url_for("CommunityApi.get", pk=number)
        return answer

    @expose("/<pk>", methods=["PUT"])
    @requires("edit")
    def put(self, pk: str) -> Any:
        """Change the fields sent, under the lock of ``If-Match`` or ``version``; 409 shows what stands now."""
        payload = body()
        record = self._record(pk)
        version = expected_version(payload)
        sent = {key: value for key, value in payload.items() if not _still_masked(record, key, value)}
        values, wrong = read_body(sent)
        if payload.get("county_code") not in (None, record.county_code):
            wrong.append(finding("county_code", msg("The county of a community never changes.")))
        if wrong:
            raise RuleViolation(wrong)
        number = record.id
        try:
            with unit_of_work() as session:
                record = services.update_community(
                    session, current_actor(), number, values, version, confirmed=_confirmed(payload)
                )
                return self._answer(record)
        except services.Unconfirmed as error:
            return refused(error, confirm=assessment.warnings_digest(error.findings))
        except StaleRow as error:
            db.session.rollback()
            record = self._record(str(number))
            error.version = record.version
            return stale(error, as_json(record))

    def _record(self, pk: str) -> Community:
        record = record_queries.find(db.session(), key_of(pk))
        return record if record is not None else abort(404)

    def _answer(self, record: Community, *, reveal: bool = False) -> Any:
        answer = jsonify(id=record.id, result=as_json(record, reveal=reveal))
        answer.headers["ETag"] = f'"{record.version}"'
        return answer


def _confirmed(payload: Mapping[str, Any]) -> str:
    return str(payload.get("confirmed") or "")


def _still_masked(record: Community, key: str, value: Any) -> bool:
    """A phone sent back as it was shown keeps its number."""
    return (
        key in PHONES
        and isinstance(value, str)
        and "*" in value
        and value == mask_phone(getattr(record, key))
    )
