"""`outrider doctor`: whether a deployed stack can work, with a command for what does not."""

import json
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from aws.sessions import Sessions
from aws.stacks import Stacks
from cli.confirmation import sentences
from cli.exits import FAILING, WELL
from cli.failures import NO_REGION, RequestFailed, failures_as_sentences
from cli.policy import READ_ONLY, policy_of
from domain.health.row import State
from domain.places import Place
from operations.health import Doctor, Examined
from operations.notification.trying import try_token
from reports.health import as_json, sentence
from reports.health_fixes import fix
from rules import CATALOGUE
from settings import first_set

_POLICY = "`outrider doctor --policy` prints the policy that this command needs."


def doctor(
    *,
    stack: Annotated[str, Parameter(metavar="NAME")] = "outrider",
    region: Annotated[str, Parameter(metavar="REGION")] = "",
    format: Literal["table", "json"] = "table",  # noqa: A002 - the option's name
    policy: bool = False,
) -> int:
    """Check a deployed stack; return the exit code.

    Parameters
    ----------
    stack
        The stack's name (default: outrider).
    region
        The stack's region (default: that of your AWS configuration).
    format
        A table for people, JSON for programs.
    policy
        Only print the IAM policy that this command needs, and call nothing.
    """
    if policy:
        print(json.dumps(policy_of(READ_ONLY, stack, region), indent=2))
        return WELL
    with sentences(("--region", region) if region else first_set("AWS_REGION", "AWS_DEFAULT_REGION")):
        examined = _examined(stack, region)
    if format == "json":
        print(json.dumps(_as_json(examined), indent=2, ensure_ascii=False))
    else:
        _as_table(examined)
    return FAILING if any(row.state is State.FAILING for row in examined.rows) else WELL


def _examined(name: str, region: str) -> Examined:
    aws = Sessions(region=region or None)
    with failures_as_sentences(_POLICY):
        if not aws.region:
            raise RequestFailed(NO_REGION)
        place = Place(aws.account, aws.region)
        found = Stacks(aws).stack(name)
    if found is None:
        raise RequestFailed(
            f"There is no stack {name} in {place.region}. Name it with --stack, and its region with --region."
        )
    if "LedgerTable" not in found.outputs:
        raise RequestFailed(f"The stack {name} is not Outrider's: it has no output LedgerTable.")
    return _doctor(aws, place).examine(name, found)


def _doctor(aws: Sessions, place: Place) -> Doctor:
    return Doctor(aws, place, CATALOGUE, lambda location: try_token(aws, location))


def _as_json(examined: Examined) -> dict[str, Any]:
    facts = examined.facts
    rows = [as_json(row, facts) for row in examined.rows]
    return {"account": facts.place.account, "region": facts.place.region, "stack": facts.stack, "checks": rows}


def _as_table(examined: Examined) -> None:
    from rich.text import Text  # noqa: PLC0415 - see cli.terminal.console

    from cli.terminal import console, line, wrapped  # noqa: PLC0415 - as above

    out, checks = console(), max(len(row.check) for row in examined.rows)
    for row in examined.rows:
        head = Text.assemble((f"{row.state:<9}", _style(row.state)), (f"{row.check:<{checks}}", "bold"), "  ")
        wrapped(out, Text.assemble(head, line(sentence(row))), hanging=len(head))
        if row.state is not State.OK and (command := fix(row, examined.facts)):
            # Not folded, so that it can be copied.
            out.print(Text(f"{'':<9}{line(command)}", style="cyan"), soft_wrap=True)


def _style(state: State) -> str:
    match state:
        case State.OK:
            return "green"
        case State.WARNING:
            return "yellow"
        case State.FAILING:
            return "bold red"
        case State.UNKNOWN:
            return "magenta"
