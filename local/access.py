"""IAM checks that ministack does not make: Security Hub, PassRole, tags on creation, what ECS and S3 check besides.

ministack enforces the roles of Lambda functions itself (AUTH=true). These are the calls that it would allow and AWS
would deny.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.bridge import Call
from local.internals import Ministack
from local.security_hub import OPERATIONS

type Response = tuple[int, dict[str, str], bytes]
Arguments = tuple[str, str, str, Mapping[str, str], bytes, Mapping[str, Any], str, str]

# ECS calls that only "Resource": "*" grants here: what is allowed here is allowed on AWS, whatever resource it checks.
_ON_NO_RESOURCE = frozenset(
    {
        "CreateCluster",
        "DeregisterTaskDefinition",
        "DescribeTaskDefinition",
        "ListAccountSettings",
        "ListClusters",
        "ListServices",
        "ListTaskDefinitionFamilies",
        "ListTaskDefinitions",
        "RegisterTaskDefinition",
    }
)
# IAM has no action for these batch calls: the action of the single call allows them.
_CHECKED_AS = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}
_ROLES_PASSED_BY = {
    "RegisterTaskDefinition": ("taskRoleArn", "executionRoleArn"),
    "RunTask": ("overrides.taskRoleArn", "overrides.executionRoleArn"),
}


class Access:
    """What a caller may do, where ministack does not check."""

    def __init__(self, ministack: Ministack) -> None:
        self._ms = ministack

    def install(self) -> None:
        """Add Security Hub and the resources of ECS calls to ministack's own enforcement."""
        actions = self._ms.iam_actions
        actions.SERVICE_TO_IAM_NAMESPACE["securityhub"] = "securityhub"
        actions._BOTOCORE_SERVICE_MAP["securityhub"] = ["securityhub"]
        # For an unknown service the router reads all of botocore's models, which takes seconds.
        self._ms.router.SERVICE_PATTERNS["securityhub"] = {"host_patterns": [r"^securityhub\."], "path_patterns": []}
        # Set here, so that the first call does not read botocore's largest model three times.
        actions._REST_ROUTE_CACHE["securityhub"] = [
            (method, actions._compile_uri(uri)[0], operation, len(uri), {})
            for operation, (method, uri) in OPERATIONS.items()
        ]
        actions._TAG_OPERATIONS["securityhub"] = frozenset()
        actions._UNSIGNED_OPERATIONS["securityhub"] = frozenset()
        resource_of = actions.extract_resource_arn

        def extract_resource_arn(*arguments: *Arguments) -> str:
            service, _, path, headers, body, _, region, account_id = arguments
            if service == "securityhub":
                return _hub_resource(path, body, region, account_id)
            if service == "ecs":
                found = _ecs_resource(headers.get("x-amz-target", "").rpartition(".")[2], body, region, account_id)
                if found is not None:
                    return found
            if service in ("ssm", "logs"):
                found = _named(headers.get("x-amz-target", "").rpartition(".")[2], body, region, account_id)
                if found is not None:
                    return found
            resource: str = resource_of(*arguments)
            return resource

        actions.extract_resource_arn = extract_resource_arn
        enforce = self._ms.iam_evaluator.enforce

        def enforce_as_checked(access_key_id: str, iam_action: str, *arguments: Any, **named: Any) -> Any:
            return enforce(access_key_id, _CHECKED_AS.get(iam_action, iam_action), *arguments, **named)

        self._ms.iam_evaluator.enforce = enforce_as_checked

    def refuse(self, call: Call) -> Response | None:
        """The denial of an ECS call for what it also does: pass roles, tag what it creates."""
        if call.service != "ecs" or not self._ms.app.AUTH:
            return None
        request = call.json()
        account, region = self._ms.responses.get_account_id(), self._ms.responses.get_region()
        for name in _ROLES_PASSED_BY.get(call.name, ()):
            value: Any = request
            for part in name.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value:
                role = value if value.startswith("arn:") else f"arn:aws:iam::{account}:role/{value}"
                context = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                if denied := self._denied(call, "iam:PassRole", role, context):
                    return denied
        if request.get("tags") and call.name in ("RegisterTaskDefinition", "CreateService", "RunTask", "CreateCluster"):
            made = {
                "RegisterTaskDefinition": f"task-definition/{request.get('family')}:*",
                "CreateService": f"service/{_short(request.get('cluster'))}/{request.get('serviceName')}",
                "RunTask": f"task/{_short(request.get('cluster'))}/*",
                "CreateCluster": f"cluster/{request.get('clusterName', 'default')}",
            }[call.name]
            arn = f"arn:aws:ecs:{region}:{account}:{made}"
            return self._denied(call, "ecs:TagResource", arn, {"ecs:CreateAction": call.name})
        return None

    def hides(self, call: Call, path: str, answered: Response) -> Response:
        """The answer to a read of an object that does not exist: only who may list the bucket learns that."""
        status, _, body = answered
        missing = (call.operation, status) == ("s3:GetObject", HTTPStatus.NOT_FOUND) and b"NoSuchKey" in body
        if not missing or not self._ms.app.AUTH:
            return answered
        bucket = path.lstrip("/").partition("/")[0]
        return self._denied(call, "s3:ListBucket", f"arn:aws:s3:::{bucket}", {}) or answered

    def _denied(self, call: Call, action: str, resource: str, context: Mapping[str, str]) -> Response | None:
        service, region = action.partition(":")[0], self._ms.responses.get_region()
        denied = self._ms.iam_evaluator.enforce(call.access_key, action, service, region, resource, dict(context))
        if denied is None or isinstance(denied, self._ms.iam_evaluator.AuthError):
            return None  # a bad credential was refused before
        message = (
            f"User: {denied.principal_arn} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )
        response: Response = self._ms.iam_actions.access_denied_response(
            call.service, action, denied.principal_arn, call.request_id, message=message, headers=dict(call.headers)
        )
        return response


def _short(cluster: Any) -> str:
    return str(cluster or "default").rsplit("/", 1)[-1]


def _named(operation: str, body: bytes, region: str, account: str) -> str | None:
    """The resource that AWS checks where ministack checks `*`: parameters by the first name, log groups by pattern."""
    match operation:
        case "GetParameters":
            name = str(json.loads(body)["Names"][0]).removeprefix("/")
            return f"arn:aws:ssm:{region}:{account}:parameter/{name}"
        case "DescribeParameters":
            return f"arn:aws:ssm:{region}:{account}:*"
        case "DescribeLogGroups":
            return f"arn:aws:logs:{region}:{account}:log-group::log-stream:"
        case _:
            return None


def _hub_resource(path: str, body: bytes, region: str, account: str) -> str:
    """BatchImportFindings is checked on the product of the findings, everything else on the hub."""
    if path.rstrip("/") == "/findings/import":
        try:
            return str(json.loads(body)["Findings"][0]["ProductArn"])
        except (ValueError, LookupError, TypeError):
            return f"arn:aws:securityhub:{region}:{account}:product/{account}/default"
    return f"arn:aws:securityhub:{region}:{account}:hub/default"


def _ecs_resource(operation: str, body: bytes, region: str, account: str) -> str | None:
    """The resource that AWS checks; None leaves it to ministack."""
    if operation in _ON_NO_RESOURCE:
        return "*"
    try:
        request = json.loads(body or b"{}")
    except json.JSONDecodeError:
        return None
    own = f"arn:aws:ecs:{region}:{account}"
    cluster = _short(request.get("cluster"))
    match operation:
        case "UpdateService" | "DeleteService" | "CreateService":
            name = str(request.get("service") or request.get("serviceName") or "")
        case "DescribeServices":
            name = str((request.get("services") or ["*"])[0])
        case "DescribeTasks":
            task = str((request.get("tasks") or ["*"])[0])
            return task if task.startswith("arn:") else f"{own}:task/{cluster}/{task}"
        case "StopTask":
            task = str(request.get("task", "*"))
            return task if task.startswith("arn:") else f"{own}:task/{cluster}/{task}"
        case "RunTask" | "DeleteTaskDefinitions":
            definition = str(request.get("taskDefinition") or (request.get("taskDefinitions") or ["*"])[0])
            return definition if definition.startswith("arn:") else f"{own}:task-definition/{definition}"
        case "TagResource" | "UntagResource" | "ListTagsForResource":
            return str(request.get("resourceArn", "*"))
        case "ListTasks":
            return f"{own}:container-instance/{cluster}/*"
        case _:
            return None
    return name if name.startswith("arn:") else f"{own}:service/{cluster}/{name}"
