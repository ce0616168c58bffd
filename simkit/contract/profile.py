"""The two profiles by which a tree is judged, and what each tier counts in them (invariants.md, tiers).

Comes in: the tier and the severity of a rule. Goes out: the severity of its findings. May import
`contract.finding`.

`reference` is for our executor: every rule counts as it stands. `contract` is for any other: what the
contract itself says is an error, a reading or a habit of the reference executor only warns.
"""

from __future__ import annotations

from typing import Final, Literal

from simkit.contract.finding import Severity, Tier

Profile = Literal["contract", "reference"]
PROFILES: Final[tuple[Profile, ...]] = ("contract", "reference")


def severity_of(tier: Tier, severity: Severity, profile: Profile) -> Severity:
    """What a finding of that tier counts; a rule of severity W warns everywhere."""
    return "W" if profile == "contract" and tier != "contract" else severity
