"""The collector's configuration: read safely, seen as typed parts, and asked what it binds, needs and sends."""

from typing import TYPE_CHECKING

from domain.collector.bundled import OTHER_BUNDLED, bundled, bundled_paths
from domain.collector.configuration import CollectorConfiguration
from domain.collector.listeners import (
    HEALTH_CHECK_PORT,
    Listener,
    bound_ports,
    health_check_hindrance,
    health_check_listener,
    otlp_listeners,
)
from domain.collector.permissions import (
    ComponentPermission,
    RegionSource,
    component_permissions,
    exporter_regions,
)
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.reading import ConfigurationUnreadable
from domain.collector.signals import (
    CONTAINER_METRICS,
    LOCAL_EXPORTERS,
    MatchType,
    batched,
    is_unknown_container_metric,
    memory_limiter_first,
    metric_names_in_filters,
    metrics_exported_from,
    signals_taken_by,
    wanted_metric_name,
)
from domain.lazily import lazily

if TYPE_CHECKING:
    from domain.collector.credentials import credentials_in_clear
    from domain.collector.destinations import destination_problems
    from domain.collector.fargate import fargate_problems, memory_limits, scraped_hosts, written_paths
    from domain.collector.judging import option_problems, options_are_known, takes_signals_of
    from domain.collector.structure import structural_problems
    from domain.collector.upgrading import newly_refused, renamed_in
    from domain.collector.variables import unset_variables, variable_problems, variables_read, without_variables
else:  # only a configuration that was read has to be analysed
    globals().update(
        lazily(
            {
                "domain.collector.credentials": ("credentials_in_clear",),
                "domain.collector.destinations": ("destination_problems",),
                "domain.collector.fargate": ("fargate_problems", "memory_limits", "scraped_hosts", "written_paths"),
                "domain.collector.judging": ("option_problems", "options_are_known", "takes_signals_of"),
                "domain.collector.structure": ("structural_problems",),
                "domain.collector.upgrading": ("newly_refused", "renamed_in"),
                "domain.collector.variables": (
                    "unset_variables",
                    "variable_problems",
                    "variables_read",
                    "without_variables",
                ),
            }
        )
    )

__all__ = [
    "CONTAINER_METRICS",
    "HEALTH_CHECK_PORT",
    "LOCAL_EXPORTERS",
    "OTHER_BUNDLED",
    "CollectorConfiguration",
    "ComponentPermission",
    "ConfigurationUnreadable",
    "Effect",
    "Listener",
    "MatchType",
    "Problem",
    "ProblemCode",
    "RegionSource",
    "Topic",
    "batched",
    "bound_ports",
    "bundled",
    "bundled_paths",
    "component_permissions",
    "credentials_in_clear",
    "destination_problems",
    "exporter_regions",
    "fargate_problems",
    "health_check_hindrance",
    "health_check_listener",
    "is_unknown_container_metric",
    "memory_limiter_first",
    "memory_limits",
    "metric_names_in_filters",
    "metrics_exported_from",
    "newly_refused",
    "option_problems",
    "options_are_known",
    "otlp_listeners",
    "renamed_in",
    "scraped_hosts",
    "signals_taken_by",
    "structural_problems",
    "takes_signals_of",
    "unset_variables",
    "variable_problems",
    "variables_read",
    "wanted_metric_name",
    "without_variables",
    "written_paths",
]
