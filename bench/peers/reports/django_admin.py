"""Month reports in Django admin (models and admin classes: `bench.peers.django_site`)."""

from __future__ import annotations

import importlib
import re
from typing import Any

from bench.peers import django_admin
from bench.subject import ROLES, SEARCH, due_month, query, strip_page

HERE = "/admin/django_site"


class DjangoReports(django_admin.DjangoAdmin):
    """Stock Django admin with month reports."""

    row = re.compile(rb"/admin/django_site/(?:community|planstrip|monthreport|duereport|freecommunity)/(\d+)/change/")

    def application(self) -> Any:
        self._register()
        return super().application()

    def setup(self) -> None:
        self._register()
        super().setup()
        from django.contrib.auth.models import Permission, User

        names = ("view_planstrip", "view_monthreport", "view_reportitem", "view_freecommunity", "view_duereport")
        for login, *_range in ROLES.values():
            User.objects.get(username=login).user_permissions.add(*Permission.objects.filter(codename__in=names))

    @staticmethod
    def _register() -> None:
        """Make the models of month reports known before the admin looks for what there is."""
        django_admin.configure()
        importlib.import_module("bench.peers.django_site.reports")

    def page(self, what: str, role: str, row_id: int) -> str:
        narrowed: dict[str, Any]
        if what == "report":
            return f"{HERE}/monthreport/{row_id}/change/"
        if what in ("strips", "strips_deep"):
            return f"{HERE}/planstrip/" + query(p=strip_page(role) if what == "strips_deep" else None)
        if what in ("waiting", "waiting_plans"):
            narrowed = {"state__exact": "submitted"}
            if what == "waiting_plans":
                return f"{HERE}/duereport/" + query(**narrowed, month__exact=due_month().isoformat())
            return f"{HERE}/monthreport/" + query(**narrowed)
        if what in ("dialog", "dialog_search"):
            narrowed = {"place_state__exact": "free", "q": SEARCH if what == "dialog_search" else None}
            return f"{HERE}/freecommunity/" + query(**narrowed)
        return super().page(what, role, row_id)
