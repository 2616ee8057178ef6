"""The collector's configuration as the rules of this topic read it, or why they cannot."""

from domain.collector import CollectorConfiguration, ConfigurationUnreadable
from domain.facts import Absent, Known, Unavailable
from domain.rule import Doubt
from domain.workload import Workload

WHERE = "configuration"


def configuration_of(workload: Workload) -> tuple[CollectorConfiguration | None, tuple[Doubt, ...]]:
    """Give the configuration; else the doubt that stands in for it.

    There is no doubt where a parameter could not be read: the engine says so itself.
    """
    match workload.configuration:
        case Known(found):
            if isinstance(found, ConfigurationUnreadable):
                return None, (Doubt(WHERE, "The configuration cannot be parsed."),)
            return found, ()
        case Absent():
            return None, (Doubt(WHERE, "The parameter that holds the configuration does not exist."),)
        case Unavailable() if workload.parameter_reference:
            return None, ()
        case Unavailable(reason):
            return None, (Doubt(WHERE, f"It cannot be told: {reason}."),)
