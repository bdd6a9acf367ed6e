"""导入计划任务: the pages of the import of a year's plan tasks by province or city (M1.6.c)."""

from __future__ import annotations

from app.annual_plans.imports import IMPORTER
from app.exchange.pages import ImportView


class PlanImportView(ImportView):
    """Upload, preview and writing of plan tasks."""

    route_base = "/plans/import"
    class_permission_name = "PlanTask"
    importer = IMPORTER
    list_endpoint = "PlanView.list"
