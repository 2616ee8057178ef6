"""The templates as data: resources, statements, and the calls that the code behind each function makes."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
TEMPLATE = ROOT / "template.yaml"
# Calls that IAM checks under another name, or in addition to their own.
ASKED_AS = {
    "dynamodb:TransactWriteItems": set(),
    "ecs:RegisterTaskDefinition": {"ecs:RegisterTaskDefinition", "ecs:TagResource", "iam:PassRole"},
    "s3:GetObject": {"s3:GetObject", "kms:Decrypt"},
    "secretsmanager:GetSecretValue": {"secretsmanager:GetSecretValue", "kms:Decrypt"},
    "ssm:GetParameter": {"ssm:GetParameter", "kms:Decrypt"},
    "ssm:GetParameters": {"ssm:GetParameters", "kms:Decrypt"},
    "sts:GetCallerIdentity": set(),
}


# Which adapters' methods a use case calls. A method of an adapter that is missing here fails the first test.
CALLED = {
    "ApproveFunction": {
        "ledger/subjects": {"history"},
        "channels": {"send"},
    },
    "DispatchFunction": {
        "sessions": {"client"},
        "roles": {"with_policy"},
        "ledger/dependents": {"of"},
        "ledger/fan_outs": {"of", "keep"},
        "channels": {"send_each"},
    },
    "InspectFunction": {
        "sessions": {"reach"},
        "ecs": {"task_definition", "service", "running_tasks", "described", "tasks_by_id"},
        "roles": {"fact"},
        "role_list": {"*"},
        "parameters": {"fact", "read_document"},
        "log_groups": {"fact"},
        "security_hub": {"*"},
        "ledger/subjects": {
            "*",
            "-everywhere",
            "-open_rows",
            "-open_by_address",
            "-records",
        },
        "ledger/accounts": {"of", "exemptions_in", "keep_exemptions"},
        "ledger/dependents": {"of"},
        "ledger/table": {"write_all"},
        "ledger/revisions": {"*"},
        "ledger/notices": {"*"},
        "ledger/runs": {"cover"},
        "ledger/standards": {"last", "keep"},
        "channels": {"publish", "publish_each", "send_each", "send_all"},
    },
    "RemediateFunction": {
        "sessions": {"reach"},
        "ecs": {"task_definition", "register", "deregister", "service", "running_tasks", "update"},
        "roles": {"fact"},
        "parameters": {"fact", "read_document", "why_off"},
        "log_groups": {"fact"},
        "security_hub": {"suppressed"},
        "ledger/subjects": {"history"},
        "ledger/accounts": {"of"},
        "ledger/stages": {"accounts", "verified", "failed", "release"},
        "ledger/attempts": {"write", "registered", "release", "tried", "answer"},
        "ledger/limits": {"claim", "full"},
        "ledger/standards": {"last"},
        "ledger/notices": {"*"},
        "callers": {"has_id"},
        "channels": {"publish", "send_all"},
    },
    "SlackFunction": {
        "parameters": {"read_secret"},
        "channels": {"hide", "publish"},
        "ledger/threads": {"*"},
    },
    "SweepFunction": {
        "sessions": {"client"},
        "ecs": {"families", "newest", "clusters", "services", "tasks"},
        "objects": {"get", "put"},
        "organizations": {"*"},
        "ledger/subjects": {"everywhere", "open_by_address", "open_rows"},
        "ledger/accounts": {"keep", "exemptions_of"},
        "ledger/runs": {"*", "-cover"},
        "ledger/overviews": {"of_all"},
        "ledger/attempts": {"dues"},
        "ledger/health": {"*"},
        "ledger/notices": {"*"},
        "ledger/standards": {"last"},
        "parameters": {"read_document"},
        "security_hub": {"suppressed", "all_suppressed", "import_"},
        "stack_health": {"*"},
        "stacks": {"stack"},
        "channels": {"send", "send_all", "depth", "publish"},
    },
}


class _Loader(yaml.CSafeLoader):
    """Short forms of intrinsic functions as mappings."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def template(path: Path = TEMPLATE) -> Any:
    text = path.read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a safe one


def of_type(kind: str, path: Path = TEMPLATE) -> dict[str, Any]:
    found = {name: resource for name, resource in template(path)["Resources"].items() if resource["Type"] == kind}
    assert found, kind
    return found


def statements(role: str, condition: str = "", path: Path = TEMPLATE) -> Iterator[dict[str, Any]]:
    """All of them, or those that hold where a condition of the template does and no other."""
    for policy in template(path)["Resources"][role]["Properties"].get("Policies", ()):
        for entry in policy["PolicyDocument"]["Statement"]:
            taken = entry.get("Fn::If")
            if taken and condition in {"", taken[0]}:
                yield from (part for part in taken[1:] if "Effect" in part)
            elif not taken:
                yield entry


def every_statement() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of each role of the stack and of a member, as `FILE-ROLE-SID`; branches of an If may share it."""
    for path in (TEMPLATE, ROOT / "member.yaml"):
        for role in of_type("AWS::IAM::Role", path):
            for statement in statements(role, path=path):
                yield f"{path.stem}-{role}-{statement['Sid']}", statement


def actions(statement: dict[str, Any]) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


@cache
def calls_of(module: str) -> dict[str, set[str]]:
    """Method → the calls that it makes by `calling("service:Action", …)`, itself or by methods that it uses."""
    own = functions = _functions(module)
    if module.startswith("ledger/"):  # the table's own methods, whose names others have too
        functions = own | _functions("ledger/table")
    return {name: set(_calls(node, functions, {name} if own is functions else set())) for name, node in own.items()}


@cache
def _functions(module: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((SRC / "aws" / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _calls(node: ast.FunctionDef, functions: dict[str, ast.FunctionDef], seen: set[str]) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Dict):  # an item of a transaction, which IAM asks for by itself
            names = {str(key.value) for key in part.keys if isinstance(key, ast.Constant)}
            yield from (f"dynamodb:{name}Item" for name in names & {"ConditionCheck", "Delete", "Put", "Update"})
        if not isinstance(part, ast.Call):
            continue
        name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
        if name == "calling" and isinstance(part.args[0], ast.Constant):
            yield str(part.args[0].value)
        elif name in functions and name not in seen:
            yield from _calls(functions[name], functions, seen | {node.name})


def reachable(function: str) -> set[str]:
    found = set[str]()
    for module, methods in CALLED[function].items():
        calls = calls_of(module)
        without = {method.removeprefix("-") for method in methods if method.startswith("-")}
        named = (calls.keys() - without) if "*" in methods else methods
        for method in named:
            found |= calls[method]
    return found


def needed(function: str) -> set[str]:
    calls = reachable(function)
    return {action for call in calls for action in ASKED_AS.get(call, {call})}
