"""The SenderId of a message is the id of its sender. ministack records the account for everybody."""

from contextvars import ContextVar
from typing import Any

from local.internals import Ministack

_ID: ContextVar[str] = ContextVar("id", default="")


def install(ministack: Ministack) -> None:
    """Record the id of the present caller with each message."""
    sqs = ministack.sqs
    recorded = sqs._build_send_sys_attrs

    def _build_send_sys_attrs(now: float, sys_attrs_input: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = recorded(now, sys_attrs_input)
        return found | ({"SenderId": _ID.get()} if _ID.get() else {})

    sqs._build_send_sys_attrs = _build_send_sys_attrs
    functions = ministack.lambda_svc
    run = functions._run_sqs_batch

    def _run_sqs_batch(esm: Any, func_rec: Any, event: dict[str, Any], batch: list[dict[str, Any]], *queue: str) -> Any:
        senders = {message["id"]: message["sys"]["SenderId"] for message in batch}
        for record in event["Records"]:
            record["attributes"]["SenderId"] = senders[record["messageId"]]
        return run(esm, func_rec, event, batch, *queue)

    functions._run_sqs_batch = _run_sqs_batch


def note(ministack: Ministack, access_key: str) -> str:
    """Note who makes the present call; returns the ARN."""
    known = ministack.iam_evaluator.resolve_caller_identity(access_key) or {}
    name, _, session = str(known.get("userId", "")).partition(":")
    role = ministack.iam._roles.get(name) if session else None  # a function's session has its role's name for an id
    _ID.set(f"{role['RoleId'] if role else name}:{session}" if session else name)
    return str(known.get("userArn", ""))
