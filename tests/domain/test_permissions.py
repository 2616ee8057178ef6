"""What a task needs of its two roles."""

from typing import Any

import pytest

from domain.collector import CollectorConfiguration
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Facts, Known, LogGroup, Parameter, Role
from domain.iam import ABSENT, Context, Policy
from domain.permissions import CallContexts, Permission, permissions_of_collector, permissions_to_start
from domain.places import Place
from domain.workload import Workload

HERE = Place("123456789012", "eu-west-1")
IMAGE = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"


def workload(*containers: dict[str, Any], facts: Facts | None = None, place: Place = HERE) -> Workload:
    task = TaskDefinition({"family": "web", "containerDefinitions": list(containers)})
    return Workload(place=place, task=task, facts=facts or Facts())


def collector(**members: Any) -> dict[str, Any]:
    return {"name": "adot", "image": IMAGE, **members}


def asked(needs: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(need.part, need.action, need.resources) for need in needs]


def of_collector(text: str, place: Place = HERE, **members: Any) -> list[Permission]:
    judged = workload(collector(**members), place=place)
    return list(permissions_of_collector(judged, CollectorConfiguration.parse(text)))


def exporting(exporter: str) -> str:
    pipeline = f"{{receivers: [awsecscontainermetrics], exporters: [{exporter.partition(':')[0]}]}}"
    return f"""
        receivers: {{awsecscontainermetrics: }}
        exporters: {{{exporter}}}
        service: {{pipelines: {{metrics: {pipeline}}}}}
    """


