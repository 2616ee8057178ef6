"""Each function, and each person by the policies of the docs, may do what the code calls and no more."""

import json
import re

import pytest

from cli.policy import SCAN
from tests.templates import (
    ASKED_AS,
    CALLED,
    ROOT,
    SRC,
    actions,
    calls_of,
    needed,
    statements,
)

# What a function's event source and log do in its name, without a line of Outrider's.
BY_THE_PLATFORM = {
    "logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
}  # fmt: skip


# What the organisation's key and VPC need, in every function alike.
SHARED = frozenset({"UseKey", "UseVpc"})


MODULES = (
    "callers", "channels", "ecs", "ledger/accounts", "ledger/attempts", "ledger/dependents", "ledger/fan_outs",
    "ledger/health", "ledger/limits", "ledger/notices", "ledger/overviews", "ledger/revisions", "ledger/runs",
    "ledger/stages", "ledger/standards", "ledger/subjects", "ledger/threads", "log_groups",
    "objects", "organizations", "parameters", "role_list", "roles", "security_hub", "stack_health",
)  # fmt: skip


@pytest.mark.parametrize("function", sorted(CALLED))
def test_a_function_may_do_what_its_code_calls_and_no_more(function: str) -> None:
    role = function.replace("Function", "Role")
    own = [statement for statement in statements(role) if statement["Sid"] not in SHARED]
    granted = {action for statement in own for action in actions(statement)} - BY_THE_PLATFORM
    if function == "SweepFunction":
        granted |= {"sqs:GetQueueAttributes"}
        granted -= {"s3:ListBucket"}  # no call: it decides what S3 answers where an object does not exist
    assert granted == needed(function)


def test_every_method_of_an_adapter_is_somebodys() -> None:
    for module in MODULES:
        public = {name for name in calls_of(module) if not name.startswith("_") and calls_of(module)[name]}
        named = {m for called in (*CALLED.values(), ASKING, SCANNING, STATUS) for m in called.get(module, set())}
        assert "*" in named or public == named, module


def test_the_use_cases_call_what_the_table_says() -> None:
    """The table above is read off the source: each method that it names is in a use case's own modules."""
    of = {
        "ApproveFunction": ["approving.py", "wiring/approve.py"],
        "DispatchFunction": ["inspection/dispatching.py", "inspection/merging.py", "wiring/dispatch.py"],
        "InspectFunction": ["inspection/*.py", "wiring/inspect.py"],
        "RemediateFunction": ["remediation/*.py", "wiring/remediate.py"],
        "SlackFunction": ["notification/*.py", "wiring/slack.py"],
        "SweepFunction": ["sweep/*.py", "health.py", "remediation/resuming.py", "wiring/sweep.py"],
    }
    shared = "".join(
        (SRC / "operations" / f"{name}.py").read_text()
        for name in ("account_standards", "evaluation", "facts", "owners", "planning", "standards")
    )
    for function, patterns in of.items():
        handler = (SRC / "handlers" / f"{function.removesuffix('Function').lower()}.py").read_text()
        own = (path for pattern in patterns for path in (SRC / "operations").glob(pattern))
        source = handler + "".join(path.read_text() for path in own) + shared
        for module, methods in CALLED[function].items():
            if module == "sessions":  # other adapters make its clients too
                continue
            for method in methods:
                assert method.startswith(("*", "-")) or re.search(rf"\b{method}\(", source), (function, method)


ASKING = {
    "stacks": {"stack"},
    "parameters": {"turn", "why_off"},
    "ledger/subjects": {"history"},
    "ledger/attempts": {"dues", "quarantined", "stopped"},
    "channels": {"send"},
}


def test_the_policy_for_people_allows_what_their_commands_call_and_no_more() -> None:
    source = "".join((SRC / "cli" / name).read_text(encoding="utf-8") for name in ("client.py", "deployed.py"))
    called = set(
        re.findall(r"\b(?:self\.ledger(?:\.attempts)?|self\.remediations|self\.switch|Stacks\(aws\))\.(\w+)\(", source)
    )
    assert called == {method for methods in ASKING.values() for method in methods}
    page = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- policy -->\n```json\n(.*?)```\n<!-- /policy -->", page, re.DOTALL)
    assert shown is not None
    granted = json.loads(shown[1])["Statement"]
    needed = {call for module, methods in ASKING.items() for method in methods for call in calls_of(module)[method]}
    assert {action for statement in granted for action in actions(statement)} == needed
    assert all(statement["Resource"] != "*" for statement in granted)


SCANNING = {
    "ecs": {
        "clusters",
        "services",
        "families",
        "described",
        "tasks",
        "task_definition",
    },
    "roles": {"fact"},
    "role_list": {"find"},
    "parameters": {"facts"},
    "log_groups": {"listed", "fact"},
}


def test_the_policy_of_a_scan_allows_what_it_calls_and_no_more() -> None:
    needed = {call for module, methods in SCANNING.items() for method in methods for call in calls_of(module)[method]}
    assert {action for each in SCAN for action in each.actions} == needed


CORRECTING = {
    "stacks": {"stack"},
    "ledger/subjects": {"history"},
    "ecs": {"task_definition", "service", "running_tasks", "register", "update"},
    "roles": {"fact"},
    "parameters": {"fact", "read_document"},
    "log_groups": {"fact"},
}


def test_the_policy_for_who_corrects_by_hand_allows_what_the_command_calls_and_no_more() -> None:
    page = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- policy of correct -->\n```json\n(.*?)```\n<!-- /policy -->", page, re.DOTALL)
    assert shown is not None
    calls = {call for module, methods in CORRECTING.items() for method in methods for call in calls_of(module)[method]}
    needed = {action for call in calls for action in ASKED_AS.get(call, {call})}
    granted = [action for statement in json.loads(shown[1])["Statement"] for action in actions(statement)]
    assert {*granted, "s3:GetObject"} == needed


STATUS = {
    "stacks": {"stack"},
    "ledger/accounts": {"exemptions"},
    "ledger/overviews": {"of_all"},
    "ledger/health": {"run"},
    "ledger/runs": {"last"},
    "ledger/stages": {"accounts", "current"},
    "objects": {"get"},
    "parameters": {"read", "read_document", "why_off"},
}


def test_the_policy_for_the_status_allows_what_the_command_calls_and_no_more() -> None:
    page = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- policy of status -->\n```json\n(.*?)```\n<!-- /policy -->", page, re.DOTALL)
    assert shown is not None
    calls = {call for module, methods in STATUS.items() for method in methods for call in calls_of(module)[method]}
    needed = {action for call in calls for action in ASKED_AS.get(call, {call})}
    granted = {action for statement in json.loads(shown[1])["Statement"] for action in actions(statement)}
    assert granted == needed
