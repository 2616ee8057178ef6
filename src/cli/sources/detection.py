"""Find by its content what kind of source a text is. The readers are loaded only for what they read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from cli.sources import task_definitions
from cli.sources.definition import File
from cli.sources.documents import of_documents
from cli.sources.json_text import content_of, node_of
from cli.sources.nodes import Node
from cli.texts import STDIN, Text, read, shown
from cli.unusable import NoDefinition, Unusable

ENDINGS = (".json", ".jsonc", ".jsonnet", ".yaml", ".yml", ".template", ".tf")
"""Those of the files that are read in a folder."""
_TERRAFORM = re.compile(r'^resource\s+"aws_ecs_task_definition"', re.MULTILINE)
_ABOUT_TASKS = re.compile(
    r"[cC]ontainerDefinitions|[rR]equiresCompatibilities|AWS::ECS::TaskDefinition|aws_ecs_task_definition"
    r"|\b(?:portMappings|mountPoints|logConfiguration|firelensConfiguration)\b"
    r"|^type:\s*[\"']?(?:Load Balanced Web Service|Backend Service|Worker Service|Scheduled Job)",
    re.MULTILINE,
)
_TEXTS_OF_JSON = (".json", ".jsonc")
_TEXTS_OF_YAML = (".yaml", ".yml")


class Reader:
    """Reads files, and what several of them share only once."""

    def file(self, name: str) -> File:
        """Return the task definitions of a file; raise Unusable if it has none or cannot be read."""
        return self.text(read(name))

    def text(self, given: Text) -> File:
        """Return the task definitions of a text; raise Unusable if it has none or cannot be parsed."""
        text = given.text
        if given.name.lower().endswith(".tf") or (given.name == STDIN and _TERRAFORM.search(text)):
            return self._terraform(given)
        if given.name.lower().endswith(".jsonnet"):
            from cli.sources import jsonnet  # noqa: PLC0415 - only for Jsonnet

            return jsonnet.of_file(given)
        json = _is_json(given.name, text)
        if "{{" in text:
            from cli.sources import ecspresso  # noqa: PLC0415 - only for templates of ecspresso

            if (by := ecspresso.filled(given, json=json)) is not None:
                made = replace(given, text=by.text)
                if json:
                    return ecspresso.of_document(given, node_of(content_of(by.text, shown(given.name))[1]), by)
                return of_documents(given, _documents(made), lambda root: ecspresso.of_document(given, root, by))
        if json:
            return self._of_json(given)
        return of_documents(given, _documents(given), lambda root: _of_yaml(given, root))

    def _of_json(self, given: Text) -> File:
        content, plain = content_of(given.text, shown(given.name))
        if is_template(content):
            from cli.sources import cloudformation  # noqa: PLC0415 - only for a template

            return cloudformation.of_template(given, node_of(plain))
        if isinstance(content, dict) and "planned_values" in content:
            from cli.sources import terraform_plan  # noqa: PLC0415 - only for a plan

            return terraform_plan.of_plan(given, node_of(plain))
        named = given.name.lower().endswith(".tf.json")
        if isinstance(content, dict) and (named or "resource" in content):
            from cli.sources import hcl_json  # noqa: PLC0415 - only for Terraform

            if named or hcl_json.is_terraform(content):
                return self._terraform(given)
        return task_definitions.of_json(given, content, plain)

    @cached_property
    def _terraform(self) -> Callable[[Text], File]:
        from cli.sources import terraform  # noqa: PLC0415 - only for Terraform

        return terraform.Modules().file


def read_file(name: str) -> File:
    """Return the task definitions of one file; raise Unusable if it has none or cannot be read."""
    return Reader().file(name)


def _is_json(name: str, text: str) -> bool:
    if name.lower().endswith(_TEXTS_OF_JSON) or not text.strip():
        return True
    return not name.lower().endswith(_TEXTS_OF_YAML) and text.lstrip().startswith(("{", "[", "//", "/*"))


def _documents(given: Text) -> Sequence[tuple[int, Node]]:
    from cli.sources import yaml_text  # noqa: PLC0415 - JSON does not need it

    name = shown(given.name)
    try:
        return [*yaml_text.documents_of(given.text)]
    except yaml_text.NotYaml as error:
        place = f"line {error.line}, column {error.column}"
        raise Unusable(f"{name}, {place}: not YAML ({error}). Correct it there.") from None


def _of_yaml(given: Text, root: Node) -> File:
    if is_template(root.value):
        from cli.sources import cloudformation  # noqa: PLC0415 - only for a template

        return cloudformation.of_template(given, root)
    if root.parts is None:
        raise NoDefinition(f"{shown(given.name)} is not a task definition.")
    if "type" in root.value and "name" in root.value:
        from cli.sources import copilot  # noqa: PLC0415 - only for Copilot

        if copilot.is_manifest(root.value):
            return copilot.of_manifest(given, root)
    return task_definitions.of_yaml(given, root)


def is_about_tasks(text: str) -> bool:
    """Return whether a text that cannot be read seems to have a task definition in it."""
    return _ABOUT_TASKS.search(text) is not None


def is_template(content: Any) -> bool:
    """Return whether a document is a template of CloudFormation: it has resources with types of AWS."""
    resources = content.get("Resources") if isinstance(content, dict) else None
    return isinstance(resources, dict) and any(
        isinstance(each, dict) and str(each.get("Type", "")).startswith("AWS::") for each in resources.values()
    )
