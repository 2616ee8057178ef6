"""How many examples a generated test tries: its own number, scaled by the profile.

`default` tries a part of them and `deep` all, the same ones each time; `explore` tries all, and others each time.
"""

from hypothesis import HealthCheck, settings

_SHARES = {"default": 0.15, "deep": 1.0, "explore": 1.0}
_USUAL = 100  # of a test that names no number
_FEWEST = 10


def register() -> None:
    """Make the profiles known, and load `default`; `pytest --hypothesis-profile=deep` loads another."""
    for name in _SHARES:
        number = _scaled(_USUAL, name)
        settings.register_profile(name, max_examples=number, derandomize=name != "explore", deadline=None)
    settings.load_profile("default")


def examples(number: int) -> settings:
    """So many, in a test whose examples may take their time and share its fixtures."""
    scaled = _scaled(number, settings.get_current_profile_name())
    return settings(max_examples=scaled, suppress_health_check=list(HealthCheck))


def by_profile[T](*, default: T, deep: T, explore: T) -> T:
    """What no number of examples scales."""
    return {"default": default, "deep": deep, "explore": explore}[settings.get_current_profile_name()]


def _scaled(number: int, profile: str) -> int:
    return max(round(number * _SHARES[profile]), min(number, _FEWEST))
