"""`outrider doctor`: whether a deployed stack can work, with a command for what does not."""

import json
from argparse import Namespace

from cli.confirmation import sentences
from cli.deployed import connected, deployed
from cli.exits import FAILING, WELL
from cli.failures import failures_as_sentences
from cli.options import StackOptions, taken
from cli.output.stack import DoctorOutput, FailedCall, HealthEntry
from cli.output.writing import rendered
from cli.policy import READ_ONLY, policy_of
from cli.terminal import Part, Style, console, line
from domain.health.facts import StackFacts
from domain.health.row import Row, State
from domain.places import Place
from operations.health import Doctor, Examined
from operations.notification.trying import try_token
from reports.health import sentence
from reports.health_fixes import fix
from reports.text import stamp
from rules import CATALOGUE

_POLICY = "`outrider doctor --policy` prints the policy that this command needs."


def doctor(given: Namespace) -> int:
    """Check a deployed stack; return the exit code."""
    where = taken(StackOptions, given)
    if given.policy:
        print(json.dumps(policy_of(READ_ONLY, where.stack, where.region), indent=2))
        return WELL
    with sentences(where):
        examined = _examined(where)
    if given.format == "json":
        print(rendered(_output(examined)))
    else:
        _as_table(examined)
    return FAILING if any(row.state is State.FAILING for row in examined.rows) else WELL


def _examined(given: StackOptions) -> Examined:
    with failures_as_sentences(_POLICY):
        aws = connected(given)
        found = deployed(aws, given.stack, "LedgerTable")
        place = Place(aws.account, aws.region)
    return Doctor(aws, place, CATALOGUE, lambda location: try_token(aws, location)).examine(given.stack, found)


def _output(examined: Examined) -> DoctorOutput:
    facts = examined.facts
    checks = tuple(_entry(row, facts) for row in examined.rows)
    return DoctorOutput(1, facts.place.account, facts.place.region, facts.stack, checks)


def _entry(row: Row, facts: StackFacts) -> HealthEntry:
    because = row.because
    return HealthEntry(
        check=row.check.value,
        state=row.state,
        code=row.code.value,
        names=tuple(row.names),
        number=row.number,
        at=stamp(row.at) if row.at else None,
        detail=row.detail,
        failed=FailedCall(because.call, because.resource, because.code) if because else None,
        text=sentence(row),
        fix=fix(row, facts),
    )


def _as_table(examined: Examined) -> None:
    out, checks = console(), max(len(row.check) for row in examined.rows)
    for row in examined.rows:
        head: list[Part] = [(f"{row.state:<9}", _style(row.state)), (f"{row.check:<{checks}}", Style.BOLD), "  "]
        out.wrapped([*head, line(sentence(row))], hanging=9 + checks + 2)
        if row.state is not State.OK and (command := fix(row, examined.facts)):
            # Not folded, so that it can be copied.
            out.print([(line(command), Style.CYAN)], 9)


def _style(state: State) -> Style:
    match state:
        case State.OK:
            return Style.GREEN
        case State.WARNING:
            return Style.YELLOW
        case State.FAILING:
            return Style.BOLD_RED
        case State.UNKNOWN:
            return Style.MAGENTA
