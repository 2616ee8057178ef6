"""Member accounts: events from their buses to another account's, and the caller of a role as its trust policy names it.

ministack drops an event for a bus of another account, keeps no policy that CloudFormation gives a bus, names a rule on
a bus otherwise than CloudFormation, and compares `aws:PrincipalArn` with the ARN of the session instead of the role's.
"""

import logging
from collections.abc import Mapping
from typing import Any

from local.internals import Ministack

_log = logging.getLogger("outrider.local")


def install(ministack: Ministack) -> None:
    """Add all of it to ministack."""
    _install_buses(ministack)
    _install_rules(ministack)
    _install_principals(ministack)


def _install_buses(ministack: Ministack) -> None:
    eventbridge, handlers = ministack.eventbridge, ministack.provisioners._RESOURCE_HANDLERS
    own, bus = eventbridge._dispatch_to_event_bus, handlers["AWS::Events::EventBus"]

    def with_policy(made: tuple[str, Any], props: Mapping[str, Any]) -> tuple[str, Any]:
        eventbridge._event_bus_policies[made[0]] = props.get("Policy") or {}
        return made

    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        return with_policy(bus["create"](logical_id, props, stack_name), props)

    def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any, **given: Any) -> Any:
        return with_policy(bus["update"](physical_id, old, new, *more, **given), new)

    def deliver(spec: Any, event: Mapping[str, Any], rule: Any, event_path: Any, payload: Any = None) -> None:
        place = (spec.account_id, spec.region)
        if place == (ministack.responses.get_account_id(), ministack.responses.get_region()):
            own(spec, event, rule, event_path, payload)
            return
        sender, name = str(event["Account"]), spec.resource.partition("/")[2]
        with ministack.responses.request_scope(*place):
            policy = eventbridge._event_bus_policies.get(name) or {}
            if name not in eventbridge._event_buses or not _accepts(policy, sender):
                _log.error(
                    "The bus %s of %s does not accept events of %s: event dropped.", name, spec.account_id, sender
                )
                return
            # The envelope stays: account and region are the sender's.
            eventbridge._dispatch_event({**event, "EventBusName": name})

    handlers["AWS::Events::EventBus"] = {**bus, "create": create, "update": update}
    eventbridge._dispatch_to_event_bus = deliver


def _accepts(policy: Mapping[str, Any], sender: str) -> bool:
    """Whether a bus's policy lists an account. Organizations are not modelled: "*" accepts every account."""
    for statement in policy.get("Statement", ()):
        principal = statement.get("Principal")
        listed = principal.get("AWS", ()) if isinstance(principal, Mapping) else principal
        accounts = [each.strip() for each in listed.split(",")] if isinstance(listed, str) else list(listed)
        if statement["Effect"] == "Allow" and {"*", sender} & set(accounts):
            return True
    return False


def _install_rules(ministack: Ministack) -> None:
    """Name a rule `bus|rule`, unless it is on the default bus."""
    handlers = ministack.provisioners._RESOURCE_HANDLERS
    rule = handlers["AWS::Events::Rule"]

    def named(made: tuple[str, Any], props: Mapping[str, Any]) -> tuple[str, Any]:
        bus = str(props.get("EventBusName", "default")).rpartition("/")[2]
        return (made[0] if bus == "default" else f"{bus}|{made[0]}"), made[1]

    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        return named(rule["create"](logical_id, props, stack_name), props)

    def update(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any, **given: Any) -> Any:
        return named(rule["update"](physical_id.rpartition("|")[2], old, new, *more, **given), new)

    def delete(physical_id: str, props: Mapping[str, Any]) -> None:
        rule["delete"](physical_id.rpartition("|")[2], props)

    handlers["AWS::Events::Rule"] = {**rule, "create": create, "update": update, "delete": delete}


def _install_principals(ministack: Ministack) -> None:
    evaluator, roles = ministack.iam_evaluator, ministack.iam._roles
    resolve = evaluator._resolve_condition_key

    def resolved(key: str, ctx: Any) -> Any:
        _, found, session = str(ctx.principal_arn).partition(":assumed-role/")
        if key.lower() != "aws:principalarn" or not found:
            return resolve(key, ctx)
        role = roles.get_scoped(ctx.principal_account, None, session.partition("/")[0])
        return role["Arn"] if role else ctx.principal_arn

    evaluator._resolve_condition_key = resolved
