"""Which tool owns a task definition, and so where to change it."""

from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.triggers.actor import Actor

_STACK = "aws:cloudformation:stack-name"
_COPILOT = ("copilot-application", "copilot-environment", "copilot-service")
# Tag keys, without punctuation, with which people name the tool that made something.
_SAYS_WHICH = frozenset({"createdby", "deployedby", "iac", "iactool", "managedby", "provisionedby", "provisioner"})
_NAMED = {
    "aws-cdk": "CDK", "cdk": "CDK", "cloudformation": "CloudFormation", "ecspresso": "ecspresso",
    "opentofu": "OpenTofu", "pulumi": "Pulumi", "sam": "CloudFormation", "terraform": "Terraform",
}  # fmt: skip
_OWNERS = frozenset(_NAMED.values()) | {"CodeDeploy", "CodePipeline"}
_IN_STACKS = frozenset({"CDK", "CloudFormation"})


def owner_of(task: TaskDefinition, actor: Actor | None = None) -> str:
    """Return the owner's name: `CloudFormation (stack shop)`; "" if nothing reliable names it.

    `actor` is who registered the revision. The order: tags that only CloudFormation can set (task definitions have them
    only sometimes), Copilot's tags, the user agent, and last the author's tags, which may be old: a pipeline that
    copies a revision copies its tags.
    """
    tags = task.tags
    if tags.get(_COPILOT[0]):
        named = [tags[key] for key in _COPILOT if tags.get(key)]
        return f"Copilot ({'/'.join(named)})"
    by_agent = actor.tool if actor is not None and actor.tool in _OWNERS else ""
    if tags.get(_STACK):
        cdk = by_agent == "CDK" or any(key.lower().startswith(("aws:cdk", "aws-cdk")) for key in tags)
        return f"{'CDK' if cdk else 'CloudFormation'} (stack {tags[_STACK]})"
    return by_agent or _as_tags_say(task)


def stack_of(service: Service) -> str:
    """Return the owner of a service, as the tag says that only CloudFormation can set; "" without it."""
    stack = service.tags.get(_STACK)
    return f"CloudFormation (stack {stack})" if stack else ""


def _as_tags_say(task: TaskDefinition) -> str:
    for key, value in task.tags.items():
        said = value.strip().lower()
        plain = "".join(letter for letter in key.lower().rpartition(":")[2] if letter.isalnum())
        if plain in _SAYS_WHICH and said in _NAMED:
            return f"{_NAMED[said]} (as its tag {key} says)"
        if plain in {"terraform", "opentofu", "pulumi"} and said in {"true", "yes", "1"}:
            return f"{_NAMED[plain]} (as its tag {key} says)"
    return ""


def owner_forms() -> dict[str, tuple[str, ...]]:
    """Return the forms of the names that `owner_of` gives, by tool; `*` stands for any text. The shortest is first."""
    forms = dict[str, tuple[str, ...]]()
    for name in sorted(_OWNERS):
        details = ["stack *"] if name in _IN_STACKS else []
        if name in _NAMED.values():
            details.append("as its tag * says")
        forms[name] = (name, *(f"{name} ({detail})" for detail in details))
    return forms | {"Copilot": ("Copilot (*)",)}
