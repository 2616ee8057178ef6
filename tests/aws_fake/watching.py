"""CloudTrail, CloudWatch's metrics and EventBridge's rules: what a person reads to see whether a stack works."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.aws_fake.service import Json, Refused, Service, Unsupported, page, supports

WRITES: Json = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}


@dataclass
class Trail:
    """A trail: whether it logs, and its event selectors of either form."""

    arn: str
    home: str
    logging: bool = True
    selectors: list[Json] = field(default_factory=lambda: [WRITES])
    advanced: list[Json] = field(default_factory=list)


@dataclass
class CloudTrail(Service):
    """The trails that a region shows, by ARN: its own, and those of other regions that log here too."""

    account: str
    region: str
    trails: dict[str, Trail] = field(default_factory=dict)

    def add(self, name: str = "management", home: str = "") -> Trail:
        """A trail that logs the writes of management events."""
        region = home or self.region
        arn = f"arn:aws:cloudtrail:{region}:{self.account}:trail/{name}"
        return self.trails.setdefault(arn, Trail(arn, region))

    @supports("includeShadowTrails")
    def describe_trails(self, _: Json) -> Json:
        return {"trailList": [{"TrailARN": each.arn, "HomeRegion": each.home} for each in self.trails.values()]}

    @supports("Name")
    def get_trail_status(self, given: Json) -> Json:
        return {"IsLogging": self._trail(given["Name"]).logging}

    @supports("TrailName")
    def get_event_selectors(self, given: Json) -> Json:
        trail = self._trail(given["TrailName"])
        if trail.home != self.region:
            raise Refused("InvalidHomeRegionException", "The trail has another home region.")
        kind = {"AdvancedEventSelectors": trail.advanced} if trail.advanced else {"EventSelectors": trail.selectors}
        return {"TrailARN": trail.arn, **kind}

    def _trail(self, arn: str) -> Trail:
        if arn not in self.trails:
            raise Refused("TrailNotFoundException", "Unknown trail")
        return self.trails[arn]


@dataclass
class CloudWatch(Service):
    """Points of metrics, by namespace, name and the dimension's value."""

    points: dict[tuple[str, str, str], list[tuple[datetime, float]]] = field(default_factory=dict)

    def put(self, namespace: str, name: str, value_of: str, at: datetime, value: float) -> None:
        """A point as a query of the doctor's would see it: its statistic is not computed here."""
        self.points.setdefault((namespace, name, value_of), []).append((at, value))

    @supports("MetricDataQueries", "StartTime", "EndTime", "NextToken")
    def get_metric_data(self, given: Json) -> Json:
        results = [each for query in given["MetricDataQueries"] for each in self._results(query, given)]
        found, token = page(results, given, "NextToken", "MaxDatapoints", 3)
        return {"MetricDataResults": found} | ({"NextToken": token} if token else {})

    def _results(self, query: Json, given: Json) -> list[Json]:
        if "Expression" in query:
            namespace, by, name = query["Expression"].split('"')[1::2]
            if (by, query["Label"]) != ("cause", "${PROP('Dim.cause')}"):
                raise Unsupported(f"the expression {query['Expression']}")
            of = {key[2]: points for key, points in self.points.items() if key[:2] == (namespace, name)}
            return [self._result(query["Id"], value, points, given) for value, points in of.items()]
        metric = query["MetricStat"]["Metric"]
        (dimension,) = metric["Dimensions"]
        key = (metric["Namespace"], metric["MetricName"], dimension["Value"])
        return [self._result(query["Id"], metric["MetricName"], self.points.get(key, []), given)]

    @staticmethod
    def _result(id_: str, label: str, points: list[tuple[datetime, float]], given: Json) -> Json:
        shown = [(at, value) for at, value in points if given["StartTime"] <= at < given["EndTime"]]
        times, values = [at for at, _ in shown], [value for _, value in shown]
        return {"Id": id_, "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete"}


@dataclass
class Events(Service):
    """Event rules by name, those of another bus as `bus|rule`, and whether each is enabled."""

    rules: dict[str, bool] = field(default_factory=dict)

    @supports("Name", "EventBusName")
    def describe_rule(self, given: Json) -> Json:
        name = f"{given['EventBusName']}|{given['Name']}" if "EventBusName" in given else given["Name"]
        if name not in self.rules:
            raise Refused("ResourceNotFoundException", "The rule does not exist.")
        return {"Name": given["Name"], "State": "ENABLED" if self.rules[name] else "DISABLED"}
