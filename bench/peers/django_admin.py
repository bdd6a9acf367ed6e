"""Django admin with django-import-export as their tutorials build them; tables are the shared ones (``managed = False``).

A sensible developer's choices: raw id fields instead of selects with thousands of options, search over name and
initials, kept connections, bulk mode without a log entry per row in imports.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any
from urllib.parse import urlsplit

from bench.http import Client
from bench.subject import (
    BUILT,
    EXPORT_KIND,
    IMPORT_MARK,
    INITIALS,
    PASSWORD,
    PLAN_YEAR,
    ROLES,
    SEARCH,
    WRITERS,
    Subject,
    deep_page,
    hidden,
    plan_page,
    query,
)  # fmt: skip

HERE = "bench.peers.django_site"


def configure() -> None:
    """``django.setup()`` with the settings of a fresh project."""
    import django
    from django.conf import settings

    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="only-for-the-benchmark-0123456789abcdef", DEBUG=False, ALLOWED_HOSTS=["*"], DATABASES={"default": _database()},
        INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                        "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
                        "import_export", HERE],
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
                    "django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware",
                    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware",
                    "django.middleware.clickjacking.XFrameOptionsMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
            "context_processors": ["django.template.context_processors.request",
                                   "django.contrib.auth.context_processors.auth",
                                   "django.contrib.messages.context_processors.messages"]}}],
        ROOT_URLCONF=f"{HERE}.urls", LANGUAGE_CODE="zh-hans", TIME_ZONE="Asia/Shanghai", USE_TZ=True,
        STATIC_URL="/static/", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATA_UPLOAD_MAX_MEMORY_SIZE=64 << 20, DATA_UPLOAD_MAX_NUMBER_FIELDS=100_000,
    )  # fmt: skip
    django.setup()


def _database() -> dict[str, Any]:
    url = urlsplit(os.environ["DATABASE_URL"])
    if url.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path.removeprefix("/") if "//" in url.path else url.path,
                "CONN_MAX_AGE": None}  # fmt: skip
    return {"ENGINE": "django.db.backends.postgresql", "NAME": url.path.lstrip("/"), "USER": url.username,
            "PASSWORD": url.password or "", "HOST": url.hostname, "PORT": url.port, "CONN_MAX_AGE": None}  # fmt: skip


class DjangoAdmin(Subject):
    """Django admin and django-import-export, stock."""

    name = "django"
    login_path = "/admin/login/?next=/admin/"
    row = re.compile(rb'/admin/django_site/(?:community|plantask)/(\d+)/change/')

    def application(self) -> Any:
        configure()
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()

    def setup(self) -> None:
        configure()
        from django.contrib.auth.models import Permission, User
        from django.core.management import call_command

        call_command("migrate", verbosity=0, stdout=sys.stderr)
        reading = Permission.objects.filter(codename__in=("view_community", "view_plantask"))
        writing = reading | Permission.objects.filter(codename__endswith="_community")
        for login, *_range in ROLES.values():
            user, _made = User.objects.get_or_create(username=login, is_staff=True)
            user.set_password(PASSWORD)
            user.save()
            user.user_permissions.set(writing if login in WRITERS else reading)

    def statements(self) -> list[str]:
        from django.db import connection

        seen: list[str] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            seen.append(sql)
            return execute(sql, params, many, context)

        connection.execute_wrappers.append(note)
        return seen

    def login_form(self, page: str, login: str) -> dict[str, str]:
        token = hidden(page, "csrfmiddlewaretoken")
        return {"csrfmiddlewaretoken": token, "username": login, "password": PASSWORD, "next": "/admin/"}

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "detail":
            return f"/admin/django_site/community/{row_id}/change/"
        if what in ("plans", "plans_year", "plans_deep"):
            narrowed: dict[str, Any] = {
                "plans": {}, "plans_year": {"year__exact": PLAN_YEAR}, "plans_deep": {"p": plan_page(role)},
            }[what]  # fmt: skip
            return "/admin/django_site/plantask/" + query(**narrowed)
        arguments: dict[str, Any] = {
            "list": {},
            "filtered": {"built_year__gte": BUILT[0], "built_year__lte": BUILT[1]},
            "deep": {"p": deep_page(role)},
            "search": {"q": SEARCH},
            "initials": {"q": INITIALS},
        }[what]
        return "/admin/django_site/community/" + query(**arguments)

    def export(self, client: Client, role: str, what: str) -> bytes:
        path = "/admin/django_site/community/export/" + query(property_kind__exact=EXPORT_KIND)
        if what == "plan_export":
            path = "/admin/django_site/plantask/export/"
        page = client.get(path).text
        form = {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"), "format": _xlsx(page), "resource": ""}
        form |= dict.fromkeys(re.findall(r'name="((?:community|plantask)export_\w+)"', page), "on")
        answer = client.post(path, form)
        if answer.status != 200 or not answer.body.startswith(b"PK"):
            raise RuntimeError(f"the export answered {answer.status}")
        return answer.body

    def load(self, client: Client, role: str, workbook: bytes) -> dict[str, float]:
        import time

        path = "/admin/django_site/community/import/"
        page = client.get(path).text
        form = {"csrfmiddlewaretoken": hidden(page, "csrfmiddlewaretoken"), "format": _xlsx(page), "resource": ""}
        started = time.perf_counter()
        preview = client.post(path, form, {"import_file": ("communities.xlsx", workbook)})
        seen = time.perf_counter()
        confirm = dict(re.findall(r'<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?', preview.text))
        if "import_file_name" not in confirm:
            raise RuntimeError(f"no preview to confirm ({preview.status})")
        done = client.post("/admin/django_site/community/process_import/", confirm)
        if done.status != 302:
            raise RuntimeError(f"the import answered {done.status}")
        return {"preview": seen - started, "confirm": time.perf_counter() - seen, "rows": float(self._imported())}

    def _imported(self) -> int:
        from bench.peers.django_site.models import Community

        return Community.objects.filter(implementer_unit=IMPORT_MARK).count()

    def unload(self) -> None:
        from bench.peers.django_site.models import Community

        Community.objects.filter(implementer_unit=IMPORT_MARK).delete()


def _xlsx(page: str) -> str:
    """Number of the format among the choices of the form."""
    found = re.search(r'<option value="(\d+)"[^>]*>\s*xlsx', page) or re.search(r'name="format" value="(\d+)"', page)
    if not found:
        raise RuntimeError("no xlsx among the formats")
    return found.group(1)
