"""Roles, the matrix, the password policy, and why somebody cannot see a record."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask_appbuilder import BaseView, ModelView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.security.sqla.models import Role

from app.accounts import explain, queries, safety, services
from app.accounts.matrix import ACTIONS, RESOURCES, ROLES
from app.accounts.profile_views import by_field
from app.accounts.rules import fixed, grantable, vocabulary
from app.accounts.views import no_store
from app.audit import services as audit
from app.extensions import _, _l, db
from app.kernel.errors import RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.regions.models import ProvinceProfile


def action_word(action: str) -> str:
    """The Chinese (or English) word of ``can_…``."""
    return _(ACTIONS[action]) if action in ACTIONS else action.removeprefix("can_")


def resource_word(resource: str) -> str:
    """What a permission is about."""
    return _(RESOURCES[resource]) if resource in RESOURCES else resource


class RoleView(ModelView):
    """角色与权限: the matrix as it is in force; the security administrator changes a role within its own part."""

    route_base = "/roles"
    datamodel = SQLAInterface(Role, db.session)
    class_permission_name = "Role"
    list_columns = show_columns = add_columns = edit_columns = search_columns = ["name"]
    include_route_methods = {"list", "show", "edit"}
    list_title = _l("Roles and permissions")

    @expose("/list/")
    @has_access
    @permission_name("list")
    def list(self) -> Any:
        granted, counts = queries.granted(db.session()), queries.count_by_role()
        resources = sorted(
            {resource for _action, resource in vocabulary()}, key=lambda r: (r not in RESOURCES, r)
        )
        changed = {name: granted.get(name, set()) ^ spec.permissions for name, spec in ROLES.items()}
        return self.render_template(
            "accounts/roles.html", view=self, roles=ROLES, granted=granted, counts=counts, resources=resources,
            changed=changed, actions=sorted({action for action, _r in vocabulary()}), action_word=action_word,
            resource_word=resource_word, may_edit=current_actor().may("can_edit", "Role"),
        )  # fmt: skip

    def _name(self, pk: str) -> str:
        if pk not in ROLES:
            abort(404)
        return pk

    def _page(self, name: str, editing: bool, status: int = 200, **context: Any) -> Any:
        held = queries.granted(db.session()).get(name, set())
        context.setdefault("error", None)
        groups: dict[str, list[tuple[str, str]]] = {}
        for action, resource in sorted(grantable(name) | fixed(name) | held):
            groups.setdefault(resource, []).append((action, resource))
        body = self.render_template(
            "accounts/role.html", view=self, name=name, spec=ROLES[name], held=held, editing=editing, groups=groups,
            fixed=fixed(name), usual=ROLES[name].permissions, action_word=action_word, resource_word=resource_word,
            may_edit=current_actor().may("can_edit", "Role"), **context,
        )  # fmt: skip
        return no_store(body, status)

    @expose("/show/<pk>")
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        return self._page(self._name(pk), editing=False)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        name = self._name(pk)
        if request.method == "GET":
            return self._page(name, editing=True)
        wanted = {tuple(text.split(" ", 1)) for text in request.form.getlist("permission") if " " in text}
        try:
            with unit_of_work() as work:
                added, removed = services.save_role(work, current_actor(), name, wanted)  # type: ignore[arg-type]
        except RuleViolation as error:
            return self._page(name, True, 422, error=error.message)
        flash(
            _("%(added)s permissions given, %(removed)s taken.", added=len(added), removed=len(removed)),
            "success",
        )
        return redirect(f"{self.route_base}/show/{name}")


class PolicyView(BaseView):
    """密码与锁定策略 per province, by the security administrator."""

    route_base = "/password-policy"
    class_permission_name = "PasswordPolicy"
    default_view = "show"
    numbers = tuple(key for key in safety.POLICY_FIELDS if key != "totp_required_roles")

    def _profile(self, code: str) -> ProvinceProfile:
        profile = db.session.get(ProvinceProfile, code)
        if profile is None:
            abort(404)
        return profile

    def _page(self, code: str, status: int = 200, **context: Any) -> Any:
        profile = self._profile(code)
        columns = ProvinceProfile.__table__.c
        context.setdefault("errors", {})
        context.setdefault("values", {key: getattr(profile, key) for key in safety.POLICY_FIELDS})
        body = self.render_template(
            "accounts/policy.html", profile=profile, code=code, provinces=current().provinces(), numbers=self.numbers,
            labels={key: columns[key].info["label"] for key in safety.POLICY_FIELDS}, roles=ROLES,
            may_edit=current_actor().may("can_edit", "PasswordPolicy"), **context,
        )  # fmt: skip
        return no_store(body, status)

    @expose("/")
    @has_access
    @permission_name("show")
    def show(self) -> Any:
        first = next(iter(current().profiles))
        return self._page(request.args.get("province", first))

    @expose("/<code>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def edit(self, code: str) -> Any:
        typed: dict[str, Any] = {key: request.form.get(key, "").strip() for key in self.numbers}
        values = {
            key: int(v) if v.isascii() and v.isdigit() and len(v) < 6 else v for key, v in typed.items()
        }
        values["totp_required_roles"] = request.form.getlist("totp_required_roles")
        version = request.form.get("version", "")
        try:
            with unit_of_work() as work:
                safety.save_policy(
                    work,
                    current_actor(),
                    code,
                    int(version) if version.isascii() and version.isdigit() else 0,
                    values,
                )
        except StaleRow:
            db.session.rollback()
            return self._page(
                code, 409, values=values, errors={"": msg("Someone else has changed this record meanwhile.")}
            )
        except RuleViolation as error:
            return self._page(code, 422, values=values, errors=by_field(error))
        flash(_("Saved."), "success")
        return redirect(f"{self.route_base}/?province={code}")


class VisibilityView(BaseView):
    """为什么看不到: which role, permission or scope hides a record from an account. Shows no business data."""

    route_base = "/visibility"
    class_permission_name = "Visibility"
    default_view = "show"

    @expose("/")
    @has_access
    @permission_name("show")
    def show(self) -> Any:
        login, entity, number = (request.args.get(key, "").strip()[:64] for key in ("login", "entity", "id"))
        checks = None
        if login and entity and number:
            checks = explain.explain(login, entity, number)
            with unit_of_work() as work:
                audit.record(work, "explain", entity=entity, entity_id=number, label=login)
        body = self.render_template(
            "accounts/visibility.html", entities=[(name, resource_word(name)) for name in explain.entities()], login=login, entity=entity, number=number,
            checks=checks,
        )  # fmt: skip
        return no_store(body)
