"""Print template.yaml as CloudFormation sees it, for linters that do not know SAM: as JSON, without its code.

YAML's merge keys are resolved and the transform is applied. Nothing is read from AWS.
"""

import json
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
CODE = "s3://bucket/key"  # the transform takes no local path


class NoManagedPolicies:
    """The names of AWS's managed policies; the template has none."""

    def load(self) -> dict[str, str]:
        """Return none."""
        return {}


def expanded() -> Any:
    """Return the template after the transform."""
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = CODE
    return transform(template, {}, NoManagedPolicies())


if __name__ == "__main__":
    json.dump(expanded(), sys.stdout, indent=1)
