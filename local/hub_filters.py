"""The filters of GetFindings: which findings pass. What is not supported is refused by name, and never ignored."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.asff import TIMES, Json, time_of

MAX_FILTERED_FIELDS = 10
MAX_FILTER_VALUES = 20


class FilterInvalid(Exception):
    """A filter that Security Hub refuses, or that is not supported here. The message says which."""


# The filters that are supported, and where in a finding each looks. "*" goes through a list.
_FILTERABLE: Mapping[str, tuple[str, ...]] = {
    "Id": ("Id",),
    "ProductArn": ("ProductArn",),
    "AwsAccountId": ("AwsAccountId",),
    "Region": ("Region",),
    "GeneratorId": ("GeneratorId",),
    "Title": ("Title",),
    "Type": ("Types", "*"),
    "ResourceId": ("Resources", "*", "Id"),
    "ResourceType": ("Resources", "*", "Type"),
    "RecordState": ("RecordState",),
    "WorkflowStatus": ("Workflow", "Status"),
    "ComplianceStatus": ("Compliance", "Status"),
    "SeverityLabel": ("Severity", "Label"),
    "CreatedAt": ("CreatedAt",),
    "UpdatedAt": ("UpdatedAt",),
}

_POSITIVE: Mapping[str, Callable[[str, str], bool]] = {
    "EQUALS": str.__eq__,
    "PREFIX": str.startswith,
    "CONTAINS": str.__contains__,
}
_NEGATIVE: Mapping[str, Callable[[str, str], bool]] = {
    "NOT_EQUALS": str.__eq__,
    "PREFIX_NOT_EQUALS": str.startswith,
    "NOT_CONTAINS": str.__contains__,
}


def check(filters: Mapping[str, list[Json]]) -> None:
    """Refuse filters that Security Hub refuses, or that are not supported here."""
    if len(filters) > MAX_FILTERED_FIELDS:
        raise FilterInvalid(f"Filters may name at most {MAX_FILTERED_FIELDS} attributes; this names {len(filters)}.")
    for name, conditions in filters.items():
        if name not in _FILTERABLE:
            raise FilterInvalid(f"The local Security Hub does not support the filter {name}.")
        if len(conditions) > MAX_FILTER_VALUES:
            raise FilterInvalid(f"The filter {name} has {len(conditions)} values, of at most {MAX_FILTER_VALUES}.")


def passes(finding: Json, filters: Mapping[str, list[Json]]) -> bool:
    """Attributes are joined by AND; of one attribute, positive conditions by OR and negative ones by AND."""
    for name, conditions in filters.items():
        values = list(_values(finding, _FILTERABLE[name]))
        if name in TIMES:
            if not any(_within(value, condition) for value in values for condition in conditions):
                return False
            continue
        positive, negative = [], []
        for condition in conditions:
            comparison, operand = str(condition.get("Comparison")), str(condition.get("Value", ""))
            if comparison in _POSITIVE:
                positive.append(any(_POSITIVE[comparison](value, operand) for value in values))
            elif comparison in _NEGATIVE:
                negative.append(not any(_NEGATIVE[comparison](value, operand) for value in values))
            else:
                raise FilterInvalid(f"The filter {name} has the comparison {comparison!r}, which does not exist.")
        if not all(negative) or (positive and not any(positive)):
            return False
    return True


def _within(value: str, condition: Json) -> bool:
    if "DateRange" in condition:
        raise FilterInvalid("The local Security Hub does not support DateRange: give Start and End.")
    start, end = condition.get("Start"), condition.get("End")
    return (start is None or time_of(start) <= time_of(value)) and (end is None or time_of(value) <= time_of(end))


def _values(node: Any, path: tuple[str, ...]) -> Iterable[str]:
    if not path:
        if node is not None:
            yield str(node)
    elif path[0] == "*":
        for item in node or ():
            yield from _values(item, path[1:])
    elif isinstance(node, dict):
        yield from _values(node.get(path[0]), path[1:])
