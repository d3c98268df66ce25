"""Hypothesis under the suite's profile. Tests import it from here; ruff's ``banned-api`` refuses the package itself.

The examples are the same in every run and on a machine of any speed, so a failure is never the machine's. Only the
files that need it pay for the import.
"""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

settings.register_profile(
    "suite", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

__all__ = ["example", "given", "settings", "st"]
