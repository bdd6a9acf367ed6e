"""导入意向小区: the pages of the import of communities (M1.4.2)."""

from __future__ import annotations

from app.communities.imports import IMPORTER
from app.exchange.pages import ImportView


class CommunityImportView(ImportView):
    """Upload, preview and writing of communities, by counties and by the province for its counties."""

    route_base = "/communities/import"
    class_permission_name = "Community"
    importer = IMPORTER
    list_endpoint = "CommunityView.list"
