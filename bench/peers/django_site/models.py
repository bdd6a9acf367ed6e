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


class Community(models.Model):
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
