"""Event rules as strict as EventBridge's own.

The queue's policy must allow the rule, and a path that is not in the event leaves nothing in the message. ministack
delivers without checking the policy, and puts "" for a missing path, where AWS puts nothing, so that the message may
not be JSON.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from local.internals import Ministack

_log = logging.getLogger("outrider.local")


def install(ministack: Ministack) -> None:
    """Add both to ministack's EventBridge."""
    eventbridge = ministack.eventbridge
    invoke, transform = eventbridge._invoke_target, eventbridge._apply_input_transformer

    def _invoke_target(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> None:
        arn, source = str(target.get("Arn", "")), str(rule.get("Arn", ""))
        account = ministack.responses.get_account_id()
        scheduled = (
            isinstance(event, Mapping) and event.get("Source") == "aws.scheduler"
        )  # sends with a role of its own
        if (
            ":sqs:" in arn
            and not scheduled
            and not ministack.sqs.queue_policy_allows(arn, "events.amazonaws.com", source, account)
        ):
            _log.error("The policy of %s does not let the event rule %s send to it: event dropped.", arn, source)
            return
        invoke(target, event, rule, view)

    def _apply_input_transformer(transformer: Mapping[str, Any], rule: Any, view: Any) -> str:
        event, template = view.event_with_detail(), str(transformer.get("InputTemplate", ""))
        for variable, path in (transformer.get("InputPathsMap") or {}).items():
            if not _stands(event, str(path)):
                template = template.replace(f"<{variable}>", "")
            elif "[" in path:  # ministack does not support indexes
                template = _with_value(template, str(variable), _value(event, str(path)))
        rendered: str = transform({**transformer, "InputTemplate": template}, rule, view)
        return rendered

    eventbridge._invoke_target = _invoke_target
    eventbridge._apply_input_transformer = _apply_input_transformer


def _with_value(template: str, variable: str, value: Any) -> str:
    """Replace the variable by the value: as text within a string, as JSON elsewhere."""

    def put(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith('"'):
            return token.replace(f"<{variable}>", str(value))
        return json.dumps(value)

    return re.sub(rf'"(?:\\.|[^"\\])*"|<{re.escape(variable)}>', put, template)


def _stands(event: Any, path: str) -> bool:
    """Whether a path such as `$.detail.service` or `$.resources[0]` is in the event. A null counts as present."""
    try:
        _value(event, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _value(event: Any, path: str) -> Any:
    for part in path.removeprefix("$").replace("[", ".").replace("]", "").split("."):
        if part:
            event = event[int(part)] if isinstance(event, list) else event[part]
    return event
