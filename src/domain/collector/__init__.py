"""The collector's configuration: read safely, seen as typed parts, and asked what it binds, needs and sends."""

from domain.collector.bundled import NEEDS_EC2_FILES, bundled, bundled_paths
from domain.collector.configuration import CollectorConfiguration, Component, Options, Pipeline, Problem, ProblemTopic
from domain.collector.credentials import credentials_in_clear
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

__all__ = [
    "CONTAINER_METRICS",
    "HEALTH_CHECK_PORT",
    "LOCAL_EXPORTERS",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_NODES",
    "NEEDS_EC2_FILES",
    "OWN_METRICS_PORT",
    "CollectorConfiguration",
    "Component",
    "ComponentPermission",
    "ConfigurationUnreadable",
    "FilterName",
    "Listener",
    "MatchType",
    "Options",
    "PartRegion",
    "Pipeline",
    "Problem",
    "ProblemTopic",
    "RegionSource",
    "Value",
    "batched",
    "bound_ports",
    "bundled",
    "bundled_paths",
    "component_permissions",
    "credentials_in_clear",
    "exporter_regions",
    "has_reference",
    "health_check_listener",
    "health_check_port",
    "is_unknown_container_metric",
    "literal",
    "memory_limiter_first",
    "metric_names_in_filters",
    "metrics_exported_from",
    "otlp_listeners",
    "region_of",
    "signals_taken_by",
    "wanted_metric_name",
]
