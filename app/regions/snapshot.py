"""An immutable picture of regions, towns, profiles, holidays and code tables, answered by look-up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from app.kernel.errors import PortalError, msg
from app.kernel.scope import Scope, region_prefix
from app.regions.rules import Profile, RegionInfo, TownInfo

SEPARATOR = " · "


class UnknownRegion(PortalError):
    """A region code that is neither in force nor withdrawn (answered 404)."""

    status = 404

    def __init__(self, code: str) -> None:
        super().__init__(msg("Unknown region code %(code)s.", code=code))


class Snapshot:
    """What the database held at one version; every answer is a dictionary look-up."""

    def __init__(
        self,
        version: int = 0,
        regions: Iterable[RegionInfo] = (),
        towns: Iterable[TownInfo] = (),
        aliases: Mapping[str, str] | None = None,
        profiles: Iterable[Profile] = (),
        holidays: Mapping[dt.date, bool] | None = None,
        codes: Iterable[tuple[str, str, str, bool]] = (),
    ) -> None:
        self.version = version
        self.regions: Mapping[str, RegionInfo] = MappingProxyType({r.code: r for r in regions})
        self.aliases: Mapping[str, str] = MappingProxyType(dict(aliases or {}))
        self.profiles: Mapping[str, Profile] = MappingProxyType({p.province_code: p for p in profiles})
        self.holidays: Mapping[dt.date, bool] = MappingProxyType(dict(holidays or {}))
        self._children: dict[str | None, tuple[RegionInfo, ...]] = {}
        for region in self.regions.values():
            self._children[region.parent_code] = (*self._children.get(region.parent_code, ()), region)
        self._towns: dict[str, TownInfo] = {t.code: t for t in towns}
        grouped: dict[str, list[TownInfo]] = {}
        for town in self._towns.values():
            for owner in filter(None, (town.county_code, town.zone_code)):
                grouped.setdefault(owner, []).append(town)
        self._towns_of = {owner: tuple(items) for owner, items in grouped.items()}
        self._codes: dict[str, dict[str, tuple[str, bool]]] = {}
        for table, code, label, active in codes:
            self._codes.setdefault(table, {})[code] = (label, active)
        self._paths = {code: self._make_path(region) for code, region in self.regions.items()}
        self._by_name: dict[tuple[str, str], str] = {}
        self._index_names()

    def _make_path(self, region: RegionInfo) -> str:
        names = [region.name]
        while region.parent_code and not region.parent_code.endswith("0000"):
            region = self.regions[region.parent_code]
            names.append(region.name)
        return SEPARATOR.join(reversed(names))

    def _index_names(self) -> None:
        pairs = [(r.code, r) for r in self.regions.values()]
        pairs += [(code, self.regions[code]) for code in self.aliases.values() if code in self.regions]
        for code, region in pairs:
            city = self.regions.get(region.parent_code or "")
            for above in {"", city.name if city else "", city.short_name if city else ""}:
                for name in (region.name, region.short_name):
                    known = self._by_name.setdefault((above, name), code)
                    if known != code:
                        self._by_name[(above, name)] = ""

    def resolve(self, code: str) -> str:
        """The code in force for a code that may have been withdrawn (431121 → 431181)."""
        return self.aliases.get(code, code)

    def find(self, code: str | None) -> RegionInfo | None:
        """The region of a code (also a withdrawn one, also a prefix such as ``4307``), or None."""
        if not code:
            return None
        return self.regions.get(self.aliases.get(code, code.ljust(6, "0")))

    def region(self, code: str | None) -> RegionInfo:
        """As ``find``. Raises: UnknownRegion."""
        region = self.find(code)
        if region is None:
            raise UnknownRegion(code or "")
        return region

    def name(self, code: str | None) -> str:
        """Full name, or the code itself where it is unknown (a list never breaks on it)."""
        region = self.find(code)
        return region.name if region else code or ""

    def path(self, code: str | None) -> str:
        """``常德市 · 鼎城区`` for a county, ``常德市`` for a city, the province's name for a province."""
        region = self.find(code)
        return self._paths[region.code] if region else code or ""

    def prefix(self, code: str) -> str:
        """43, 4307 or 430703. Raises: UnknownRegion."""
        return self.region(code).prefix

    def province_of(self, code: str) -> RegionInfo:
        return self.region(code[:2])

    def city_of(self, code: str) -> RegionInfo | None:
        """The city of a county, zone or city; None for a province."""
        code = self.resolve(code)
        return None if len(region_prefix(code)) < 4 else self.region(code[:4])

    def city_name(self, code: str) -> str:
        city = self.city_of(code)
        return city.name if city else ""

    def county_of(self, code: str) -> RegionInfo | None:
        """The county of a county or zone; None for a city or province."""
        code = self.resolve(code)
        return None if len(region_prefix(code)) < 6 else self.region(code[:6])

    def children(self, code: str | None, *, zones: bool = False) -> tuple[RegionInfo, ...]:
        """Regions in use directly below (None: the provinces), by code; zones only when asked for."""
        parent = self.region(code).code if code else None
        return tuple(r for r in self._children.get(parent, ()) if r.active and (zones or not r.is_zone))

    def provinces(self) -> tuple[RegionInfo, ...]:
        return self.children(None)

    def zones(self, county_code: str) -> tuple[RegionInfo, ...]:
        """Functional zones of a county."""
        return tuple(r for r in self.children(county_code, zones=True) if r.is_zone)

    def counties(self, code: str | None = None) -> tuple[RegionInfo, ...]:
        """Every county in use inside a region (None: everywhere), by code, without zones."""
        start = self.region(code).prefix if code else ""
        return tuple(
            r
            for r in self.regions.values()
            if r.level == "county" and r.active and not r.is_zone and r.code.startswith(start)
        )

    def in_scope(self, scope: Scope) -> tuple[RegionInfo, ...]:
        """The counties that an actor's scope covers."""
        return tuple(r for r in self.counties() if scope.covers(r.code))

    def county_named(self, city: str, county: str) -> str | None:
        """County code for the two names of an imported row, full or short; None if unknown or ambiguous."""
        code = self._by_name.get((city.strip(), county.strip()))
        region = self.regions.get(code or "")
        return region.code if region and region.level == "county" else None

    def search(self, text: str, limit: int = 20) -> list[RegionInfo]:
        """Regions whose name holds the text or whose pinyin or initials begin with it; best match first."""
        wanted = text.strip().lower()
        if not wanted:
            return []
        ranked = []
        for region in self.regions.values():
            if not region.active:
                continue
            if wanted in (region.name, region.short_name, region.code):
                rank = 0
            elif region.name.startswith(wanted):
                rank = 1
            elif wanted in region.name or region.initials == wanted:
                rank = 2
            elif region.pinyin.startswith(wanted) or region.initials.startswith(wanted):
                rank = 3
            else:
                continue
            ranked.append((rank, region.code, region))
        return [region for _rank, _code, region in sorted(ranked, key=lambda item: item[:2])[:limit]]

    def town(self, code: str | None) -> TownInfo | None:
        return self._towns.get(code or "")

    def towns(self, county_code: str) -> tuple[TownInfo, ...]:
        """Towns of a county (its zones' included) or of a zone, by code."""
        return self._towns_of.get(self.resolve(county_code), ())

    def profile(self, code: str) -> Profile:
        """The profile of the province that a region, county or prefix belongs to. Raises: UnknownRegion."""
        profile = self.profiles.get(code[:2] + "0000")
        if profile is None:
            raise UnknownRegion(code)
        return profile

    def code_label(self, table: str, code: str | None) -> str:
        """Label of an entry of a code table (switched-off ones too); the code itself when unknown."""
        return self._codes.get(table, {}).get(code or "", (code or "", True))[0]

    def code_choices(self, table: str, keep: str | None = None) -> list[tuple[str, str]]:
        """(code, label) of the entries in use, in order, and the one a record carries already (``keep``)."""
        entries = self._codes.get(table, {}).items()
        return [(code, label) for code, (label, active) in entries if active or code == keep]
