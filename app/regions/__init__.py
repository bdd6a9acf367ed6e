"""Regions, towns, departments, province profiles, holidays and code tables: who and where."""
