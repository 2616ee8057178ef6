"""template.yaml: what each resource must be, whatever the stack's parameters are."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from operations.standards import FRESH
from tests.templates import CALLED, SRC, TEMPLATE, actions, of_type, statements, template


def to_the_queue() -> dict[str, Any]:
    rules = of_type("AWS::Events::Rule")
    return {name: rule for name, rule in rules.items() if rule["Properties"]["Targets"][0]["Id"] == "changes"}


@pytest.mark.parametrize("function", sorted(CALLED))
def test_a_function_has_a_role_of_its_own_and_a_log_that_ends(function: str) -> None:
    properties = template()["Resources"][function]["Properties"]
    name = function.removesuffix("Function")
    assert properties["Role"] == {"Fn::GetAtt": f"{name}Role.Arn"}
    log = properties["LoggingConfig"]["LogGroup"]["Ref"]
    assert template()["Resources"][log]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize(
    ("condition", "read", "service"),
    [("HasStandardObject", "s3:GetObject", "s3"), ("HasStandardParameter", "ssm:GetParameter", "ssm")],
)
def test_each_function_that_reads_the_standard_may_decrypt_it(condition: str, read: str, service: str) -> None:
    readers = set()
    for role in of_type("AWS::IAM::Role"):
        under = list(statements(role, condition))
        if any(statement["Sid"] == "ReadStandard" and read in actions(statement) for statement in under):
            readers.add(role)
            ways = [s["Condition"]["StringLike"]["kms:ViaService"] for s in under if actions(s) == ["kms:Decrypt"]]
            assert f"{service}.*.amazonaws.com*" in ways, role
    assert readers == {"InspectRole", "RemediateRole", "SweepRole"}


def test_no_statement_allows_more_than_calls_by_name() -> None:
    for role in of_type("AWS::IAM::Role"):
        for statement in statements(role):
            assert statement["Sid"]
            assert not any("*" in action for action in actions(statement)), statement["Sid"]


def test_a_statement_on_every_resource_says_why() -> None:
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.strip() == 'Resource: "*"':
            sid = next(above for above in reversed(lines[:number]) if "Sid:" in above)
            assert "#" in sid, f"line {number + 1}: {sid.strip()}"


def test_calls_whose_resource_is_not_what_they_name_are_allowed_as_iam_checks_them() -> None:
    """DescribeLogGroups is checked on no group's own name, and DescribeParameters on every resource."""
    checked = {
        "logs:DescribeLogGroups": "arn:aws:logs:eu-west-1:123456789012:log-group::log-stream:",
        "ssm:DescribeParameters": "*",
    }
    for role in ("InspectRole", "RemediateRole"):
        for statement in statements(role):
            for action in set(actions(statement)) & checked.keys():
                resource = statement["Resource"]
                if isinstance(resource, dict):
                    resource = resource["Fn::Sub"].replace("${AWS::Partition}", "aws")
                    resource = resource.replace("${AWS::AccountId}", "123456789012")
                assert fnmatchcase(checked[action], resource), (role, action)


def test_nothing_that_may_be_empty_is_split() -> None:
    """AWS refuses to select what an empty text does not have: each text that is split ends in its delimiter."""
    splits = list(_splits(template()))
    assert len(splits) > 10
    for delimiter, source in splits:
        text = source.get("Fn::Sub") or source["Fn::Join"][1][-1]
        assert text.endswith(delimiter), source


