"""The life of a finding, transition by transition, against a Security Hub that holds to AWS's word.

docs/findings-and-alerts.md has a table of it. Each of its rows is walked here, and what is seen is what the row says.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.findings.finding import Finding
from domain.severity import Severity
from tests.operations.world import (
    ACCOUNT,
    FLOATING,
    PLACE,
    REGION,
    TASK,
    World,
    definition,
    registered,
    role_changed,
    service_changed,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "findings-and-alerts.md"
NOTHING = "\N{EN DASH}"
ELSEWHERE = {"image": FLOATING["image"].replace("latest", "main")}
EXEMPT = "version: 1\nexemptions:\n  - {rules: 'sidecar.*', where: {family: web}, reason: being replaced}\n"
STANDARD = "version: 1\n"


def table() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(transition, the cells that follow what is seen and the state before) of each row of the page."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = text.partition("<!-- transitions:")[2].partition("\n\n")[0].splitlines()[3:]
    for row in rows:
        name, _, _, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        yield name, tuple(cells)


ROWS = dict(table())


@dataclass(frozen=True, slots=True)
class Walk:
    """One transition: what leads up to it, what the customer has set by then, and what happens."""

    before: Callable[[World], None]
    happens: Callable[[World], None]
    workflow: str = "NOTIFIED"
    rule: str = "sidecar.image-pinned"


def drifts(world: World) -> None:
    world.sees(registered(world.register(definition(collector=FLOATING))))


def runs_and_drifts(world: World) -> None:
    drifts(world)
    starts(world)


def starts(world: World) -> None:
    world.sees(service_changed(world.run(world.revisions()[0].arn), "CreateService"))


def stops(world: World) -> None:
    service = world.client("ecs").delete_service(cluster="shop", service="web", force=True)["service"]
    world.sees(service_changed(service["serviceArn"], "DeleteService"))


def drifts_elsewhere(world: World) -> None:
    world.sees(registered(world.register(definition(collector=ELSEWHERE))))


def is_right(world: World) -> None:
    world.sees(registered(world.register()))


def same() -> str:
    """A message that has the family looked at again, as the sweep sends it."""
    return json.dumps({"kind": "family", "account": ACCOUNT, "region": REGION, "family": "web"})


def is_exempt(world: World) -> None:
    world.sees(same(), inspector=world.inspector(standard=EXEMPT))


def is_not_exempt(world: World) -> None:
    world.sees(same(), inspector=world.inspector(standard=STANDARD))


def is_gone(world: World) -> None:
    arn = world.revisions()[0].arn
    world.sees(registered(world.deregister(arn), "DeregisterTaskDefinition"))


def is_evaluated_again(world: World) -> None:
    world.sees(same())


def is_evaluated_a_month_later(world: World) -> None:
    world.pass_(days=30)
    world.sees(same())


def role_lacks_rights(world: World) -> None:
    world.allow("web-task", "logs:CreateLogStream")
    is_right(world)


def role_cannot_be_read(world: World) -> None:
    world.allow("web-task", *TASK)
    world.fail("GetRole")
    world.sees(role_changed("web-task"))


def role_cannot_be_read_a_month_later(world: World) -> None:
    world.pass_(days=30)
    role_cannot_be_read(world)


def runs(world: World, revision: str) -> None:
    service = world.client("ecs").update_service(cluster="shop", service="web", taskDefinition=revision)["service"]
    world.sees(service_changed(service["serviceArn"]))


def runs_the_newest(world: World) -> None:
    runs(world, world.revisions()[0].arn)


def runs_the_first_again(world: World) -> None:
    runs(world, "web:1")


def nothing(_: World) -> None:
    """From the beginning."""


def after(*steps: Callable[[World], None]) -> Callable[[World], None]:
    def walked(world: World) -> None:
        for step in steps:
            step(world)

    return walked


WALKS = {
    "open": Walk(nothing, drifts, workflow=""),
    "raised": Walk(drifts, starts),
    "updated": Walk(runs_and_drifts, drifts_elsewhere),
    "lowered": Walk(runs_and_drifts, stops),
    "unchanged": Walk(runs_and_drifts, is_evaluated_again),
    "renewed": Walk(runs_and_drifts, is_evaluated_a_month_later),
    "unknown": Walk(role_lacks_rights, role_cannot_be_read, rule="identity.task-role"),
    "renewed, unknown": Walk(role_lacks_rights, role_cannot_be_read_a_month_later, rule="identity.task-role"),
    "corrected, not yet run": Walk(runs_and_drifts, is_right),
    "renewed, not yet run": Walk(after(runs_and_drifts, is_right), is_evaluated_a_month_later),
    "closed": Walk(after(runs_and_drifts, is_right), runs_the_newest),
    "exempt": Walk(runs_and_drifts, is_exempt),
    "gone": Walk(drifts, is_gone),
    "reopened": Walk(after(drifts, is_right), drifts),
    "reopened, runs again": Walk(after(runs_and_drifts, is_right, runs_the_newest), runs_the_first_again),
    "reopened, resolved by you": Walk(after(drifts, is_right), drifts, workflow="RESOLVED"),
    "reopened, was exempt": Walk(after(drifts, is_exempt), is_not_exempt, workflow="RESOLVED"),
    "reopened, was gone": Walk(after(drifts, is_gone), drifts, workflow="RESOLVED"),
    "resolved by you, still drifted": Walk(runs_and_drifts, drifts_elsewhere, workflow="RESOLVED"),
    "suppressed, raised": Walk(drifts, starts, workflow="SUPPRESSED"),
    "suppressed, closed": Walk(drifts, is_right, workflow="SUPPRESSED"),
    "suppressed, reopened": Walk(after(drifts, is_right), drifts, workflow="SUPPRESSED"),
}


def test_the_page_has_the_rows_that_are_walked() -> None:
    assert list(ROWS) == list(WALKS)


@pytest.mark.parametrize("transition", WALKS)
def test_what_a_transition_writes_and_publishes_is_what_the_page_says(world: World, transition: str) -> None:
    walk = WALKS[transition]
    id_ = f"outrider/{PLACE}/family/web/{walk.rule}"
    walk.before(world)
    if walk.workflow:
        world.hub.customer_sets(id_, walk.workflow)
    before, row = world.hub.held(id_), world.rows().get(walk.rule)
    imports, alerts = len(world.hub.imports), len(world.alerts)

    walk.happens(world)

    imported = [finding for finding in world.hub.imports[imports:] if finding["Id"] == id_]
    after_ = world.hub.held(id_)
    now = world.rows()[walk.rule]
    assert after_ is not None
    assert len(imported) <= 1
    last = imported[0] if imported else None
    published = [alert["transition"] for alert in world.alerts[alerts:] if alert["rule"] == walk.rule]
    assert ROWS[transition] == (
        last["Compliance"]["Status"] if last else NOTHING,
        last["RecordState"] if last else NOTHING,
        _severity(before, after_) if last else NOTHING,
        _workflow(before, after_),
        *(published or [NOTHING]),
        _row(row, now),
    )


def _severity(before: dict[str, object] | None, after_: dict[str, object]) -> str:
    was, is_ = (Severity(_provided(each)) if each else None for each in (before, after_))
    assert is_ is not None
    if was is None:
        return "the verdict's"
    return "as before" if is_ is was else "higher" if is_ > was else "lower"


def _provided(finding: dict[str, object]) -> str:
    """What the provider says shows at the top level."""
    provided = finding["FindingProviderFields"]
    assert isinstance(provided, dict)
    assert finding["Types"] == provided["Types"]
    severity = finding["Severity"]
    assert isinstance(severity, dict)
    assert severity["Label"] == provided["Severity"]["Label"]
    return str(severity["Label"])


def _workflow(before: dict[str, object] | None, after_: dict[str, object]) -> str:
    was, is_ = (each["Workflow"]["Status"] if each else "" for each in (before, after_))  # type: ignore[index] # ASFF
    return str(is_) if not was else f"stays {is_}" if was == is_ else f"{was} → {is_}"


def _row(before: Finding | None, now: Finding) -> str:
    if before is None:
        return f"{now.state.value}, version {now.version}"
    if before == now:
        return "as it was"
    assert (now.version, now.created) == (before.version + 1, before.created)
    assert now.updated > before.updated
    return f"{now.state.value}, next version"


@pytest.mark.parametrize("transition", WALKS)
def test_what_is_imported_holds_what_an_analyst_needs_and_nothing_of_the_customers(
    world: World, transition: str
) -> None:
    walk = WALKS[transition]
    walk.before(world)
    walk.happens(world)
    created = {finding["CreatedAt"] for finding in world.hub.imports if finding["Id"].endswith(f"/{walk.rule}")}
    assert len(created) == 1, "first observed survives"
    for finding in world.hub.imports:
        fields, drifted = finding["ProductFields"], finding["Compliance"]["Status"] == "FAILED"
        assert not {"Workflow", "Note", "UserDefinedFields", "VerificationState"} & finding.keys()
        assert fields["outrider/rule"] == finding["Id"].rpartition("/")[2]
        assert fields["outrider/release"]
        assert re.fullmatch(r"\S+ [0-9a-f]+", fields["outrider/standard"])
        assert not drifted or re.fullmatch(r"web:\d+", fields["outrider/revision"])
        offered = drifted and fields["outrider/rule"] == "sidecar.image-pinned"
        offered &= "redeploy with" not in finding["Remediation"]["Recommendation"]["Text"]  # the newest one is right
        assert ("outrider/plan" in fields) == offered
        details = finding["Resources"][0]["Details"]["Other"]
        assert details["family"] == "web"
        assert ("use" in details) == drifted
