"""What people and pipelines do to an account, and the events of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.operations.world import (
    ACCOUNT,
    EXECUTION,
    FLOATING,
    PARAMETER,
    PLACE,
    REGION,
    STANDARD,
    TASK,
    Json,
    World,
    application,
    definition,
    deleted,
    parameter_changed,
    policy,
    registered,
    role_arn,
    role_changed,
    service_changed,
    trusting,
    without_collector,
)

OTHER_PARAMETER = "/fargate/other"
MANAGED = f"arn:aws:iam::{ACCOUNT}:policy/telemetry"

FAMILIES = ("web", "api", "cron")
SERVICES = ("front", "back")
PARAMETERS = (PARAMETER, OTHER_PARAMETER)
ROLES = ("web-execution", "web-task", "cron-task")


def _reading(name: str) -> Json:
    return {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": name}]}


def _unnamed(family: str) -> Json:
    """It says nothing of Fargate: that is for its services to say."""
    document = definition(family, collector=FLOATING)
    del document["requiresCompatibilities"]
    return document


REMOTE = application(environment=[{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.shop:4318"}])

DOCUMENTS: Mapping[str, Callable[[str], Json]] = {
    "right": definition,
    "right, with other roles": lambda family: definition(family, taskRoleArn=role_arn("cron-task")),
    "right, with another parameter": lambda family: definition(family, collector=_reading(OTHER_PARAMETER)),
    "right, with the parameter's ARN": lambda family: definition(
        family, collector=_reading(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{PARAMETER}")
    ),
    "a floating tag": lambda family: definition(family, collector=FLOATING),
    "a branch's tag": lambda family: definition(
        family, collector={"image": FLOATING["image"].replace("latest", "main")}
    ),
    "essential": lambda family: definition(family, collector={"essential": True} | _reading(OTHER_PARAMETER)),
    "no collector": without_collector,
    "telemetry sent elsewhere": lambda family: definition(
        family, containerDefinitions=[REMOTE, definition(family)["containerDefinitions"][1]]
    ),
    "a parameter that is not there": lambda family: definition(family, collector=_reading("/fargate/none")),
    "no task role": lambda family: {k: v for k, v in definition(family).items() if k != "taskRoleArn"},
    "a role that is not there": lambda family: definition(family, executionRoleArn=role_arn("nobody")),
    "nothing about Fargate": _unnamed,
    "for EC2": lambda family: without_collector(family, requiresCompatibilities=["EC2"], networkMode="bridge"),
}

STANDARDS: Mapping[str, str] = {
    "the plain one": "version: 1\n",
    "a more severe one": "version: 1\nrules:\n  - {rules: sidecar.image-pinned, severity: CRITICAL}\n",
    "one that leaves cron out": "version: 1\nscope:\n  exclude:\n    - {family: cron}\n",
    "one with exemptions": "version: 1\nexemptions:\n"
    "  - {rules: 'sidecar.*', where: {family: web}, reason: being replaced, expires: 2026-11-12}\n"
    "  - {rules: 'identity.*', where: {family: api}, reason: being replaced, expires: 2026-11-20}\n",
    "one with larger collectors": "version: 1\ncollector: {cpu: 512}\n",
}


@dataclass
class People(World):
    """The account, and those who change it. What is done gives the messages of its events."""

    standard: str = ""

    @property
    def moment(self) -> datetime:
        return self.aws.clock.moment

    def set_standard(self, name: str) -> None:
        self.standard = name
        self.client("ssm").put_parameter(Name=STANDARD, Value=STANDARDS[name], Type="String", Overwrite=True)

    def registers(self, family: str, document: str) -> list[str]:
        return [self._registered(self.register(DOCUMENTS[document](family)))]

    def deregisters(self, pick: int) -> list[str]:
        """One of the active revisions."""
        arns = self.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
        if not arns:
            return []
        return [self._registered(self.deregister(arns[pick % len(arns)]), "DeregisterTaskDefinition")]

    def deletes_revisions(self) -> list[str]:
        """Those that are inactive and that no service runs: ECS deletes no others permanently."""
        arns = self.client("ecs").list_task_definitions(status="INACTIVE")["taskDefinitionArns"]
        running = {each["taskDefinition"] for each in self.services.services.values() if each["status"] == "ACTIVE"}
        free = [arn for arn in arns if arn not in running][:10]
        if free:
            self.client("ecs").delete_task_definitions(taskDefinitions=free)
        return [deleted(*free)] if free else []

    def deploys(self, service: str, family: str, platform: str, launch: str = "FARGATE") -> list[str]:
        """Create the service, or have it run the family's newest revision."""
        newest = self.aws.definitions.find(family)
        if newest is None:
            return []
        arn, held = str(newest["taskDefinitionArn"]), self._running(service)
        if held is None:
            return [self._service(self.run(arn, service, platform, launch), "CreateService")]
        given = {"platformVersion": platform} if held["launchType"] == "FARGATE" else {}
        self.client("ecs").update_service(cluster="shop", service=service, taskDefinition=arn, **given)
        return [self._service(service), self._service(service, "SERVICE_DEPLOYMENT_COMPLETED")]

    def _running(self, service: str) -> Json | None:
        held = self.services.services.get(f"shop/{service}")
        return held if held and held["status"] == "ACTIVE" else None

    def deploys_again(self, service: str) -> list[str]:
        if self._running(service) is None:
            return []
        self.client("ecs").update_service(cluster="shop", service=service, forceNewDeployment=True)
        return [self._service(service), self._service(service, "SERVICE_DEPLOYMENT_COMPLETED")]

    def collector_dies(self, service: str, task: int) -> list[str]:
        """In one of its tasks, and the task goes on."""
        tasks = list(self.services.tasks_of(f"shop/{service}"))
        if not tasks:
            return []
        tasks[task]["containers"][1]["lastStatus"] = "STOPPED"
        return [self._service(service, "TaskStateChange")]

    def deletes(self, service: str) -> list[str]:
        if self._running(service) is None:
            return []
        self.client("ecs").delete_service(cluster="shop", service=service, force=True)
        return [self._service(service, "DeleteService")]

    def writes(self, parameter: str, text: str | None) -> list[str]:
        ssm = self.client("ssm")
        if text is not None:
            ssm.put_parameter(Name=parameter, Value=text, Type="String", Overwrite=True)
        elif not ssm.get_parameters(Names=[parameter])["Parameters"]:
            return []
        else:
            ssm.delete_parameter(Name=parameter)
        return [parameter_changed(parameter)]

    def allows(self, role: str, *actions: str) -> list[str]:
        if not self._is_there(role):
            return []
        self.allow(role, *actions)
        return [role_changed(role)]

    def trusts(self, role: str, service: str) -> list[str]:
        if not self._is_there(role):
            return []
        self.trust(role, service)
        return [role_changed(role)]

    def takes_away(self, role: str) -> list[str]:
        """The role is deleted; or made again, as it was first."""
        iam, actions = self.client("iam"), EXECUTION if role == "web-execution" else TASK
        if not self._is_there(role):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=trusting("ecs-tasks.amazonaws.com"))
            self.allow(role, *actions)
            return [role_changed(role), role_changed(role)]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=role)
        return [role_changed(role)]

    def _is_there(self, role: str) -> bool:
        return any(each["RoleName"] == role for each in self.client("iam").list_roles()["Roles"])

    def changes_policy(self, *actions: str) -> list[str]:
        """A new version of the managed policy."""
        iam = self.client("iam")
        for version in iam.list_policy_versions(PolicyArn=MANAGED)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=MANAGED, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=MANAGED, PolicyDocument=policy(*actions), SetAsDefault=True)
        return [role_changed(policy=MANAGED)]

    def _registered(self, arn: str, event: str = "RegisterTaskDefinition") -> str:
        return registered(arn, event, time=self.moment.isoformat())

    def _service(self, service: str, event: str = "UpdateService") -> str:
        arn = service if service.startswith("arn:") else PLACE.arn("ecs", f"service/shop/{service}")
        return service_changed(arn, event)
