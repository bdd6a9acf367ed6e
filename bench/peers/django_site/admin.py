"""The admin of the communities with import and export."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from import_export import fields, resources
from import_export.admin import ImportExportModelAdmin
from import_export.widgets import CachedForeignKeyWidget, ForeignKeyWidget

from bench.peers.django_site.models import Community, PlanTask, Region, Town
from bench.subject import EXPORT_COLUMNS, PAGE_ROWS, PLAN_COLUMNS, ROLES

RANGES = {login: (low, high) for login, low, high in ROLES.values()}


class CommunityExport(resources.ModelResource):
    county = fields.Field(attribute="county", column_name="county", widget=ForeignKeyWidget(Region, "name"))
    street = fields.Field(attribute="town", column_name="street", widget=ForeignKeyWidget(Town, "name"))

    class Meta:
        model = Community
        fields = EXPORT_COLUMNS
        export_order = EXPORT_COLUMNS

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("county", "town")


class CommunityImport(resources.ModelResource):
    """Bulk mode: every row is new; town and county are given by their keys and looked up once for all rows."""

    county = fields.Field(attribute="county", column_name="county", widget=CachedForeignKeyWidget(Region, "code"))
    town = fields.Field(attribute="town", column_name="town", widget=CachedForeignKeyWidget(Town, "code"))

    class Meta:
        model = Community
        use_bulk = True
        batch_size = 1000
        skip_admin_log = True
        import_id_fields = ()
        exclude = ("initials", "plan_task")


@admin.register(Community)
class CommunityAdmin(ImportExportModelAdmin):
    list_display = ["name", "county", "town", "built_year", "building_count", "household_count", "floor_area",
                    "planned_investment", "place_state"]  # fmt: skip
    list_select_related = ["county", "town"]
    list_per_page = PAGE_ROWS
    search_fields = ["name", "initials"]
    raw_id_fields = ["county", "town", "plan_task"]

    def get_export_resource_classes(self, request: Any) -> list[type]:
        return [CommunityExport]

    def get_import_resource_classes(self, request: Any) -> list[type]:
        return [CommunityImport]

    def get_queryset(self, request: Any) -> Any:
        low, high = RANGES.get(request.user.username, ("", ""))
        return super().get_queryset(request).filter(county_id__gte=low, county_id__lt=high)


class PlanTaskExport(resources.ModelResource):
    county = fields.Field(attribute="county", column_name="county", widget=ForeignKeyWidget(Region, "name"))
    names = fields.Field(attribute="names", column_name="names")
    state = fields.Field(attribute="implementation_state", column_name="state")

    class Meta:
        model = PlanTask
        fields = PLAN_COLUMNS
        export_order = PLAN_COLUMNS

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("county").prefetch_related("communities")


@admin.register(PlanTask)
class PlanTaskAdmin(ImportExportModelAdmin):
    list_display = ["year", "code", "name", "names", "community_count", "account_assigned", "scheme_state",
                    "implementation_state", "county_inspected", "city_inspected", "province_inspected", "start_due",
                    "finish_due"]  # fmt: skip
    list_per_page = PAGE_ROWS
    list_filter = ["implementation_state"]
    search_fields = ["name", "code"]

    def get_export_resource_classes(self, request: Any) -> list[type]:
        return [PlanTaskExport]

    def get_queryset(self, request: Any) -> Any:
        low, high = RANGES.get(request.user.username, ("", ""))
        mine = super().get_queryset(request).filter(county_id__gte=low, county_id__lt=high)
        return mine.prefetch_related("communities")
