"""Accounts, sessions and sign-in records: the lists and forms of the three administrators."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.accounts import queries, safety, services
from app.accounts.matrix import ROLES
from app.accounts.models import Account, SignInRecord, UserSession
from app.accounts.profile_views import by_field
from app.accounts.rules import OUTCOMES
from app.accounts.views import no_store
from app.extensions import _, _l, db
from app.kernel.errors import OutOfScope, RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.regions.models import Department
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id

LIST_ROUTES = {"list", "count", "preferences"}


class PeopleView(PortalModelView):
    """Base of the administrators' lists: a directory with counts at the left."""

    def node(self, state: State, label: str, count: int | None, /, **args: str) -> dict[str, Any]:
        """One entry of the directory: the list with these arguments alone."""
        kept = {k: v for k, v in state.args.items() if k in ("sort", "size")}
        plain = {k: v for k, v in state.args.items() if k not in ("sort", "size", "page")}
        return {
            "label": label,
            "href": State({**kept, **args}).url(self.path("list")),
            "count": count,
            "current": plain == args,
            "icon": "",
            "children": [],
        }


class AccountView(PeopleView):
    """账号: assigned from above (M1.1). Added, changed, stopped, started and reset by the system administrator."""

    route_base = "/accounts"
    datamodel = SQLAInterface(Account, db.session)
    class_permission_name = "Account"
    listing_class = queries.AccountListing
    list_title = _l("Accounts")
    list_columns = show_columns = add_columns = edit_columns = search_columns = ["username"]
    include_route_methods = LIST_ROUTES | {
        "export", "show", "add", "edit", "stop", "start", "reset", "reset_factor", "regions", "departments",
    }  # fmt: skip
    list_template = "accounts/accounts.html"

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        counts, roles = queries.account_counts(), queries.count_by_role()
        top = self.node(state, _("All accounts"), counts.all)
        top["children"] = [
            self.node(state, _(spec.label), roles.get(name, 0), role=name) for name, spec in ROLES.items()
        ]
        states = [
            self.node(state, _("Stopped"), counts.stopped, state="stopped"),
            self.node(state, _("Locked (account)"), counts.locked, state="locked"),
            self.node(state, _("First password"), counts.first, state="first"),
        ]
        return {"tree": [[top], states], "tree_title": _("Roles and states"), "roles": ROLES}

    # ── one account ──
    def _account(self, pk: str) -> Account:
        account = db.session.get(Account, row_id(pk))
        if account is None:
            raise OutOfScope(f"account {pk}")
        return account

    @expose("/show/<pk>")
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        return self._show(self._account(pk))

    def _show(self, account: Account, **context: Any) -> Any:
        open_ = queries.open_sessions(account.id)
        body = self.render_template(
            "accounts/show.html", view=self, account=account, values=services.values_of(account), roles=ROLES,
            sessions=open_, own=account.id == current_actor().user_id, **context,
        )  # fmt: skip
        return no_store(body)

    # ── adding and changing ──
    def _form(self, status: int = 200, **context: Any) -> Any:
        values = context["values"]
        region = current().find(values.get("region_code"))
        department = str(values.get("department_id") or "")
        chosen = (
            db.session.get(Department, int(department))
            if department.isdigit() and len(department) < 10
            else None
        )
        context.setdefault("errors", {})
        context.setdefault("account", None)
        context.setdefault("conflict", None)
        body = self.render_template(
            "accounts/form.html", view=self, roles=ROLES,
            region=(region.code, current().path(region.code)) if region else None,
            department=(chosen.id, chosen.name) if chosen else None,
            **context,
        )  # fmt: skip
        return no_store(body, status)

    @staticmethod
    def _typed() -> dict[str, Any]:
        form = request.form
        keys = ("username", "name", "phone", "region_code", "department_id")
        return {**{key: form.get(key, "") for key in keys}, "roles": form.getlist("roles")}

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def add(self) -> Any:
        """A new account; its generated password is on the next page and never again."""
        if request.method == "GET":
            return self._form(values={"roles": []})
        values = self._typed()
        try:
            with unit_of_work() as work:
                account, password = services.add_account(work, current_actor(), values)
        except RuleViolation as error:
            return self._form(422, values=values, errors=by_field(error))
        return self._shown_once(account, password)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        account = self._account(pk)
        if request.method == "GET":
            return self._form(
                account=account, values=services.values_of(account), state=services.state_of(account)
            )
        values, state = self._typed(), request.form.get("state", "")
        try:
            with unit_of_work() as work:
                services.save_account(work, current_actor(), account.id, state, values)
        except StaleRow as stale:
            account = self._account(pk)
            now = {
                **stale.current,
                "roles": [_(ROLES[name].label) for name in stale.current["roles"] if name in ROLES],
            }
            return self._form(
                409, account=account, values=values, state=services.state_of(account), conflict=now,
                errors={"": msg("Someone else has changed this record meanwhile.")},
            )  # fmt: skip
        except RuleViolation as error:
            return self._form(
                422, account=self._account(pk), values=values, state=state, errors=by_field(error)
            )
        flash(_("Saved."), "success")
        return redirect(self.path("show", pk=pk))

    def _shown_once(self, account: Account, password: str) -> Any:
        body = self.render_template(
            "accounts/password_once.html", view=self, account=account, password=password
        )
        return no_store(body)

    # ── stop, start, reset ──
    def _do(self, pk: str, deed: Any, said: str) -> Any:
        try:
            with unit_of_work() as work:
                deed(work, current_actor(), row_id(pk))
        except RuleViolation as error:
            db.session.rollback()
            flash(_(error.message.msgid, **error.message.values), "danger")
        else:
            flash(said, "success")
        return redirect(self.path("show", pk=pk))

    @expose("/<pk>/stop", methods=["POST"])
    @has_access
    @permission_name("stop")
    def stop(self, pk: str) -> Any:
        return self._do(pk, services.stop_account, _("The account was stopped; its sessions have ended."))

    @expose("/<pk>/start", methods=["POST"])
    @has_access
    @permission_name("stop")
    def start(self, pk: str) -> Any:
        return self._do(pk, services.start_account, _("The account can sign in again."))

    @expose("/<pk>/reset-factor", methods=["POST"])
    @has_access
    @permission_name("reset_factor")
    def reset_factor(self, pk: str) -> Any:
        return self._do(
            pk, services.reset_factor, _("The second factor was removed; its sessions have ended.")
        )

    @expose("/<pk>/reset", methods=["POST"])
    @has_access
    @permission_name("reset")
    def reset(self, pk: str) -> Any:
        """A new generated password, shown on this answer alone."""
        try:
            with unit_of_work() as work:
                account, password = services.reset_password(work, current_actor(), row_id(pk))
        except RuleViolation as error:
            flash(_(error.message.msgid, **error.message.values), "danger")
            return redirect(self.path("show", pk=pk))
        return self._shown_once(account, password)

    # ── pickers ──
    @expose("/regions")
    @has_access
    @permission_name("list")
    def regions(self) -> Any:
        """Regions by name or pinyin, at most 20."""
        found = [r for r in current().search(request.args.get("q", "")[:40], 30) if not r.is_zone][:20]
        return jsonify(results=[{"id": r.code, "text": current().path(r.code)} for r in found])

    @expose("/departments")
    @has_access
    @permission_name("list")
    def departments(self) -> Any:
        """Departments by name, at most 20."""
        text = request.args.get("q", "").strip()[:40]
        rows = queries.departments_like(text) if text else []
        return jsonify(
            results=[
                {"id": row.id, "text": f"{row.name}（{current().path(row.region_code)}）"} for row in rows
            ]
        )


