"""The collector's configuration: read safely, seen as typed parts, and asked what it binds, needs and sends."""

from typing import TYPE_CHECKING

from domain.collector.bundled import NEEDS_EC2_FILES, OTHER_BUNDLED, bundled, bundled_paths
from domain.collector.configuration import CollectorConfiguration, Component, Options, Pipeline
from domain.collector.listeners import (
    HEALTH_CHECK_PORT,
    OWN_METRICS_PORT,
    Listener,
    bound_ports,
    health_check_listener,
    health_check_port,
    otlp_listeners,
)
from domain.collector.permissions import (
    ComponentPermission,
    PartRegion,
    RegionSource,
    component_permissions,
    exporter_regions,
    region_of,
)
from domain.collector.problems import Effect, Problem, ProblemCode, Topic
from domain.collector.reading import MAX_BYTES, MAX_DEPTH, MAX_NODES, ConfigurationUnreadable, Value
from domain.collector.references import has_reference, literal
from domain.collector.signals import (
    CONTAINER_METRICS,
    LOCAL_EXPORTERS,
    FilterName,
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
    from domain.collector.judging import option_problems, options_are_known
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
                "domain.collector.judging": ("option_problems", "options_are_known"),
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
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "NEEDS_EC2_FILES",
    "OTHER_BUNDLED",
    "OWN_METRICS_PORT",
    "CollectorConfiguration",
    "Component",
    "ComponentPermission",
    "ConfigurationUnreadable",
    "Effect",
    "FilterName",
    "Listener",
    "MatchType",
    "Options",
    "PartRegion",
    "Pipeline",
    "Problem",
    "ProblemCode",
    "RegionSource",
    "Topic",
    "Value",
    "batched",
    "bound_ports",
    "bundled",
    "bundled_paths",
    "component_permissions",
    "credentials_in_clear",
    "destination_problems",
    "exporter_regions",
    "fargate_problems",
    "has_reference",
    "health_check_listener",
    "health_check_port",
    "is_unknown_container_metric",
    "literal",
    "memory_limiter_first",
    "memory_limits",
    "metric_names_in_filters",
    "metrics_exported_from",
    "newly_refused",
    "option_problems",
    "options_are_known",
    "otlp_listeners",
    "region_of",
    "renamed_in",
    "scraped_hosts",
    "signals_taken_by",
    "structural_problems",
    "unset_variables",
    "variable_problems",
    "variables_read",
    "wanted_metric_name",
    "without_variables",
    "written_paths",
]
