"""The policy in force for an account: its province's, or the strictest of all for accounts of no province."""

from __future__ import annotations

from app.accounts.rules import Policy
from app.regions.cache import current
from app.regions.snapshot import UnknownRegion


def policy_for(region_code: str | None) -> Policy:
    """From the cached profiles, without a statement of its own."""
    snapshot = current()
    if region_code:
        try:
            return Policy.of(snapshot.profile(region_code))
        except UnknownRegion:
            pass  # a province without a profile falls under the strictest one
    return Policy.strictest(Policy.of(profile) for profile in snapshot.profiles.values())
