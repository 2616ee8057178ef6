"""The rules of the topic `config`, in the catalogue's order."""

from domain.rule import Rule
from rules.config import (
    components,
    container_metrics,
    exists,
    metric_names,
    no_plain_secrets,
    otlp,
    protection,
    references,
    region,
    well_formed,
)

RULES: tuple[Rule, ...] = (
    exists.RULE,
    well_formed.RULE,
    references.RULE,
    components.RULE,
    container_metrics.RULE,
    otlp.RULE,
    metric_names.RULE,
    protection.RULE,
    region.RULE,
    no_plain_secrets.RULE,
)
