"""Everything of ministack that the launcher depends on, named in one place and checked before anything is served.

ministack is pinned because these are its internals, not its interface. When one changes, the launcher stops with a
sentence that names it, instead of serving an AWS that no longer publishes events or enforces roles.
"""

import importlib
import importlib.metadata
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

VERSION = "1.5.33"

# module -> attribute -> the parameters that the launcher passes or receives; None where it is not a function.
INTERNALS: Mapping[str, Mapping[str, tuple[str, ...] | None]] = {
    "ministack.app": {
        "app": ("scope", "receive", "send"),
        "AUTH": None,
        "SERVICE_HANDLERS": None,
        "_dispatch_service_request": ("method", "path", "headers", "body", "query_params", "request_id"),
        "_routing_params": ("method", "path", "headers", "body", "query_params"),
    },
    "ministack.core.iam_actions": {
        "SERVICE_TO_IAM_NAMESPACE": None,
        "_BOTOCORE_SERVICE_MAP": None,
        "_REST_ROUTE_CACHE": None,
        "_TAG_OPERATIONS": None,
        "_UNSIGNED_OPERATIONS": None,
        "_compile_uri": ("uri_pattern",),
        "_SERVICE_PROTOCOL": None,
        "access_denied_response": ("service", "action", "principal_arn", "request_id"),
        "extract_iam_action": ("service", "method", "path", "headers", "body", "query_params"),
        "extract_resource_arn": (
            "service",
            "method",
            "path",
            "headers",
            "body",
            "query_params",
            "region",
            "account_id",
        ),
    },
    "ministack.core.iam_evaluator": {
        "AuthError": None,
        "_resolve_condition_key": ("key", "ctx"),
        "enforce": ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
        "resolve_caller_identity": ("access_key_id",),
    },
    "ministack.core.lambda_runtime": {"subprocess": None, "zipfile": None},
    "ministack.core.responses": {
        "get_account_id": (),
        "get_region": (),
        "request_scope": ("account_id", "region"),
    },
    "ministack.core.router": {
        "SERVICE_PATTERNS": None,
        "detect_service": ("method", "path", "headers", "query_params"),
        "extract_access_key_id": ("headers", "query_params"),
    },
    "ministack.services.cloudformation": {"_stacks": None},
    "ministack.services.cloudformation.changesets": {"_evaluate_conditions": ("template", "params")},
    "ministack.services.cloudformation.engine": {"_evaluate_conditions": ("template", "params")},
    "ministack.services.cloudformation.stacks": {"_evaluate_conditions": ("template", "params")},
    "ministack.services.cloudformation.handlers": {"_evaluate_conditions": ("template", "params")},
    "ministack.services.cloudformation.provisioners": {
        "_NAME_SEED": None,
        "_RESOURCE_HANDLERS": None,
        "_physical_name": ("stack_name", "logical_id"),
    },
    "ministack.services.ecs": {
        "_circuit_breaker_threshold": ("svc",),
        "_complete_service_deployment": ("cluster_name", "svc_key", "expected_deployment_id"),
        "_get_docker": (),
        "_make_deployment": ("task_definition", "desired_count", "status"),
        "_mark_task_stopped": ("task_arn", "task", "reason", "stop_code", "exit_code"),
        "_primary_deployment": ("svc",),
        "_reconcile_service_tasks": ("cluster_name", "svc_key"),
        "_refresh_service_state": ("cluster_name", "group"),
        "_resolve_td_key": ("ref",),
        "_run_task": ("data",),
        "_sanitize": ("obj",),
        "_services": None,
        "_task_defs": None,
        "_tasks": None,
    },
    "ministack.services.eventbridge": {
        "_apply_input_transformer": ("transformer", "rule", "view"),
        "_dispatch_event": ("event", "view"),
        "_dispatch_to_event_bus": ("spec", "event", "rule", "event_path", "target_input_payload"),
        "_event_bus_policies": None,
        "_event_buses": None,
        "_invoke_target": ("target", "event", "rule", "view"),
        "_put_events": ("data", "allow_aws_source"),
    },
    "ministack.services.iam": {"_roles": None},
    "ministack.services.lambda_svc": {
        "_run_sqs_batch": ("esm", "func_rec", "event", "batch", "queue_url", "queue_name")
    },
    "ministack.services.scheduler": {"_schedule_last_fired": None, "_schedules": None, "_tick_schedules": ()},
    "ministack.services.sqs": {
        "_Err": ("code", "message", "status"),
        "_HANDLERS": None,
        "_queues": None,
        "_queues_lock": None,
        "_build_send_sys_attrs": ("now", "sys_attrs_input"),
        "queue_policy_allows": ("queue_arn", "service", "source_arn", "source_account"),
    },
    "ministack.services.ssm": {"_parameters": None, "_param_arn": ("name",)},
    "ministack.services.sts": {"_sessions": None},
}


class InternalsMoved(Exception):
    """The installed ministack is not the one that the launcher was written for. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Ministack:
    """The modules, checked. Their attributes are those of `INTERNALS` and no others."""

    app: Any
    iam_actions: Any
    iam_evaluator: Any
    lambda_runtime: Any
    responses: Any
    router: Any
    cloudformation: Any
    changesets: Any
    engine: Any
    stacks: Any
    handlers: Any
    provisioners: Any
    ecs: Any
    eventbridge: Any
    iam: Any
    lambda_svc: Any
    scheduler: Any
    sqs: Any
    ssm: Any
    sts: Any


def load() -> Ministack:
    """Import ministack and check it. Raises InternalsMoved."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        raise InternalsMoved(
            f"The local cloud is written against ministack {VERSION}, and this environment has {found}. Install "
            "the pinned one (`make venvs`), or go through local/internals.py for the new one."
        )
    modules: dict[str, ModuleType] = {}
    for path, attributes in INTERNALS.items():
        try:
            module = importlib.import_module(path)
        except ImportError as error:
            raise _moved(path, f"cannot be imported ({error})") from error
        for name, wanted in attributes.items():
            _check(module, path, name, wanted)
        modules[path.rsplit(".", 1)[-1]] = module
    return Ministack(**modules)


def _check(module: ModuleType, path: str, name: str, wanted: tuple[str, ...] | None) -> None:
    if not hasattr(module, name):
        raise _moved(f"{path}.{name}", "is no longer there")
    if wanted is None:
        return
    has = tuple(inspect.signature(getattr(module, name)).parameters)
    if has[: len(wanted)] != wanted:
        raise _moved(f"{path}.{name}", f"takes ({', '.join(has)}) where ({', '.join(wanted)}) is expected")


def _moved(what: str, how: str) -> InternalsMoved:
    return InternalsMoved(
        f"ministack's internals have moved: {what} {how}. The local cloud depends on it: pin ministack {VERSION}, "
        "or go through local/internals.py for the new release."
    )
