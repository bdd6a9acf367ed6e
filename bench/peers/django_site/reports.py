"""Month reports as Django models and admin classes; imported by `bench.peers.reports.django_admin` alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models

from bench.peers.django_site.admin import RANGES
from bench.peers.django_site.models import Community, PlanTask, Region
from bench.subject import DIALOG_ROWS, PAGE_ROWS, STRIP_ROWS, due_month


def _word(size: int = 120) -> models.CharField:
    return models.CharField(max_length=size, blank=True, default="")


def _money() -> models.DecimalField:
    return models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)


class PlanStrip(PlanTask):
    class Meta:
        proxy = True

    def months(self) -> str:
        """The months of the year with their states."""
        mine = [report for report in self.reports.all() if report.month.year == due_month().year]
        return " ".join(f"{r.month.month}:{r.state}" for r in sorted(mine, key=lambda report: report.month))


class FreeCommunity(Community):
    class Meta:
        proxy = True


class WorksProject(models.Model):
    plan_task = models.ForeignKey(PlanTask, models.PROTECT)
    county = models.ForeignKey(Region, models.PROTECT, db_column="county_code")
    name = _word()
    construction_unit = _word()
    contractor = _word()
    contract_amount = _money()

    class Meta:
        managed = False
        db_table = "works_project"

    def __str__(self) -> str:
        return self.name


class MonthReport(models.Model):
    plan_task = models.ForeignKey(PlanTask, models.PROTECT, related_name="reports")
    county = models.ForeignKey(Region, models.PROTECT, db_column="county_code")
    works_project = models.ForeignKey(WorksProject, models.PROTECT)
    month = models.DateField()
    revision = models.IntegerField(default=1)
    state = _word(12)
    progress = _word(12)
    started_on = models.DateField(null=True)
    cumulative_investment = _money()
    year_investment = _money()
    is_makeup = models.BooleanField(default=False)
    is_late = models.BooleanField(default=False)
    warning_count = models.IntegerField(default=0)
    submitted_at = models.DateTimeField(null=True)
    submitted_by_name = _word()
    return_reason = _word()

    class Meta:
        managed = False
        db_table = "month_report"
        ordering = ["submitted_at"]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    def plan_name(self) -> str:
        return f"{self.plan_task.name} / {self.works_project.name}"

    def marks(self) -> str:
        return " ".join(["made up"] * self.is_makeup + ["late"] * self.is_late)

    def previous(self) -> Any:
        """Cumulative investment of the last approved report before this one."""
        earlier = MonthReport.objects.filter(
            works_project_id=self.works_project_id, state="approved", month__lt=self.month
        )  # fmt: skip
        return earlier.order_by("-month").values_list("cumulative_investment", flat=True).first()

    def change(self) -> Any:
        return (self.cumulative_investment or 0) - (self.previous() or 0)


class DueReport(MonthReport):
    class Meta:
        proxy = True


class ReportItem(models.Model):
    report = models.ForeignKey(MonthReport, models.PROTECT, related_name="items")
    category = _word()
    content = _word()
    state = _word(60)
    method = _word(60)
    unit1 = _word(60)
    planned1 = _money()
    quantity1 = _money()

    class Meta:
        managed = False
        db_table = "month_report_item"


class InJurisdiction(admin.ModelAdmin):
    list_select_related: Any = False

    def get_queryset(self, request: Any) -> Any:
        low, high = RANGES.get(request.user.username, ("", ""))
        return super().get_queryset(request).filter(county_id__gte=low, county_id__lt=high)


@admin.register(PlanStrip)
class PlanStripAdmin(InJurisdiction):
    list_display = ["year", "name", "implementation_state", "community_count", "building_count", "months"]
    list_per_page = STRIP_ROWS

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("reports")


class ItemInline(admin.TabularInline):
    model = ReportItem
    extra = 0


@admin.register(MonthReport)
class MonthReportAdmin(InJurisdiction):
    list_display = ["plan_name", "month", "marks", "previous", "cumulative_investment", "change", "warning_count",
                    "submitted_by_name", "submitted_at"]  # fmt: skip
    list_select_related = ["plan_task", "works_project"]
    list_per_page = PAGE_ROWS
    list_filter = ["state"]
    raw_id_fields = ["plan_task", "county", "works_project"]
    inlines = [ItemInline]


@admin.register(DueReport)
class DueReportAdmin(MonthReportAdmin):
    list_per_page = STRIP_ROWS


@admin.register(FreeCommunity)
class FreeCommunityAdmin(InJurisdiction):
    list_display = ["name", "town", "built_year", "building_count", "household_count", "floor_area",
                    "planned_investment", "place_state"]  # fmt: skip
    list_select_related = ["town"]
    list_per_page = DIALOG_ROWS
    list_filter = ["place_state"]
    search_fields = ["name"]
