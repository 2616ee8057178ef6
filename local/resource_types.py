"""CloudFormation types that ministack rejects, accepted as no-ops so that the unmodified template deploys.

What they do on AWS is not simulated: a composite alarm never changes its state here, an archive keeps nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from local.internals import Ministack

NO_OPS = (
    "AWS::Chatbot::SlackChannelConfiguration",
    "AWS::CloudTrail::Trail",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Config::ConfigRule",
    "AWS::Events::Archive",
    "AWS::Events::EventBusPolicy",
    "AWS::Lambda::CodeSigningConfig",
    "AWS::Logs::QueryDefinition",
    "AWS::SecurityHub::AutomationRule",
    "AWS::SecurityHub::Hub",
    "AWS::XRay::Group",
)


def register(ministack: Ministack) -> None:
    """Add the types to ministack's CloudFormation."""
    handlers = ministack.provisioners._RESOURCE_HANDLERS
    for name in NO_OPS:
        handlers.setdefault(name, _no_op(name))
    # The policy refuses what is not encrypted, and this machine speaks HTTP.
    handlers["AWS::S3::BucketPolicy"] = _no_op("AWS::S3::BucketPolicy")
    handlers["AWS::CloudWatch::Alarm"] = _with_metric_math(handlers["AWS::CloudWatch::Alarm"])


def _with_metric_math(alarm: Mapping[str, Any]) -> Mapping[str, Any]:
    """An alarm on a metric formula is a no-op too; every other one is ministack's own and works."""
    no_op = _no_op("AWS::CloudWatch::Alarm")

    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        return (no_op if props.get("Metrics") else alarm)["create"](logical_id, props, stack_name)

    def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any) -> Any:
        formula = old.get("Metrics") or new.get("Metrics")
        return (no_op if formula else alarm)["update"](physical_id, old, new, *more)

    return {**alarm, "create": create, "update": update}


def _no_op(type_name: str) -> Mapping[str, Callable[..., Any]]:
    def create(logical_id: str, _props: Mapping[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        id_ = f"{stack_name}-{logical_id}"
        return id_, {"Arn": f"arn:aws:local:::{type_name.replace('::', '/').lower()}/{id_}"}

    def update(physical_id: str, *_: Any) -> tuple[str, dict[str, Any]]:
        return physical_id, {}

    def delete(*_: Any) -> None:
        return None

    return {"create": create, "update": update, "delete": delete}
