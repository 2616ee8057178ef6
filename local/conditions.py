"""CloudFormation conditions that contain Fn::Split, Fn::Join, Fn::Sub or AWS::Region: ministack resolves none of them.

They are replaced by their values before ministack evaluates the conditions.
"""

import re
from collections.abc import Mapping
from typing import Any

from local.internals import Ministack

_REGION = "AWS::Region"
_VARIABLE = re.compile(r"\$\{([^!}]+)\}")


def install(ministack: Ministack) -> None:
    """Have all of ministack's callers evaluate the resolved conditions."""
    evaluate = ministack.engine._evaluate_conditions

    def evaluated(template: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
        values = {name: given["Value"] for name, given in params.items()}
        values |= {_REGION: ministack.responses.get_region(), "AWS::Partition": "aws"}
        values["AWS::AccountId"] = ministack.responses.get_account_id()
        conditions = {name: _resolved(body, values) for name, body in template.get("Conditions", {}).items()}
        return evaluate({**template, "Conditions": conditions}, params)

    for module in (ministack.engine, ministack.changesets, ministack.handlers, ministack.stacks):
        module._evaluate_conditions = evaluated


def _resolved(body: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(body, list):
        return [_resolved(item, values) for item in body]
    if not isinstance(body, Mapping):
        return body
    match body:
        case {"Fn::Split": [delimiter, text]}:
            return _text(text, values).split(delimiter)
        case {"Fn::Join": [delimiter, items]}:
            return delimiter.join(_items(items, values))
        case {"Ref": name} if name == _REGION:
            return values[_REGION]
        case {"Fn::Sub": str(text)}:
            return _VARIABLE.sub(lambda found: str(values.get(found[1], found[0])), text)
        case _:
            return {name: _resolved(part, values) for name, part in body.items()}


def _text(body: Any, values: Mapping[str, Any]) -> str:
    if isinstance(body, Mapping) and "Ref" in body:
        return str(values.get(body["Ref"], body["Ref"]))
    return str(_resolved(body, values))


def _items(body: Any, values: Mapping[str, Any]) -> list[str]:
    if isinstance(body, Mapping) and "Ref" in body:  # a list parameter, which is one string here
        return [item.strip() for item in _text(body, values).split(",")]
    return [_text(item, values) for item in body]
