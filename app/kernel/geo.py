"""Distances on the ground between points in degrees (CGCS2000; WGS-84 differs by less than a metre)."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8


def haversine_m(lng1: float, lat1: float, lng2: float, lat2: float) -> float:
    """Great-circle distance in metres between two points in degrees."""
    phi1, phi2 = radians(float(lat1)), radians(float(lat2))
    half_lat = sin((phi2 - phi1) / 2)
    half_lng = sin(radians(float(lng2) - float(lng1)) / 2)
    chord = half_lat * half_lat + cos(phi1) * cos(phi2) * half_lng * half_lng
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))
