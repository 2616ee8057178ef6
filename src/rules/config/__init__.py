"""The rules of the topic `config`, in the catalogue's order."""

from domain.rule import Rule
from rules.config import (
    components,
    container_metrics,
    destinations,
    exists,
    fargate,
    metric_names,
    no_plain_secrets,
    options,
    otlp,
    protection,
    references,
    region,
    signals,
    values,
    variables,
    well_formed,
)

RULES: tuple[Rule, ...] = (
    exists.RULE,
    well_formed.RULE,
    references.RULE,
    components.RULE,
    options.RULE,
    values.RULE,
    signals.RULE,
    variables.RULE,
    fargate.RULE,
    destinations.RULE,
    container_metrics.RULE,
    otlp.RULE,
    metric_names.RULE,
    protection.RULE,
    region.RULE,
    no_plain_secrets.RULE,
)
