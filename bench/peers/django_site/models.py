"""The shared tables as Django models."""

from __future__ import annotations

from django.db import models


class Region(models.Model):
    code = models.CharField(max_length=8, primary_key=True)
    name = models.CharField(max_length=60)

    class Meta:
        managed = False
        db_table = "region"

    def __str__(self) -> str:
        return self.name


class Town(models.Model):
    code = models.CharField(max_length=9, primary_key=True)
    name = models.CharField(max_length=60)

    class Meta:
        managed = False
        db_table = "town"

    def __str__(self) -> str:
        return self.name


def _word(size: int) -> models.CharField:
    return models.CharField(max_length=size, blank=True, default="")


def _figure(digits: int, places: int) -> models.DecimalField:
    return models.DecimalField(max_digits=digits, decimal_places=places, null=True, blank=True)


def _number() -> models.IntegerField:
    return models.IntegerField(null=True, blank=True)


class PlanTask(models.Model):
    county = models.ForeignKey(Region, models.PROTECT, db_column="county_code", db_index=True)
    year = models.IntegerField()
    code = models.CharField(max_length=17, unique=True)
    name = _word(120)
    scheme_state = _word(16)
    implementation_state = _word(16)
    account_assigned = models.BooleanField(default=False)
    county_inspected = models.BooleanField(default=False)
    city_inspected = models.BooleanField(default=False)
    province_inspected = models.BooleanField(default=False)
    start_due = models.DateField()
    finish_due = models.DateField()
    community_count = models.IntegerField(default=0)
    building_count = models.IntegerField(default=0)
    household_count = models.IntegerField(default=0)
    floor_area = models.DecimalField(max_digits=16, decimal_places=4, default=0)

    class Meta:
        managed = False
        db_table = "plan_task"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def names(self) -> str:
        """What stands in its column of the ledger: the names of its communities."""
        return ";".join(community.name for community in self.communities.all())


class Community(models.Model):
    plan_task = models.ForeignKey(PlanTask, models.SET_NULL, null=True, blank=True, related_name="communities")
    county = models.ForeignKey(Region, models.PROTECT, db_column="county_code", db_index=True)
    town = models.ForeignKey(Town, models.PROTECT, db_column="town_code", null=True, blank=True)
    name = _word(120)
    address = _word(200)
    place_kind = _word(16)
    property_kind = _word(16)
    supervision_unit = _word(120)
    supervisor_name = _word(40)
    supervisor_phone = _word(20)
    implementer_unit = _word(120)
    implementer_name = _word(40)
    implementer_phone = _word(20)
    original_owners = _word(400)
    place_state = _word(8)
    initials = _word(120)
    built_year = _number()
    building_count = _number()
    unit_count = _number()
    unit_without_elevator_count = _number()
    household_count = _number()
    substandard_household_count = _number()
    lng = _figure(9, 6)
    lat = _figure(9, 6)
    floor_area = _figure(14, 4)
    planned_investment = _figure(14, 2)
    intended_contents = models.TextField(blank=True, default="")

    class Meta:
        managed = False
        db_table = "community"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