class UserSessionView(PeopleView):
    """会话: who is signed in, ended by the security administrator."""

    route_base = "/user-sessions"
    datamodel = SQLAInterface(UserSession, db.session)
    class_permission_name = "UserSession"
    listing_class = queries.SessionListing
    list_title = _l("Sessions")
    list_template = "accounts/sessions.html"
    list_columns = show_columns = add_columns = edit_columns = search_columns = ["address"]
    include_route_methods = LIST_ROUTES | {"end", "end_all"}
    row_pages = False

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        nodes = [
            self.node(state, _("Open (session)"), None),
            self.node(state, _("Ended"), None, state="ended"),
            self.node(state, _("All"), None, state="all"),
        ]
        return {"tree": [nodes], "tree_title": _("States")}

    @expose("/<pk>/end", methods=["POST"])
    @has_access
    @permission_name("end")
    def end(self, pk: str) -> Any:
        with unit_of_work() as work:
            safety.end_session(work, current_actor(), row_id(pk), own=False)
        flash(_("The session was ended."), "success")
        return redirect(self.path("list"))

    @expose("/of/<pk>/end", methods=["POST"])
    @has_access
    @permission_name("end")
    def end_all(self, pk: str) -> Any:
        with unit_of_work() as work:
            ended = safety.end_sessions_of(work, current_actor(), row_id(pk), own=False)
        flash(_("%(n)s sessions were ended.", n=ended), "success")
        return redirect(self.path("list"))


class SignInRecordView(PeopleView):
    """登录记录: every attempt and sign-out; read and exported by the audit administrator, changed by nobody."""

    route_base = "/sign-in-records"
    datamodel = SQLAInterface(SignInRecord, db.session)
    class_permission_name = "SignInRecord"
    listing_class = queries.RecordListing
    list_title = _l("Sign-in records")
    list_template = "accounts/records.html"
    list_columns = show_columns = add_columns = edit_columns = search_columns = ["username"]
    include_route_methods = LIST_ROUTES | {"export"}
    row_pages = False

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        top = self.node(state, _("All"), None)
        top["children"] = [self.node(state, _(label), None, outcome=key) for key, label in OUTCOMES.items()]
        return {"tree": [[top]], "tree_title": _("Outcomes")}