def _splits(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        if "Fn::Split" in value:
            yield value["Fn::Split"][0], value["Fn::Split"][1]
        for each in value.values():
            yield from _splits(each)
    elif isinstance(value, list):
        for each in value:
            yield from _splits(each)


def test_a_name_of_a_parameter_is_found_in_a_location() -> None:
    """As CloudFormation resolves it."""
    [found] = [
        part[1]["Name"]
        for statement in statements("InspectRole", "HasStandardParameter")
        if actions(statement) == ["ssm:GetParameter"]
        for part in [statement["Resource"]["Fn::Sub"]]
    ]
    names = {location: _resolved(found, location) for location in ("ssm:/a/b", "ssm:name", "")}
    assert names == {"ssm:/a/b": "a/b", "ssm:name": "name", "": ""}


def _resolved(value: Any, location: str) -> Any:
    match value:
        case {"Fn::Select": [index, items]}:
            return _resolved(items, location)[index]
        case {"Fn::Split": [delimiter, text]}:
            return _resolved(text, location).split(delimiter)
        case {"Fn::Join": [delimiter, list(items)]}:
            return delimiter.join(_resolved(each, location) for each in items)
        case {"Fn::Join": [delimiter, items]}:
            return delimiter.join(_resolved(items, location))
        case {"Fn::Sub": str(text)}:
            return text.replace("${StandardLocation}", location)
        case _:
            return value


def test_roles_are_passed_only_to_tasks_and_only_those_that_the_stack_names() -> None:
    passing = [s for role in of_type("AWS::IAM::Role") for s in statements(role) if "iam:PassRole" in actions(s)]
    assert [(s["Resource"], s["Condition"]) for s in passing] == [
        ({"Ref": "PassableRoles"}, {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
    ]


def test_a_correction_shares_the_time_of_its_function_with_no_other() -> None:
    source = template()["Resources"]["RemediateFunction"]["Properties"]["Events"]["Remediations"]
    assert source["Properties"]["BatchSize"] == 1


def test_only_remediate_writes_to_ecs() -> None:
    writes = re.compile(r"ecs:(?!Describe|List)")
    for role in of_type("AWS::IAM::Role"):
        for statement in statements(role):
            assert role == "RemediateRole" or not any(writes.match(action) for action in actions(statement))


def test_every_queue_has_a_dlq_and_every_dlq_an_alarm() -> None:
    queues = of_type("AWS::SQS::Queue")
    alarmed = {
        dimension["Value"]["Fn::GetAtt"].removesuffix(".QueueName")
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"]["Dimensions"]
        if alarm["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }
    for name, queue in queues.items():
        if name.endswith("Dlq"):
            assert name in alarmed
        else:
            assert queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": f"{name}Dlq.Arn"}


def test_the_sweep_may_count_the_messages_of_every_queue() -> None:
    """A health check that may not read one of them is unknown for all."""
    counted = set[str]()
    for statement in statements("SweepRole"):
        if "sqs:GetQueueAttributes" in actions(statement):
            for resource in _listed(statement["Resource"]):
                counted.add((resource["Fn::If"][1] if "Fn::If" in resource else resource)["Fn::GetAtt"])
    assert counted == {f"{name}.Arn" for name in of_type("AWS::SQS::Queue")}


def test_the_sweep_may_list_the_subscriptions_of_every_topic() -> None:
    (statement,) = [each for each in statements("SweepRole") if "sns:ListSubscriptionsByTopic" in actions(each)]
    listed = {(each["Fn::If"][1] if "Fn::If" in each else each)["Ref"] for each in statement["Resource"]}
    assert listed == of_type("AWS::SNS::Topic").keys()


def test_the_address_of_every_queue_and_dlq_is_an_output() -> None:
    named = {output["Value"].get("Ref") for output in template()["Outputs"].values()}
    assert of_type("AWS::SQS::Queue").keys() <= named


def test_every_role_has_the_boundary_and_path_that_the_organisation_sets() -> None:
    boundary = {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    for name, role in of_type("AWS::IAM::Role").items():
        given = role["Properties"]
        assert (given["Path"], given["PermissionsBoundary"]) == ({"Ref": "RolePath"}, boundary), name


def test_no_role_is_made_by_sam() -> None:
    """It would have neither the path nor the boundary."""
    for function in of_type("AWS::Serverless::Function").values():
        assert "Role" in function["Properties"]
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "ScheduleV2":
                assert event["Properties"]["RoleArn"] == {"Fn::GetAtt": "ScheduleRole.Arn"}


@pytest.mark.parametrize(
    ("kind", "member"),
    [("AWS::SQS::Queue", "KmsMasterKeyId"), ("AWS::SNS::Topic", "KmsMasterKeyId"), ("AWS::Logs::LogGroup", "KmsKeyId")],
)
def test_everything_that_keeps_data_takes_the_key(kind: str, member: str) -> None:
    key = {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    for name, each in of_type(kind).items():
        assert each["Properties"][member] == key, name
        if kind == "AWS::SQS::Queue":  # both at once are refused
            own = {"Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, True]}
            assert each["Properties"]["SqsManagedSseEnabled"] == own
    assert template()["Globals"]["Function"]["KmsKeyArn"] == key


def test_the_ledger_is_protected() -> None:
    ledger = template()["Resources"]["Ledger"]
    given = ledger["Properties"]
    assert given["DeletionProtectionEnabled"] is True
    assert given["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert given["SSESpecification"]["KMSMasterKeyId"]["Fn::If"][1] == {"Ref": "KmsKeyArn"}
    assert (ledger["DeletionPolicy"], ledger["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_every_function_runs_in_the_vpc_and_may_use_the_key() -> None:
    given = template()["Globals"]["Function"]["VpcConfig"]
    inside = {"SubnetIds": {"Ref": "VpcSubnetIds"}, "SecurityGroupIds": {"Ref": "VpcSecurityGroupIds"}}
    assert given == {"Fn::If": ["HasVpc", inside, {"Ref": "AWS::NoValue"}]}
    for function in CALLED:
        sids = {each["Sid"] for each in statements(function.replace("Function", "Role"))}
        assert {"UseKey", "UseVpc"} <= sids, function


def test_parameters_are_read_only_where_the_standard_keeps_them_unless_the_stack_says_more() -> None:
    found = [s["Resource"] for role in CALLED for s in statements(role.replace("Function", "Role"))]
    own = {"Fn::Sub": "arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:parameter/fargate/*"}
    narrow = {"Fn::If": ["HasReadableParameters", {"Ref": "ReadableParameters"}, own]}
    assert found.count(narrow) == 2
    assert template()["Parameters"]["ReadableParameters"]["Default"] == ""


def test_no_arn_names_a_partition() -> None:
    body = TEMPLATE.read_text(encoding="utf-8")
    assert re.findall(r"arn:aws[a-z-]*:", body) == []


def test_the_stack_owns_no_value_that_people_set() -> None:
    """CloudFormation sets the value of an SSM parameter again when its tags change, or when it is created again."""
    kinds = {each["Type"] for each in template()["Resources"].values()}
    assert not kinds & {"AWS::SSM::Parameter", "AWS::SecretsManager::Secret"}
    name = {"Fn::Sub": "/outrider/corrections/${AWS::StackName}"}
    assert template()["Outputs"]["CorrectionsSwitch"]["Value"] == name
    given = template()["Resources"]["RemediateFunction"]["Properties"]["Environment"]["Variables"]
    assert given["OUTRIDER_SWITCH"] == {"Fn::If": ["Registers", name, ""]}


@pytest.mark.parametrize("part", ["Parameters", "Outputs"])
def test_every_parameter_and_output_says_what_it_is(part: str) -> None:
    assert [name for name, each in template()[part].items() if not each.get("Description")] == []


def test_every_queue_that_starts_a_function_starts_few_at_a_time() -> None:
    """A FIFO source starts one for each of its groups, and a new account has ten for all of its functions.

    Approvals are not counted: a person makes each of them. A sweep of members needs more, which docs/members.md says.
    """
    sources = {
        name: source["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for name, function in of_type("AWS::Serverless::Function").items()
        for source in function["Properties"]["Events"].values()
        if source["Type"] == "SQS"
    }
    assert sources.keys() == CALLED.keys() - {"SweepFunction"}
    assert sum(sources.values()) - sources["ApproveFunction"] + 1 < 10  # the sweep of one account and region
    [machine] = of_type("AWS::StepFunctions::StateMachine").values()
    places = machine["Properties"]["Definition"]["States"]["Places"]["MaxConcurrency"]
    assert sum(sources.values()) + places <= 20


def test_lambda_stops_no_function_for_being_started_by_its_own_messages() -> None:
    """By default it stops a chain of more than 16 invocations, and sends the message to the DLQ."""
    starts, sends = dict[str, str](), dict[str, set[str]]()
    for name, function in of_type("AWS::Serverless::Function").items():
        for source in function["Properties"]["Events"].values():
            if source["Type"] == "SQS":
                starts[source["Properties"]["Queue"]["Fn::GetAtt"]] = name
        role = function["Properties"]["Role"]["Fn::GetAtt"].removesuffix(".Arn")
        sends[name] = {
            each["Resource"]["Fn::GetAtt"] for each in statements(role) if "sqs:SendMessage" in actions(each)
        }

    def reached(name: str) -> set[str]:
        found, left = set[str](), [name]
        while left:
            new = {starts[queue] for queue in sends[left.pop()] if queue in starts} - found
            found |= new
            left += new
        return found

    functions = of_type("AWS::Serverless::Function")
    allowed = {name for name in functions if functions[name]["Properties"].get("RecursiveLoop") == "Allow"}
    assert allowed == {name for name in functions if name in reached(name)} != set()


def test_every_function_has_an_alarm_on_its_errors() -> None:
    watched = {
        dimension["Value"]["Ref"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"]["Dimensions"]
        if alarm["Properties"]["MetricName"] == "Errors"
    }
    assert watched == set(CALLED)


def test_alarms_go_to_operations_and_not_by_way_of_slack() -> None:
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "Operations"}]


@pytest.mark.parametrize("rule", sorted(of_type("AWS::Events::Rule").keys() - {"StandardChanges"}))
def test_an_event_rule_passes_names_ids_actor_and_time_only(rule: str) -> None:
    (target,) = template()["Resources"][rule]["Properties"]["Targets"]
    allowed = {
        "$.account", "$.region", "$.time", "$.detail.eventName", "$.detail.eventTime", "$.detail.userIdentity",
        "$.detail.userAgent", "$.resources[0]", "$.detail.name", "$.detail.operation", "$.detail.group",
        "$.detail.clusterArn", "$.detail.requestParameters.family", "$.detail.requestParameters.roleName",
        "$.detail.requestParameters.policyArn", "$.detail.responseElements.taskDefinition.taskDefinitionArn",
        "$.detail.responseElements.service.serviceArn", "$.detail.responseElements.service.clusterArn",
        "$.detail.requestParameters.service",
        "$.detail.requestParameters.serviceName",
        "$.detail.requestParameters.cluster", "$.detail.requestParameters.taskDefinitions",
        "$.detail.requestParameters.taskDefinition", "$.detail.requestParameters.platformVersion",
        "$.detail.responseElements.failures[0].reason",
        "$.detail.responseElements.tasks[0].taskDefinitionArn", "$.detail.responseElements.tasks[0].clusterArn",
        "$.detail.actionName", "$.detail.findings[0].Id", "$.detail.findings[0].ProductArn",
        "$.detail.findings[0].ProductFields.outrider/plan",
    }  # fmt: skip
    transformer = target["InputTransformer"]
    paths, made = transformer["InputPathsMap"], transformer["InputTemplate"]
    assert set(paths.values()) <= allowed
    assert (paths["account"], paths["region"]) == ("$.account", "$.region"), "as EventBridge itself says"
    assert set(re.findall(r"<([a-z]+)>", made)) == set(paths)
    assert len(re.findall(r"\[<[a-z]+>\]", made)) == len(paths), "each in a list of its own"
    json.loads(re.sub(r"<[a-z]+>", "", made))
    json.loads(re.sub(r"<[a-z]+>", "{}", made))
    queue = target["Arn"]["Fn::GetAtt"].removesuffix(".Arn")
    assert queue == ("Approvals" if rule == "ApprovedPlans" else "Changes")
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": f"{queue}Dlq.Arn"}}


@pytest.mark.parametrize("rule", sorted(to_the_queue()))
def test_an_event_rule_may_send_to_the_queue(rule: str) -> None:
    own, members = template()["Resources"]["ChangesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    statement = members["Fn::If"][1] if rule.startswith("Member") else own
    assert {"Fn::GetAtt": f"{rule}.Arn"} in statement["Condition"]["ArnEquals"]["aws:SourceArn"]


def test_only_the_rule_of_the_custom_action_sends_approvals_and_only_their_function_receives_them() -> None:
    queue, rule = {"Fn::GetAtt": "Approvals.Arn"}, {"Fn::GetAtt": "ApprovedPlans.Arn"}
    policy = template()["Resources"]["ApprovalsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    may, only, reads = ({key: value for key, value in each.items() if key != "Sid"} for each in policy)
    assert may == {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }  # fmt: skip
    denied = {"Effect": "Deny", "Principal": "*", "Resource": queue}
    assert only == denied | {"Action": "sqs:SendMessage", "Condition": {"ArnNotEquals": {"aws:SourceArn": rule}}}
    role = {"Fn::GetAtt": "ApproveRole.Arn"}
    assert reads == denied | {"Action": "sqs:ReceiveMessage", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}}}
    readers = {
        function
        for function, each in of_type("AWS::Serverless::Function").items()
        for event in each["Properties"].get("Events", {}).values()
        if event["Properties"].get("Queue") == queue
    }
    assert readers == {"ApproveFunction"}


def test_remediate_knows_its_senders_and_itself_by_what_the_stack_made() -> None:
    given = template()["Resources"]["RemediateFunction"]["Properties"]["Environment"]["Variables"]
    assert given["OUTRIDER_ROLE"] == {"Fn::GetAtt": "RemediateRole.Arn"}
    assert given["OUTRIDER_INSPECT_ID"] == {"Fn::GetAtt": "InspectRole.RoleId"}
    assert given["OUTRIDER_APPROVE_ID"] == {"Fn::GetAtt": "ApproveRole.RoleId"}


def test_what_an_event_rule_cannot_deliver_may_go_to_its_dlq() -> None:
    allowed = {
        (queue["Fn::GetAtt"], rule["Fn::GetAtt"])
        for policy in of_type("AWS::SQS::QueuePolicy").values()
        for entry in policy["Properties"]["PolicyDocument"]["Statement"]
        for statement in [entry["Fn::If"][1] if "Fn::If" in entry else entry]
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "events.amazonaws.com"}
        for queue in _listed(statement["Resource"])
        for rule in _listed(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    }
    for name, rule in of_type("AWS::Events::Rule").items():
        for target in rule["Properties"]["Targets"]:
            assert (target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"], f"{name}.Arn") in allowed


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_a_standard_that_changed_or_was_stored_again_has_everything_swept_as_a_baseline() -> None:
    rule = template()["Resources"]["StandardChanges"]["Properties"]
    assert rule["EventPattern"]["detail"]["operation"] == ["Create", "Update"]
    (target,) = rule["Targets"]
    asked = json.loads(target["InputTransformer"]["InputTemplate"].replace("<time>", "[]"))
    assert asked == {"quiet": True, "at": []}
    assert template()["Parameters"]["StandardSeconds"]["Default"] == FRESH
    assert target["InputTransformer"]["InputPathsMap"] == {"time": "$.time"}


def test_what_a_schedule_starts_knows_when_it_was_scheduled() -> None:
    """Tried again, it has the same id, and is published once."""
    resources = template()["Resources"]
    digests = resources["SweepFunction"]["Properties"]["Events"]
    inputs = [digests[name]["Properties"]["Input"] for name in ("Digest", "Weekly")]
    for found in (*inputs, resources["DailySweep"]["Properties"]["Target"]["Input"]):
        assert json.loads(found)["at"] == "<aws.scheduler.scheduled-time>"


def test_the_sweep_writes_no_row_of_the_ledger_but_its_own() -> None:
    found = [each for each in statements("SweepRole") if {"dynamodb:PutItem", "dynamodb:DeleteItem"} & {*actions(each)}]
    assert [statement["Condition"] for statement in found] == [
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["sweep", "sweep/*", "swept/*", "account/*"]}},
        {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["notice/standard/*"]}},
    ]


def test_a_call_that_failed_is_not_passed_on() -> None:
    for rule in to_the_queue().values():
        pattern = rule["Properties"]["EventPattern"]
        if pattern["detail-type"] == ["AWS API Call via CloudTrail"]:
            assert pattern["detail"]["errorCode"] == [{"exists": False}]


def test_every_function_has_a_target_that_builds_it() -> None:
    targets = re.search(r"^FUNCTIONS := \$\(addprefix build-,(.*)\)$", (SRC / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    assert sorted(targets[1].split()) == sorted(CALLED)
