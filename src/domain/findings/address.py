"""Where the alerts about a subject go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """The team that a tag names, the route's name, for subscriptions, and the channel that a bot posts to.

    Each is empty if the standard sets none.
    """

    team: str = ""
    route: str = ""
    channel: str = ""


NOWHERE = Address()
