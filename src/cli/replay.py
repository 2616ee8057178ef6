"""`outrider replay`: what the service would do about saved events. Nothing is written or sent."""

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from aws.dry import DrySessions
from aws.stacks import Stack, Stacks
from cli.confirmation import printed, sentences
from cli.deployed import connected
from cli.exits import CLEAN, UNUSABLE
from cli.failures import failures_as_sentences
from cli.options import StackOptions, taken
from cli.output.replay import ReplayEntry, ReplayOutput
from cli.output.writing import rendered
from cli.progress import Line, diff
from cli.table import style_of
from cli.terminal import Style, say
from cli.texts import text_of
from cli.unusable import Unusable
from domain.findings.alert import Alert
from domain.remediation.plan import Change
from domain.standard import Mode
from domain.triggers.events import events_in, message_of
from operations.inspection.dispatching import Dispatcher
from operations.inspection.inspector import Inspector
from operations.replay import ALERTS, CHANGES, OPERATIONS, REMEDIATIONS, SUBJECTS, Replayed, Replayer
from operations.wiring.dispatch import make_dispatcher
from operations.wiring.inspect import make_inspector
from settings import Settings

_OTHER = "no event rule of the stack takes it"


def replay(given: Namespace) -> int:
    """Replay events; return the exit code."""
    where = taken(StackOptions, given)
    events = [(file, event) for file in given.files for event in _events(file)]
    with sentences(where), failures_as_sentences():
        replayer, account = _replayer(where)
    results = [(file, _replayed(replayer, account, file, event)) for file, event in events]
    if given.format == "json":
        print(rendered(ReplayOutput(1, tuple(_entry(file, found) for file, found in results))))
    else:
        for file, found in results:
            printed(_lines(file, found))
    return UNUSABLE if any(found.failed for _, found in results) else CLEAN


def _events(file: str) -> list[Any]:
    try:
        return events_in(json.loads(text_of(file)))
    except (ValueError, RecursionError):
        raise Unusable(f"{file} is not JSON.") from None


def _replayer(where: StackOptions) -> tuple[Replayer, str]:
    """Return the use case, and the account whose events it can replay."""
    aws = connected(where)
    stack = Stacks(aws).stack(where.stack)
    if stack is None:
        say(
            f"There is no stack {where.stack} in {aws.region}, so no earlier finding is known, nor what runs a family:"
            " its drifts are LOW."
        )
    made = _settings(stack, where.stack, aws.account)

    def parts(dry: DrySessions) -> tuple[Dispatcher, Inspector]:
        return make_dispatcher(made, dry), make_inspector(made, dry)

    return Replayer(lambda: DrySessions(aws, ledger=stack is not None), parts), aws.account


def _settings(stack: Stack | None, name: str, account: str) -> Settings:
    """Return what the functions of the stack have, with names instead of the addresses that they send to."""
    parameters = stack.parameters if stack is not None else {}
    return Settings(
        account=account,
        table=stack.outputs.get("LedgerTable", "") if stack is not None else "none",
        alerts_topic=ALERTS,
        operations_topic=OPERATIONS,
        changes_queue=CHANGES,
        subjects_queue=SUBJECTS,
        remediations_queue=REMEDIATIONS,
        standard=parameters.get("StandardLocation", ""),
        mode=Mode(parameters.get("RemediationMode", Mode.REPORT)),
        metrics=f"Outrider/{name}",
    )


def _replayed(replayer: Replayer, account: str, file: str, event: Any) -> Replayed:
    message = message_of(event)
    if message is None:
        return Replayed(ignored=_OTHER)
    named = json.loads(message).get("account")
    if account not in (named if isinstance(named, list) else [named]):
        raise Unusable(f"{file} is an event of another account; these credentials are of {account}.")
    return replayer.replay(message)


def _entry(file: str, found: Replayed) -> ReplayEntry:
    return ReplayEntry(
        file=file,
        subjects=found.subjects,
        ignored=found.ignored or None,
        skipped=found.skipped,
        failed=found.failed,
        findings=found.findings,
        alerts=tuple(each.model_dump(mode="json") for each in found.alerts),
        requests=tuple(json.loads(each) for each in found.requests),
        others=found.others,
    )


def _lines(file: str, found: Replayed) -> Iterator[Line]:
    yield Line(file, style=Style.BOLD)
    if found.ignored:
        yield Line(f"Ignored: {found.ignored}.", 1)
    yield from (Line(f"Evaluates {subject}", 1) for subject in found.subjects)
    yield from (Line(f"Skipped: {why}.", 1) for why in found.skipped)
    yield from (Line(f"Failed: {why}", 1, Style.RED) for why in found.failed)
    if found.findings:
        yield Line(f"Security Hub would receive {len(found.findings)} findings:", 1)
        for finding in found.findings:
            state = "" if finding["RecordState"] == "ACTIVE" else f" ({finding['RecordState'].lower()})"
            yield Line(f"{finding['Severity']['Label']:<8} {finding['Title']}{state}", 2)
    for alert in found.alerts:
        yield from _alert(alert)
    yield from (Line(f"Requests a correction: {json.loads(each).get('kind', '')}", 1) for each in found.requests)
    yield from (Line(f"Has evaluated next: {subject}", 1) for subject in found.others)
    if found.subjects and not (found.findings or found.alerts or found.failed or found.skipped):
        yield Line("Nothing changes.", 1)


def _alert(alert: Alert) -> Iterator[Line]:
    yield Line(f"Alert, {alert.transition}: {alert.name}: {alert.rule}", 1, style_of(alert.severity))
    yield from (Line(f"{drift.where}: {drift.why}", 2) for drift in alert.drifts)
    if alert.digest:
        yield Line(f"Plan {alert.digest}, {alert.safety}:", 2)
        yield from diff(tuple(Change(each.where, each.before, each.after) for each in alert.changes), 2)
    if alert.actor:
        yield Line(f"By {alert.actor}.", 2)
