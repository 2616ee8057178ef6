"""What people are told became of a finding or a correction."""

_WORD = {
    "opened": "Drift",
    "raised": "Drift, now more severe",
    "reopened": "Drift again",
    "registered": "Corrected",
    "deployed": "Corrected and running",
    "failed": "Correction failed",
    "undone": "Correction undone",
    "superseded": "Correction dropped",
    "refused": "Not corrected",
    "daily": "Daily digest",
    "burst": "Many at once",
}
# Nothing is left to be done about it.
DONE = frozenset({"closed", "registered", "deployed"})


def word_of(transition: str) -> str:
    """The word that a message begins with; of a transition that has none, its own: `rolled-back` is "Rolled back"."""
    return _WORD.get(transition) or transition.replace("-", " ").replace("_", " ").capitalize()