class TestTheStart:
    """What the execution role must allow."""

    @pytest.mark.parametrize(
        "image",
        ["nginx", "docker.io/library/nginx:1", "public.ecr.aws/nginx/nginx:1", "ghcr.io/acme/web:1", "${IMAGE}", ""],
    )
    def test_an_image_of_a_public_registry_needs_nothing(self, image: str) -> None:
        assert asked(permissions_to_start(workload({"name": "app", "image": image}))) == []

    def test_a_private_image_needs_its_repository_and_the_login(self) -> None:
        image = "210987654321.dkr.ecr.us-east-1.amazonaws.com/shop/web:1@sha256:00"
        repository = ("arn:aws:ecr:us-east-1:210987654321:repository/shop/web",)
        assert asked(permissions_to_start(workload({"name": "app", "image": image}))) == [
            ("containers/app/image", "ecr:GetAuthorizationToken", ("*",)),
            ("containers/app/image", "ecr:BatchCheckLayerAvailability", repository),
            ("containers/app/image", "ecr:BatchGetImage", repository),
            ("containers/app/image", "ecr:GetDownloadUrlForLayer", repository),
        ]

    def test_a_partition_follows_from_the_region(self) -> None:
        image = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/web:1"
        needs = asked(permissions_to_start(workload({"name": "app", "image": image})))
        assert needs[-1][2] == ("arn:aws-cn:ecr:cn-north-1:123456789012:repository/web",)

    def test_a_log_stream_is_the_containers_own_and_the_grant_is_its_group(self) -> None:
        options = {"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
        log = {"logDriver": "awslogs", "options": options}
        needs = list(permissions_to_start(workload({"name": "app", "logConfiguration": log})))
        group = "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web"
        part = "containers/app/logConfiguration"
        assert asked(needs) == [
            (part, "logs:CreateLogStream", (f"{group}:log-stream:web/app/*",)),
            (part, "logs:PutLogEvents", (f"{group}:log-stream:web/app/*",)),
        ]
        assert {need.grant for need in needs} == {f"{group}:*"}

    @pytest.mark.parametrize(
        ("written", "group", "sure"),
        [
            ("true", Absent(), True),
            ("true", None, False),
            ("true", Known(LogGroup("/ecs/web")), None),
            ("false", Absent(), None),
        ],
    )
    def test_a_log_group_is_created_only_where_it_is_not_there(self, written: str, group: Any, sure: Any) -> None:
        log = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web", "awslogs-create-group": written}}
        facts = Facts(log_groups={} if group is None else {"/ecs/web": group})
        needs = permissions_to_start(workload({"name": "app", "logConfiguration": log}, facts=facts))
        found = [not need.minor for need in needs if need.action == "logs:CreateLogGroup"]
        assert found == ([] if sure is None else [sure])

    @pytest.mark.parametrize(
        ("value_from", "action", "resources"),
        [
            ("db", "ssm:GetParameters", ("arn:aws:ssm:eu-west-1:123456789012:parameter/db",)),
            ("/shop/db", "ssm:GetParameters", ("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db",)),
            ("/shop/db:3", "ssm:GetParameters", ("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db",)),
            (
                "arn:aws:ssm:us-east-1:210987654321:parameter/shop/db",
                "ssm:GetParameters",
                ("arn:aws:ssm:us-east-1:210987654321:parameter/shop/db",),
            ),
            (
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password:AWSCURRENT:",
                "secretsmanager:GetSecretValue",
                (
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
                    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf-??????",
                ),
            ),
            (
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
                "secretsmanager:GetSecretValue",
                ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????",),
            ),
        ],
    )
    def test_a_secret_is_asked_for_where_it_is(self, value_from: str, action: str, resources: tuple[str, ...]) -> None:
        secret = {"name": "DB", "valueFrom": value_from}
        assert asked(permissions_to_start(workload({"name": "app", "secrets": [secret]}))) == [
            ("containers/app/secrets/DB", action, resources)
        ]

    @pytest.mark.parametrize("odd", ["", "arn:aws:s3:::bucket/key", "arn:aws:ssm:eu-west-1:1:document/x", "arn:"])
    def test_what_names_no_secret_needs_nothing(self, odd: str) -> None:
        assert (
            asked(permissions_to_start(workload({"name": "app", "secrets": [{"name": "A", "valueFrom": odd}]}))) == []
        )

    def test_an_environment_file_needs_its_object_and_its_bucket(self) -> None:
        files = [{"type": "s3", "value": "arn:aws-us-gov:s3:::shop/config/web.env"}]
        part = "containers/app/environmentFiles"
        assert asked(permissions_to_start(workload({"name": "app", "environmentFiles": files}))) == [
            (part, "s3:GetBucketLocation", ("arn:aws-us-gov:s3:::shop",)),
            (part, "s3:GetObject", ("arn:aws-us-gov:s3:::shop/config/web.env",)),
        ]

    @pytest.mark.parametrize(
        ("type_", "key", "resource"),
        [
            ("SecureString", "1111-22", "arn:aws:kms:eu-west-1:123456789012:key/1111-22"),
            (
                "SecureString",
                "arn:aws:kms:eu-west-1:210987654321:key/1111",
                "arn:aws:kms:eu-west-1:210987654321:key/1111",
            ),
            ("SecureString", "alias/shop", "arn:aws:kms:eu-west-1:123456789012:key/*"),
            (
                "SecureString",
                "arn:aws:kms:eu-west-1:123456789012:alias/shop",
                "arn:aws:kms:eu-west-1:123456789012:key/*",
            ),
            ("SecureString", "alias/aws/ssm", None),
            ("SecureString", "arn:aws:kms:eu-west-1:123456789012:alias/aws/ssm", None),
            ("SecureString", None, None),
            ("String", "1111-22", None),
        ],
    )
    def test_the_parameters_key_is_needed_where_it_is_the_customers_own(
        self, type_: str, key: str | None, resource: str | None
    ) -> None:
        parameter = Parameter(arn="arn:p", name="/otel", type=type_, text="", key_id=key)
        secrets = [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/otel"}]
        judged = workload(collector(secrets=secrets), facts=Facts(parameter=Known(parameter)))
        found = [need for need in permissions_to_start(judged) if need.action == "kms:Decrypt"]
        assert [need.resources for need in found] == ([] if resource is None else [(resource,)])
        assert all(need.part == "containers/adot/secrets/AOT_CONFIG_CONTENT" for need in found)


class TestTheContext:
    """What is known of a call's condition keys."""

    ROLE = Role("arn:aws:iam::123456789012:role/web", Policy.parse({"Statement": []}, "t", trust=True), ())

    def need(self, *resources: str, region: str | None = "eu-west-1", **more: Any) -> Permission:
        return Permission("part", "a:B", resources, resources[0], "does", region, **more)

    def known(self, *resources: str, **more: Any) -> Context:
        return CallContexts(self.ROLE).of(self.need(*resources, **more))

    def test_the_region_is_known_or_left_open(self) -> None:
        assert self.known("*").values("aws:requestedregion") == ("eu-west-1",)
        assert self.known("*", region=None).values("aws:requestedregion") is None

    def test_the_account_of_what_is_asked_is_known_where_its_arn_tells(self) -> None:
        own = self.known("arn:aws:ssm:eu-west-1:210987654321:parameter/x")
        assert own.values("aws:resourceaccount") == ("210987654321",)
        for open_ in ("*", "arn:aws:s3:::bucket", "arn:aws:kafka:eu-west-1:*:cluster/*/*"):
            assert self.known(open_).values("aws:resourceaccount") is None

    def test_what_a_need_knows_of_its_own_call_is_its_own_alone(self) -> None:
        circumstances = CallContexts(self.ROLE)
        assert circumstances.of(self.need("*", keys={"ecs:cluster": ("c",)})).values("ecs:cluster") == ("c",)
        assert circumstances.of(self.need("*")).values("ecs:cluster") is None

    def test_a_call_by_way_of_a_service_is_distinguished(self) -> None:
        assert self.known("*").values("kms:viaservice") == ABSENT
        assert self.known("*", via="ssm").values("kms:viaservice") == ("ssm.eu-west-1.amazonaws.com",)


class TestTheCollector:
    """What the task role must allow."""

    def test_a_log_group_and_its_stream(self) -> None:
        needs = of_collector(exporting("awsemf: {log_group_name: /m/web, log_stream_name: '{TaskId}'}"))
        stream = "arn:aws:logs:eu-west-1:123456789012:log-group:/m/web:log-stream:"
        assert [(need.action, need.resources, need.minor) for need in needs] == [
            ("logs:PutLogEvents", (f"{stream}*",), False),
            ("logs:CreateLogStream", (f"{stream}*",), False),
            ("logs:CreateLogGroup", (stream, "arn:aws:logs:eu-west-1:123456789012:log-group:/m/web"), True),
        ]
        assert {need.grant for need in needs} == {"arn:aws:logs:eu-west-1:123456789012:log-group:/m/web:*"}

    @pytest.mark.parametrize(
        ("region", "members", "asked_in"),
        [
            ("", {}, "eu-west-1"),
            ("us-east-1", {}, "us-east-1"),
            ("${env:AWS_REGION}", {}, "eu-west-1"),
            ("${AWS_DEFAULT_REGION}", {}, "eu-west-1"),
            ("${env:OTHER}", {}, "*"),
            ("${env:AWS_REGION}", {"environment": [{"name": "AWS_REGION", "value": "us-east-1"}]}, "*"),
            ("${env:AWS_REGION}", {"environmentFiles": [{"value": "arn:aws:s3:::b/k"}]}, "*"),
            ("s3cret value!", {}, "*"),
        ],
    )
    def test_the_region_is_the_settings_own_else_the_tasks_else_any(
        self, region: str, members: dict[str, Any], asked_in: str
    ) -> None:
        needs = of_collector(exporting(f"awsemf: {{log_group_name: /m, region: '{region}'}}"), **members)
        assert {need.grant for need in needs} == {f"arn:aws:logs:{asked_in}:123456789012:log-group:/m:*"}
        assert {need.region for need in needs} == {None if asked_in == "*" else asked_in}

    def test_a_region_that_is_open_keeps_the_partition(self) -> None:
        place = Place("123456789012", "cn-north-1")
        needs = of_collector(exporting("awsemf: {log_group_name: /m, region: '${env:OTHER}'}"), place)
        assert all(resource.startswith("arn:aws-cn:logs:*:") for need in needs for resource in need.resources)

    @pytest.mark.parametrize("odd", ["${env:GROUP}", "no such: name", "a b"])
    def test_a_name_that_is_not_known_or_can_be_none_is_asked_for_as_any(self, odd: str) -> None:
        needs = of_collector(exporting(f"awsemf: {{log_group_name: '{odd}'}}"))
        assert {need.grant for need in needs} == {"arn:aws:logs:eu-west-1:123456789012:log-group:*:*"}

    @pytest.mark.parametrize(
        ("role", "resource"),
        [
            ("arn:aws:iam::210987654321:role/a/metrics", "arn:aws:iam::210987654321:role/a/metrics"),
            ("${env:ROLE}", "arn:aws:iam::*:role/*"),
            ("metrics", "arn:aws:iam::*:role/*"),
        ],
    )
    def test_a_part_that_takes_on_a_role_needs_that_alone(self, role: str, resource: str) -> None:
        needs = of_collector(exporting(f"awsemf: {{role_arn: '{role}'}}"))
        assert asked(needs) == [("exporters/awsemf", "sts:AssumeRole", (resource,))]

    def test_every_action_that_a_part_may_call_has_a_resource(self) -> None:
        """Reading from Kafka asks actions that the table of IAM has not."""
        needs = of_collector("""
            receivers:
              kafka: {topic: in, auth: {sasl: {mechanism: AWS_MSK_IAM}}}
              awsxray: {}
            exporters: {awsxray: {}}
            extensions: {ecs_observer: {cluster_name: prod}}
            service:
              extensions: [ecs_observer]
              pipelines: {traces: {receivers: [kafka, awsxray], exporters: [awsxray]}}
        """)
        found = {need.action: need.resources for need in needs}
        assert found["kafka-cluster:ReadData"] == ("arn:aws:kafka:eu-west-1:*:topic/*/*/in",)
        assert found["kafka-cluster:AlterGroup"] == ("arn:aws:kafka:eu-west-1:*:group/*/*/*",)
        assert found["ecs:DescribeTasks"] == ("arn:aws:ecs:eu-west-1:123456789012:task/prod/*",)
        assert found["xray:GetSamplingRules"] == ("*",)
        assert all(need.resources and need.grant in need.resources for need in needs)
