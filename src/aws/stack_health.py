"""What the health checks read of a deployed stack. A call that fails becomes an unavailable fact."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from aws.calls import CallFailed, calling
from aws.errors import Meaning
from aws.sessions import Sessions
from domain.facts import Absent, Fact, Known, MissingReason, Unavailable
from domain.health.facts import ECS_EVENTS, IAM_EVENTS, Subscriptions, Trail, Waiting
from domain.iam import Policy, PolicyUnreadable
from domain.places import Place

_DAY, _RECENT = timedelta(days=1), timedelta(minutes=15)
_HOUR, _MINUTES = 3600, 300  # seconds: the periods of the metrics
_MANAGEMENT = "Management"
_AGE = ("AWS/SQS", "ApproximateAgeOfOldestMessage")


def _as_fact[**P, T](read: Callable[P, T | None]) -> Callable[P, Fact[T]]:
    """Have a method return what it reads as a fact: Absent if it does not exist."""

    @wraps(read)
    def fact(*given: P.args, **named: P.kwargs) -> Fact[T]:
        try:
            found = read(*given, **named)
        except CallFailed as failed:
            gone = failed.meaning is Meaning.ABSENT or failed.not_enabled
            return Absent() if gone else failed.fact
        return Absent() if found is None else Known(found)

    return fact


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack: its name in the template, its type, and its id."""

    name: str
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What CloudWatch knows: the age of the oldest message by queue, the lag of events, and unread facts by call."""

    ages: Mapping[str, Fact[float]]
    lag: Fact[float]
    unread: Fact[Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class StackHealth:
    """Reads a stack in its own account and region. Nothing here raises CallFailed."""

    sessions: Sessions
    place: Place

    @_as_fact
    def resources(self, stack: str) -> tuple[Resource, ...]:
        """Return the resources that the stack has now."""
        with calling("cloudformation:ListStackResources", stack):
            pages = self.sessions.own("cloudformation").get_paginator("list_stack_resources")
            found = [each for page in pages.paginate(StackName=stack) for each in page["StackResourceSummaries"]]
        return tuple(
            Resource(each["LogicalResourceId"], each["ResourceType"], each.get("PhysicalResourceId", ""))
            for each in found
            if each["ResourceStatus"] != "DELETE_COMPLETE"
        )

    # --- what events need ---------------------------------------------------------------------------------------------

    @_as_fact
    def trails(self, region: str) -> tuple[Fact[Trail], ...]:
        """Return the trails that log in a region, those of other regions and of the organisation included."""
        there = Place(self.place.account, region)
        with calling("cloudtrail:DescribeTrails", region):
            found = self.sessions.client("cloudtrail", there).describe_trails(includeShadowTrails=True)["trailList"]
        return tuple(self._trail(there, each["TrailARN"], each.get("HomeRegion", region)) for each in found)

    @_as_fact
    def _trail(self, there: Place, arn: str, home: str) -> Trail:
        with calling("cloudtrail:GetTrailStatus", arn):
            status = self.sessions.client("cloudtrail", there).get_trail_status(Name=arn)
        with calling("cloudtrail:GetEventSelectors", arn):
            at_home = self.sessions.client("cloudtrail", Place(there.account, home))
            selectors = at_home.get_event_selectors(TrailName=arn)
        return Trail(arn, bool(status["IsLogging"]), _selected(selectors))

    @_as_fact
    def hub(self) -> str:
        """Return the ARN of Security Hub; Absent if it is not enabled."""
        with calling("securityhub:DescribeHub", str(self.place)):
            return str(self.sessions.client("securityhub", self.place).describe_hub()["HubArn"])

    @_as_fact
    def enabled(self, rule: str) -> bool:
        """Return whether an event rule is enabled; CloudFormation names one of another bus `bus|rule`."""
        bus, _, name = rule.rpartition("|")
        on = {"EventBusName": bus} if bus else {}
        with calling("events:DescribeRule", rule):
            return str(self.sessions.own("events").describe_rule(Name=name, **on)["State"]).startswith("ENABLED")

    # --- what messages need -------------------------------------------------------------------------------------------

    @_as_fact
    def waiting(self, url: str, seconds: Fact[float]) -> Waiting:
        """Return how many messages wait in a queue or are in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with calling("sqs:GetQueueAttributes", _queue_name(url)):
            found = self.sessions.own("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return Waiting(sum(int(found[name]) for name in names), seconds)

    def trust(self, role: str) -> Fact[Policy]:
        """Return the trust policy of a role."""
        try:
            return self._trust(role)
        except PolicyUnreadable:
            return Unavailable(MissingReason.POLICY_UNREADABLE, resource=role)

    @_as_fact
    def _trust(self, role: str) -> Policy:
        with calling("iam:GetRole", role):
            found = self.sessions.client("iam", self.place).get_role(RoleName=role)["Role"]
        return Policy.parse(found["AssumeRolePolicyDocument"], source=f"the trust policy of {role}", trust=True)

    # --- what people set ----------------------------------------------------------------------------------------------

    @_as_fact
    def value(self, parameter: str) -> str:
        """Return the value of a parameter that holds no secret."""
        with calling("ssm:GetParameter", parameter):
            return str(self.sessions.own("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])

    @_as_fact
    def secret(self, location: str) -> str | None:
        """Return the name of the secret at `ssm:NAME` or `secretsmanager:NAME`; its value is not read."""
        kind, _, name = location.partition(":")
        return self._parameter(name) if kind == "ssm" else self._secret(name)

    def _parameter(self, name: str) -> str | None:
        filters = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
        with calling("ssm:DescribeParameters", name):
            pages = self.sessions.own("ssm").get_paginator("describe_parameters").paginate(ParameterFilters=filters)
            return next((str(each["Name"]) for page in pages for each in page["Parameters"]), None)

    def _secret(self, name: str) -> str | None:
        with calling("secretsmanager:DescribeSecret", name):
            found = self.sessions.own("secretsmanager").describe_secret(SecretId=name)
        return None if found.get("DeletedDate") else str(found["Name"])

    @_as_fact
    def subscriptions(self, topic: str) -> Subscriptions:
        """Return how many subscriptions of a topic are confirmed, and how many are not yet."""
        with calling("sns:ListSubscriptionsByTopic", topic):
            pages = self.sessions.own("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
        confirmed = [arn for arn in arns if arn.startswith("arn:")]
        return Subscriptions(topic, len(confirmed), len([arn for arn in arns if arn == "PendingConfirmation"]))

    # --- how it went --------------------------------------------------------------------------------------------------

    def measured(self, namespace: str, queues: Sequence[str], now: datetime) -> Measured:
        """Return what CloudWatch knows of the last day; for queues, by their URLs, of the last minutes."""
        names = {f"age{index}": url for index, url in enumerate(queues)}
        asked = [_metric(id_, _MINUTES, "Maximum", _AGE, ("QueueName", _queue_name(url))) for id_, url in names.items()]
        asked += [
            _metric("lag", _HOUR, "p90", (namespace, "EventLag"), ("service", "dispatch")),
            _metric("unread", _HOUR, "Sum", (namespace, "UnreadFacts"), ("service", "inspect")),
            _causes(namespace),
        ]
        found = self._points(asked, now)
        if not isinstance(found, Known):
            unread = found if isinstance(found, Unavailable) else Unavailable()
            return Measured(dict.fromkeys(queues, unread), unread, unread)
        points = found.value
        ages = {url: _newest(points.get((id_, ""), ()), now - _RECENT) for id_, url in names.items()}
        lags = [value for _, value in points.get(("lag", ""), ())]
        return Measured(ages, Known(max(lags)) if lags else Absent(), Known(_by_call(points)))

    @_as_fact
    def _points(self, asked: Sequence[Mapping[str, Any]], now: datetime) -> dict[tuple[str, str], list[Any]]:
        """Return the points of each query; those of a search by query and call."""
        points = dict[tuple[str, str], list[Any]]()
        with calling("cloudwatch:GetMetricData", "this stack's metrics"):
            pages = self.sessions.own("cloudwatch").get_paginator("get_metric_data")
            for page in pages.paginate(MetricDataQueries=list(asked), StartTime=now - _DAY, EndTime=now):
                for each in page["MetricDataResults"]:
                    key = (each["Id"], each["Label"] if each["Id"] == "causes" else "")
                    points.setdefault(key, []).extend(zip(each["Timestamps"], each["Values"], strict=True))
        return points


def _queue_name(url: str) -> str:
    return url.rpartition("/")[2]


# --- event selectors --------------------------------------------------------------------------------------------------


def _selected(answer: Mapping[str, Any]) -> frozenset[str]:
    """Return the event sources whose write calls a trail selects. The answer has selectors of one of two forms."""
    basic, advanced = answer.get("EventSelectors") or (), answer.get("AdvancedEventSelectors") or ()
    return frozenset(
        source
        for source in (ECS_EVENTS, IAM_EVENTS)
        if any(_basic(each, source) for each in basic) or any(_advanced(each, source) for each in advanced)
    )


def _basic(selector: Mapping[str, Any], source: str) -> bool:
    left_out = selector.get("ExcludeManagementEventSources") or ()
    writes = selector.get("ReadWriteType", "All") != "ReadOnly"
    return writes and selector.get("IncludeManagementEvents", True) and source not in left_out


def _advanced(selector: Mapping[str, Any], source: str) -> bool:
    """Whether all conditions hold for a write call; a condition on another field may select only some of them."""
    values = {"eventCategory": _MANAGEMENT, "readOnly": "false", "eventSource": source}
    fields = selector["FieldSelectors"]
    managed = any(each["Field"] == "eventCategory" and _MANAGEMENT in each.get("Equals", ()) for each in fields)
    return managed and all(each["Field"] in values and _holds(each, values[each["Field"]]) for each in fields)


def _holds(condition: Mapping[str, Any], value: str) -> bool:
    def matching(name: str, test: Callable[[str], bool]) -> bool:
        return any(map(test, condition.get(name, ())))

    wanted: Iterable[tuple[str, Callable[[str], bool]]] = (
        ("Equals", value.__eq__),
        ("StartsWith", value.startswith),
        ("EndsWith", value.endswith),
    )
    return all(
        (name not in condition or matching(name, test)) and not matching(f"Not{name}", test) for name, test in wanted
    )


# --- metrics ----------------------------------------------------------------------------------------------------------


def _metric(id_: str, period: int, stat: str, metric: tuple[str, str], dimension: tuple[str, str]) -> dict[str, Any]:
    (namespace, name), (by, value) = metric, dimension
    named = {"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": by, "Value": value}]}
    return {"Id": id_, "MetricStat": {"Metric": named, "Period": period, "Stat": stat}}


def _causes(namespace: str) -> dict[str, Any]:
    search = f'SEARCH(\'{{"{namespace}","cause"}} MetricName="UnknownVerdicts"\', \'Sum\', {_HOUR})'
    return {"Id": "causes", "Expression": search, "Label": "${PROP('Dim.cause')}"}


def _newest(points: Iterable[tuple[datetime, float]], since: datetime) -> Fact[float]:
    recent = [(at, value) for at, value in points if at >= since]
    return Known(max(recent)[1]) if recent else Absent()


def _by_call(points: Mapping[tuple[str, str], Sequence[tuple[datetime, float]]]) -> dict[str, int]:
    """Return how often facts were unread, by the call that failed; under "" if CloudWatch does not name the calls."""
    total = round(sum(value for _, value in points.get(("unread", ""), ())))
    named = {
        call: round(sum(value for _, value in found))
        for (id_, call), found in points.items()
        if id_ == "causes" and ":" in call
    }
    return {call: number for call, number in named.items() if number} or ({"": total} if total else {})
