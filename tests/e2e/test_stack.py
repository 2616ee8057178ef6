"""The stack goes as it came. This file is the last of the group: after it there is no Outrider on the cloud."""

from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from local.builds import ROOT
from tests.e2e.stage import Stage


@pytest.mark.parametrize("value", ["off", "on"])
def test_an_update_with_other_tags_and_modes_leaves_the_switch_as_people_set_it(stage: Stage, value: str) -> None:
    switch = stage.outputs["CorrectionsSwitch"]
    ssm, cloudformation = stage.client("ssm"), stage.client("cloudformation")
    ssm.put_parameter(Name=switch, Value=value, Type="String", Overwrite=True)
    given = cloudformation.describe_stacks(StackName="outrider")["Stacks"][0]["Parameters"]
    kept = [each for each in given if each["ParameterKey"] != "RemediationMode"]
    for number, mode in enumerate(["deploy", "report", "register", "deploy"]):
        cloudformation.update_stack(
            StackName="outrider",
            UsePreviousTemplate=True,
            Parameters=[*kept, {"ParameterKey": "RemediationMode", "ParameterValue": mode}],
            Tags=[{"Key": "owner", "Value": f"team-{number}"}],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        stage.until(lambda: updated(stage), "The stack was not updated.")
        assert ssm.get_parameter(Name=switch)["Parameter"]["Value"] == value, mode


def test_the_functions_code_stays_small(stage: Stage) -> None:
    """6 MiB for arm64, whose compiled libraries are 0.17 MiB smaller than those of x86_64: `python -m bench bundle`."""
    (built,) = stage.cloud.build(ROOT / "template.yaml").parent.glob("*.zip")
    zipped = BytesIO()
    with ZipFile(built) as plain, ZipFile(zipped, "w", ZIP_DEFLATED) as archive:
        for each in plain.infolist():
            archive.writestr(each.filename, plain.read(each))
    assert 1 < zipped.tell() / 2**20 < 6.17


def updated(stage: Stage) -> bool:
    [found] = stage.client("cloudformation").describe_stacks(StackName="outrider")["Stacks"]
    return bool(found["StackStatus"] == "UPDATE_COMPLETE")


def test_removing_the_stack_leaves_the_ledger_and_nothing_else(stage: Stage) -> None:
    before = set(things(stage))
    assert len(before) > 20
    cloudformation = stage.client("cloudformation")
    cloudformation.delete_stack(StackName="outrider")
    gone = {"DELETE_COMPLETE"}
    stage.until(
        lambda: {s["StackStatus"] for s in cloudformation.list_stacks()["StackSummaries"]} == gone, "It is not gone."
    )
    # What was first observed when is not to be had again.
    assert set(things(stage)) == {stage.outputs["LedgerTable"]}


def things(stage: Stage) -> Iterator[str]:
    """Names of all that Outrider's stack has on the cloud."""
    listed = {
        ("lambda", "list_functions"): ("Functions", "FunctionName"),
        ("lambda", "list_event_source_mappings"): ("EventSourceMappings", "FunctionArn"),
        ("events", "list_rules"): ("Rules", "Name"),
        ("iam", "list_roles"): ("Roles", "RoleName"),
        ("logs", "describe_log_groups"): ("logGroups", "logGroupName"),
        ("sns", "list_topics"): ("Topics", "TopicArn"),
        ("sns", "list_subscriptions"): ("Subscriptions", "Endpoint"),
        ("cloudwatch", "describe_alarms"): ("MetricAlarms", "AlarmName"),
        ("cloudwatch", "list_dashboards"): ("DashboardEntries", "DashboardName"),
    }
    for (service, call), (member, name) in listed.items():
        for page in stage.client(service).get_paginator(call).paginate():
            yield from (item[name] for item in page[member] if "outrider" in item[name])
    yield from (url for url in stage.client("sqs").list_queues().get("QueueUrls", ()) if "outrider" in url)
    yield from (name for name in stage.client("dynamodb").list_tables()["TableNames"] if "outrider" in name)
