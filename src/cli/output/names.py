"""Names that several outputs have."""

from enum import StrEnum


class Outcome(StrEnum):
    """A verdict in one word; where a rule applies to several subjects, the first of these that any has."""

    DRIFTED = "drifted"
    UNKNOWN = "unknown"
    EXEMPT = "exempt"
    COMPLIANT = "compliant"


class FixKind(StrEnum):
    """What a rule's fix would be: safe, one that needs approval, or none."""

    SAFE = "safe"
    REVIEW = "review"
    NONE = "none"


def page_of(rule: str) -> str:
    """Return a rule's page in this project's documentation."""
    return f"docs/rules/{rule}.md"
