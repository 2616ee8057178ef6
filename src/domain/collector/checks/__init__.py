"""What components refuse of their values, by the names of the collector's own types."""

from typing import Final

from domain.collector.checks.building import Checks
from domain.collector.checks.exporters import EXPORTERS
from domain.collector.checks.extensions import EXTENSIONS
from domain.collector.checks.processors import PROCESSORS
from domain.collector.checks.prometheus import PROMETHEUS
from domain.collector.checks.receivers import RECEIVERS
from domain.collector.checks.sampling import SAMPLING
from domain.collector.checks.shared import FORMS, SHARED, TEXTS
from domain.collector.checks.telemetry import TELEMETRY

CHECKS: Final[Checks] = {
    **SHARED,
    **RECEIVERS,
    **PROMETHEUS,
    **PROCESSORS,
    **SAMPLING,
    **EXPORTERS,
    **EXTENSIONS,
    **TELEMETRY,
}

__all__ = ["CHECKS", "FORMS", "TEXTS"]
