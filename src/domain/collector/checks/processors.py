"""What processors refuse of their values."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from domain.collector.checks.building import (
    Check,
    Checks,
    at_least,
    at_most,
    choice,
    choices,
    most_not_below_least,
    no_duplicates,
    not_both,
    not_negative,
    not_supported,
    pattern,
    patterns,
    positive,
    required,
    shown_number,
    shown_time,
    when_created,
)
from domain.collector.checks.conditions import conditions
from domain.collector.options import OptionKind
from domain.collector.problems import Problem, ProblemCode
from domain.collector.scalars import pattern_fault
from domain.collector.settings import NOT_KNOWN, Settings, is_empty

_SET: Final = frozenset({"insert", "update", "upsert"})
_ACTIONS: Final = (*sorted(_SET), "delete", "hash", "extract", "convert")
_SOURCES: Final = ("value", "from_attribute", "from_context")
_CONVERSIONS: Final = ("int", "double", "string")
_MATCHES: Final = ("strict", "regexp")
_METRIC_TYPES: Final = ("sum", "gauge", "histogram", "exponentialhistogram", "exponential_histogram", "summary")
_SELECTED_BY: Final = (
    *("services", "span_names", "span_kinds", "metric_names", "attributes", "resources", "libraries"),
    *("log_bodies", "log_severity_texts", "log_severity_number"),
)
_K8S_FIELDS: Final = ("k8s.", "container.", "service.")
_OPERATORS: Final = ("equals", "not-equals", "exists", "does-not-exist")
_AGGREGATIONS: Final = ("sum", "mean", "min", "max", "count", "median")
_TRANSFORMS: Final = ("insert", "update", "combine", "group")
_OPERATIONS: Final = (
    *("add_label", "update_label", "delete_label_value", "toggle_scalar_data_type"),
    *("experimental_scale_value", "aggregate_labels", "aggregate_label_values"),
)
_K8S_ACCESS: Final = ("none", "serviceAccount", "kubeConfig", "tls")
_MORE_DETECTORS: Final = ("env", "gcp", "gce", "gke", "dynatrace")
"""Detectors that have no settings of their own."""
_MOST_SOURCES: Final = 4
_CONTEXTS: Final = {
    "filterprocessor.TraceFilters": ("resource", "span", "spanevent"),
    "filterprocessor.MetricFilters": ("resource", "metric", "datapoint"),
    "filterprocessor.LogFilters": ("resource", "log_record"),
    "filterprocessor.ProfileFilters": ("resource", "profile"),
    "condition.ContextConditions": ("conditions",),
}


def _attribute_action(settings: Settings) -> Iterator[Problem]:
    action = settings.text("action")
    if action is None:
        return
    action = action.lower()
    if action not in _ACTIONS:
        yield settings.problem(ProblemCode.CHOICE, "action", wanted=_ACTIONS)
        return
    if settings.text("key") == "" and not (action in {"delete", "hash"} and settings.value("pattern") != ""):
        yield settings.problem(ProblemCode.REQUIRED, "key")
    sources = [key for key in _SOURCES if not is_empty(settings.value(key)) or _empty_text(settings, key)]
    if action in _SET:
        yield from _value_sources(settings, sources)
    elif action == "extract":
        yield from _extraction(settings)
    elif action == "convert":
        yield from choice("converted_type", *_CONVERSIONS, empty=False)(settings)
    if action not in _SET and sources and not (action in {"delete", "hash"} and sources == ["from_context"]):
        yield settings.problem(ProblemCode.NOT_BOTH, sources[0], limit="action")


def _empty_text(settings: Settings, source: str) -> bool:
    """An empty text is a value; an empty name of an attribute is none."""
    return source == "value" and settings.given.get("value") == ""


def _value_sources(settings: Settings, sources: list[str]) -> Iterator[Problem]:
    if not sources:
        yield settings.problem(ProblemCode.REQUIRED, "value", wanted=_SOURCES)
    elif len(sources) > 1:
        yield settings.problem(ProblemCode.NOT_BOTH, sources[1], limit=sources[0])
    for unused in ("pattern", "converted_type"):
        if settings.text(unused):
            yield settings.problem(ProblemCode.NOT_BOTH, unused, limit="action")


def _extraction(settings: Settings) -> Iterator[Problem]:
    text = settings.text("pattern")
    if text is None:
        return
    if not text:
        yield settings.problem(ProblemCode.REQUIRED, "pattern")
    elif pattern_fault(text) or not _groups_have_names(text):
        yield settings.problem(
            ProblemCode.BAD_FORM, "pattern", wanted=("a regular expression whose groups all have names",)
        )


def _groups_have_names(pattern: str) -> bool:
    plain = re.sub(r"\\.|\[[^\]]*\]", "", pattern)
    groups = re.findall(r"\((\?P?<[A-Za-z_]|\?:|\?[a-zA-Z-]+[:)])?", plain)
    names = [group for group in groups if group.startswith(("?P<", "?<"))]
    return bool(names) and "" not in groups


def _memory_limits(settings: Settings) -> Iterator[Problem]:
    fixed, part = settings.number("limit_mib"), settings.number("limit_percentage")
    if fixed == 0 and part == 0:
        yield settings.problem(ProblemCode.REQUIRED, "limit_mib", wanted=("limit_mib", "limit_percentage"))
    for limit, spike in (("limit_mib", "spike_limit_mib"), ("limit_percentage", "spike_limit_percentage")):
        most, above = settings.number(limit), settings.number(spike)
        if most and above is not None and above >= most:
            yield settings.problem(ProblemCode.NOT_UNDER, spike, found=shown_number(above), limit=limit)
    soft, hard = (settings.duration(f"min_gc_interval_when_{kind}_limited") for kind in ("soft", "hard"))
    if soft is not None and hard is not None and soft < hard:
        key, limit = "min_gc_interval_when_soft_limited", "min_gc_interval_when_hard_limited"
        yield settings.problem(ProblemCode.NOT_BELOW, key, found=shown_time(settings, key), limit=limit)


def _match_metrics(settings: Settings) -> Iterator[Problem]:
    match, metrics = settings.text("match_type"), settings.texts("metrics")
    if match == "" and metrics:
        yield settings.problem(ProblemCode.REQUIRED, "match_type", wanted=_MATCHES)
    if match and match not in _MATCHES:
        yield settings.problem(ProblemCode.CHOICE, "match_type", wanted=_MATCHES)
    yield from choices("metric_types", *_METRIC_TYPES, any_case=True)(settings)
    if match and metrics == () and not settings.texts("metric_types"):
        yield settings.problem(ProblemCode.REQUIRED, "metrics")


def _conditions(settings: Settings) -> Iterator[Problem]:
    for key in _CONTEXTS[settings.option.type]:
        yield from conditions(key)(settings)


def _match_properties(*types: str) -> Check:
    """Refuse a selection that does not say how it compares."""

    def checked(settings: Settings) -> Iterator[Problem]:
        if settings.given:
            yield from choice("match_type", *types, empty=False)(settings)

    return checked


def _selects_something(settings: Settings) -> Iterator[Problem]:
    if settings.given and not any(settings.given.get(key) for key in _SELECTED_BY):
        yield settings.problem(ProblemCode.REQUIRED, wanted=_SELECTED_BY)


def _extracted(settings: Settings) -> Iterator[Problem]:
    for index, field in enumerate(settings.texts("metadata") or ()):
        if not field.startswith(_K8S_FIELDS):
            yield settings.problem(ProblemCode.BAD_FORM, f"metadata[{index}]", wanted=("a field such as k8s.pod.name",))


def _span_name(settings: Settings) -> Iterator[Problem]:
    name, status = settings.below("name"), settings.below("status")
    rules = name.below("to_attributes")
    values = (name.value("from_attributes"), rules.value("rules"))
    if not any(value is NOT_KNOWN or value for value in values) and settings.given.get("status") is None:
        yield settings.problem(ProblemCode.REQUIRED, "name", wanted=("from_attributes", "to_attributes", "status"))
    if settings.given.get("status") is not None:
        yield from choice("code", "Ok", "Error", "Unset", empty=False)(status)
        if status.text("description") and status.text("code") not in {"Error", None}:
            yield status.problem(ProblemCode.NOT_BOTH, "description", limit="code")


def _detectors(settings: Settings) -> Iterator[Problem]:
    known = tuple(
        name
        for name, option in (settings.option.keys or {}).items()
        if option.kind is OptionKind.STRUCT and "resource_attributes" in (option.keys or {})
    )
    if known:
        yield from choices("detectors", *known, *_MORE_DETECTORS)(settings)


def _generated_metric(settings: Settings) -> Iterator[Problem]:
    match settings.text("type"):
        case "calculate":
            yield from required("metric2")(settings)
        case "scale":
            scale = settings.number("scale_by")
            if scale is not None and scale <= 0:
                yield settings.problem(ProblemCode.NOT_POSITIVE, "scale_by", found=shown_number(scale))
        case _:
            pass


def _transform(settings: Settings) -> Iterator[Problem]:
    match settings.text("action"):
        case "insert":
            yield from required("new_name")(settings)
        case "group" if not settings.below("group_resource_labels").given:
            yield settings.problem(ProblemCode.REQUIRED, "group_resource_labels")
        case _:
            pass
    if settings.text("match_type") == "regexp":
        yield from pattern("include")(settings)


def _transform_operation(settings: Settings) -> Iterator[Problem]:
    match settings.text("action"):
        case "add_label":
            yield from required("new_label", "new_value")(settings)
        case "update_label":
            yield from required("label")(settings)
        case "experimental_scale_value" if settings.number("experimental_scale") == 0:
            yield settings.problem(ProblemCode.REQUIRED, "experimental_scale")
        case _:
            pass


def _sampling_precision(settings: Settings) -> Iterator[Problem]:
    if settings.number("sampling_precision") == 0:
        yield settings.problem(ProblemCode.NOT_POSITIVE, "sampling_precision", found="0")


def _k8s_sources(settings: Settings) -> Iterator[Problem]:
    count = sum(1 for _ in settings.each("sources"))
    if count > _MOST_SOURCES:
        yield settings.problem(ProblemCode.TOO_LARGE, "sources", found=str(count), limit=str(_MOST_SOURCES))


def _either_kind_of_filter(old: str, new: str) -> Check:
    """Refuse conditions together with the older include and exclude."""

    def checked(settings: Settings) -> Iterator[Problem]:
        older, newer = settings.below(old), settings.below(new)
        names = [name for name in ("include", "exclude") if isinstance(older.given.get(name), Mapping)]
        contexts = _CONTEXTS.get(newer.option.type, ())
        written = [name for name in contexts if newer.given.get(name)]
        if names and written:
            yield newer.problem(ProblemCode.NOT_BOTH, written[0], limit=f"{old}/{names[0]}")

    return checked


def _either_form_of_conditions(newest: str, older: str) -> Check:
    """Refuse conditions that name their contexts themselves together with those that stand below a context."""

    def checked(settings: Settings) -> Iterator[Problem]:
        below = settings.below(older)
        names = (*_CONTEXTS.get(below.option.type, ()), "include", "exclude")
        written = [name for name in names if below.given.get(name)]
        if settings.given.get(newest) and written:
            yield settings.problem(ProblemCode.NOT_BOTH, newest, limit=f"{older}/{written[0]}")

    return checked


PROCESSORS: Final[Checks] = {
    "attributesprocessor.Config": (required("actions"),),
    "resourceprocessor.Config": (required("attributes"),),
    "attraction.ActionKeyValue": (when_created(_attribute_action),),
    "batchprocessor.Config": (
        most_not_below_least("send_batch_size", "send_batch_max_size"),
        not_negative("timeout"),
        no_duplicates("metadata_keys"),
    ),
    "cumulativetodeltaprocessor.MatchMetrics": (_match_metrics,),
    "deltatorateprocessor.Config": (required("metrics"),),
    "filterprocessor.Config": (
        _either_kind_of_filter("spans", "traces"),
        _either_kind_of_filter("metrics", "metrics"),
        _either_kind_of_filter("logs", "logs"),
        *(
            _either_form_of_conditions(f"{signal}_conditions", f"{signal}s")
            for signal in ("trace", "metric", "log", "profile")
        ),
    ),
    "filterprocessor.TraceFilters": (_conditions,),
    "filterprocessor.MetricFilters": (_conditions,),
    "filterprocessor.LogFilters": (_conditions,),
    "filterprocessor.ProfileFilters": (_conditions,),
    "condition.ContextConditions": (_conditions,),
    "filterconfig.MetricMatchProperties": (when_created(_match_properties("strict", "regexp", "expr")),),
    "filterconfig.MatchProperties": (when_created(_match_properties(*_MATCHES)), when_created(_selects_something)),
    "filterprocessor.LogMatchProperties": (when_created(choice("match_type", *_MATCHES)),),
    "groupbytraceprocessor.Config": (
        when_created(not_supported("store_on_disk")),
        when_created(not_supported("discard_orphans")),
    ),
    "k8sattributesprocessor.Config": (choice("auth_type", *_K8S_ACCESS, empty=False),),
    "k8sattributesprocessor.ExtractConfig": (_extracted,),
    "k8sattributesprocessor.FieldFilterConfig": (choice("op", *_OPERATORS),),
    "k8sattributesprocessor.FieldExtractConfig": (
        not_both("key", "key_regex"),
        choice("from", "pod", "namespace", "node", "deployment", "statefulset", "daemonset", "job"),
    ),
    "k8sattributesprocessor.PodAssociationConfig": (_k8s_sources,),
    "memorylimiter.Config": (
        positive("check_interval"),
        _memory_limits,
        at_most("limit_percentage", 100),
        at_most("spike_limit_percentage", 100),
    ),
    "metricsgenerationprocessor.Rule": (
        required("name", "type", "metric1"),
        choice("type", "calculate", "scale"),
        choice("operation", "add", "subtract", "multiply", "divide", "percent"),
        _generated_metric,
    ),
    "metricstransformprocessor.transform": (
        when_created(required("include")),
        when_created(choice("match_type", *_MATCHES)),
        when_created(choice("action", *_TRANSFORMS, empty=False)),
        when_created(choice("aggregation_type", *_AGGREGATIONS)),
        when_created(choice("submatch_case", "lower", "upper")),
        when_created(_transform),
    ),
    "metricstransformprocessor.operation": (
        when_created(choice("action", *_OPERATIONS, empty=False)),
        when_created(choice("aggregation_type", *_AGGREGATIONS)),
        when_created(_transform_operation),
    ),
    "probabilisticsamplerprocessor.Config": (
        at_least("sampling_percentage", 0),
        _sampling_precision,
        at_most("sampling_precision", 14),
        choice("attribute_source", "traceID", "record"),
    ),
    "resourcedetectionprocessor.Config": (when_created(_detectors),),
    "spanprocessor.Config": (when_created(_span_name),),
    "spanprocessor.ToAttributes": (when_created(required("rules")), when_created(patterns("rules"))),
}
