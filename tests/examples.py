"""How many examples a property is tried with, and how often a race: all, or (`--hypothesis-profile=few`) fewer."""

from hypothesis import HealthCheck, settings

ALL, FEW = "all", "few"
# How fast examples are made says how busy the machine is, and nothing about us.
settings.register_profile(ALL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(FEW, parent=settings.get_profile(ALL), max_examples=20)


def examples(count: int, suppress: tuple[HealthCheck, ...] = ()) -> settings:
    """Return settings for that many examples, or as large a part of them as the profile has of a hundred."""
    checks = (*settings.default.suppress_health_check, *suppress)
    return settings(max_examples=count * settings.default.max_examples // 100, suppress_health_check=checks)


def repeats(count: int, few: int) -> int:
    """Return how often to try what depends on chance."""
    return count if settings.default.max_examples >= 100 else few
