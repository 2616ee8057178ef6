"""The dashboard deploys as it is, and finds what the functions print."""

import json
import re

from handlers import metrics
from tests.e2e.stage import Json, Stage, drifted

NAMESPACE = "Outrider/outrider"


def test_the_dashboard_is_deployed_with_nothing_left_to_fill_in(stage: Stage) -> None:
    name = stage.outputs["Dashboard"]
    body = json.loads(stage.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    assert len(body["widgets"]) > 10
    assert "${" not in json.dumps(body)
    arns = {alarm["AlarmArn"] for alarm in alarms(stage)}
    (shown,) = [widget for widget in body["widgets"] if widget["type"] == "alarm"]
    assert set(shown["properties"]["alarms"]) <= arns
    queues = {url.rpartition("/")[2] for url in stage.client("sqs").list_queues()["QueueUrls"]}
    functions = {each["FunctionName"] for each in stage.client("lambda").list_functions()["Functions"]}
    lines = [line for widget in body["widgets"] for line in widget["properties"].get("metrics", ())]
    named = {line[3] for line in lines if isinstance(line[0], str) and line[0].startswith("AWS/")}
    assert named <= queues | functions


def test_the_functions_print_what_the_dashboard_shows(stage: Stage) -> None:
    stage.register(drifted("measured"))
    stage.until(lambda: stage.newest("measured") == 2, "No corrected revision came.")
    stage.quiet()
    stage.swept_by_now()
    stage.sweep(family="measured")  # to look at all that other tests left again would take minutes
    wanted = (
        metrics.MESSAGES, metrics.DRIFTED_BY_RULE, metrics.TRANSITIONS, metrics.SECONDS_TO_FINDING,
        metrics.CORRECTIONS, metrics.SLACK_MESSAGES, metrics.OPEN_FINDINGS, metrics.AWS_CALLS,
    )  # fmt: skip
    published = {(NAMESPACE, metric.name, metric.by.value) for metric in wanted}
    stage.until(lambda: published <= printed(stage), "Not all of the metrics were printed.")


def printed(stage: Stage) -> set[tuple[str, str, str]]:
    """Namespace, name and dimension of what the functions have sent to CloudWatch."""
    return {
        (directive["Namespace"], each["Name"], *directive["Dimensions"][0])
        for function in ("Dispatch", "Inspect", "Remediate", "Slack", "Sweep")
        for line in stage.logs(function)
        if "_aws" in line
        for directive in line["_aws"]["CloudWatchMetrics"]
        for each in directive["Metrics"]
    }


def test_alarms_watch_what_is_there(stage: Stage) -> None:
    found = {re.sub(r"^outrider-|-\w+$", "", alarm["AlarmName"]): alarm for alarm in alarms(stage)}
    dead = found["SlackMessagesDlqAlarm"]
    assert dead["Namespace"] == "AWS/SQS"
    assert dead["Dimensions"][0]["Value"] in stage.queue("SlackMessagesDlq")
    assert found["UnreadFactsAlarm"]["Namespace"] == NAMESPACE
    assert (found["UnreadFactsAlarm"]["Period"], found["UnreadFactsAlarm"]["EvaluationPeriods"]) == (86400, 2)
    assert found["InspectFailuresAlarm"]["AlarmDescription"] != found["RemediateFailuresAlarm"]["AlarmDescription"]


def alarms(stage: Stage) -> list[Json]:
    found: list[Json] = stage.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return found
