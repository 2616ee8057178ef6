"""What people are told became of a finding or a correction, and what they may type about it."""

from domain.places import Place

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


def typed(verb: str, what: str, place: Place, stack: str = "") -> str:
    """A command of Outrider's own as a person elsewhere has to type it: `outrider apply web --region eu-west-1`."""
    options = f" --stack {stack}" if stack not in {"", "outrider"} else ""
    return f"`outrider {verb} {what} --region {place.region}{options}`"
