"""小区附件: communities hold supporting material (model.md "Attachment")."""

from __future__ import annotations

from app.attachments.owners import Owner, declare
from app.communities import record_queries
from app.communities.models import Community

OWNER = declare(Owner("Community", Community, record_queries.find, ("evidence",), resource="Community"))
