"""What sweeps read: in bulk, and of what they know only what may have changed. The ceilings are in the docs."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain.coverage import Certificate, Coverage
from operations.inspection.inspector import Done, Failed, SentBack
from operations.standards import Standards
from rules import CATALOGUE
from tests.operations.delivery import Inspection, deliver
from tests.operations.sweeping import Sweeping
from tests.operations.world import BROKEN, FLOATING, PARAMETER, World, definition, policy, role_changed

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
SERVICES = 40
FEW = range(12)
# By the rows of the page's table: in the first sweep and in an unchanged second one.
CEILINGS = {
    "DescribeTaskDefinition": (80, 0),
    "ListTaskDefinitionFamilies, ListTaskDefinitions": (2, 2),
    "ListServices, DescribeServices": (5, 5),
    "ListClusters, ListTasks, DescribeTasks": (9, 9),
    "IAM": (36, 8),
    "GetParameters, DescribeParameters": (12, 1),
    "DescribeLogGroups": (8, 1),
}
_OF_IAM = ("Role", "Policy", "Policies", "AuthorizationDetails")


def calls(world: World, names: str) -> int:
    if names == "IAM":
        return sum(count for operation, count in world.calls.items() if operation.endswith(_OF_IAM))
    return sum(world.calls[name] for name in names.split(", "))


class Sweeps:
    """Sweeps of one world, each with all evaluations that it leads to."""

    def __init__(self, world: World, standard: str | None = None) -> None:
        self.world = world
        self.inspection: Inspection = world.inspector(rules=CATALOGUE, standard=standard)
        self.outcomes = list[Done | Failed | SentBack]()

    def listed(self) -> Sweeping:
        """List everything: the messages wait."""
        sweeping = self.world.sweeping(Standards(self.world.sessions, "", CATALOGUE))
        sweeping.list()
        return sweeping

    def evaluated(self, *, waiting: int = 0) -> None:
        """Have everything evaluated that waits, but so many of the last subjects."""
        sqs = self.world.aws.sqs
        changes = sqs.queue("changes")
        while messages := changes.receivable(sqs.clock.now())[:10]:
            deliver(sqs, changes, messages, self.inspection.dispatched)
        while len(messages := self.inspection.queue.receivable(sqs.clock.now())) > waiting:
            batch = messages[: min(10, len(messages) - waiting)]
            deliver(sqs, self.inspection.queue, batch, lambda each: self.inspection.inspected(each, self.outcomes))

    def sweep(self) -> Certificate:
        self.world.pass_(days=1)
        self.evaluated()  # what the last one delayed
        self.world.calls.clear()
        self.outcomes.clear()
        sweeping = self.listed()
        self.evaluated()
        assert not [each for each in self.outcomes if not isinstance(each, Done)], self.outcomes
        return sweeping.certify().certificate


@pytest.fixture
def sweeps(world: World) -> Sweeps:
    return with_services(world, len(FEW))


def with_services(world: World, number: int) -> Sweeps:
    world.tasks = 2
    for each in range(number):
        world.run(world.register(definition(f"web-{each}")), f"web-{each}")
    return Sweeps(world)


def test_a_second_sweep_of_what_did_not_change_reads_in_bulk_and_no_task_definition(world: World) -> None:
    sweeps = with_services(world, SERVICES)
    certificates = list[Certificate]()
    for sweep in range(2):
        certificates.append(sweeps.sweep())
        found = {names: calls(world, names) for names in CEILINGS}
        assert all(found[names] <= most[sweep] for names, most in CEILINGS.items()), (sweep, found)
    first, second = ([(row.kind, dict(row.counts)) for row in each.rows] for each in certificates)
    assert first == second
    assert all(each.complete for each in certificates)
    assert certificates[1].totals[Coverage.EVALUATED] >= 2 * SERVICES


def test_the_page_has_the_ceilings() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for names, (first, second) in CEILINGS.items():
        assert f"| {names} | {first} | {second} |" in page


def role_without_rights(world: World) -> None:
    world.client("iam").put_role_policy(RoleName="web-task", PolicyName="work", PolicyDocument=policy("s3:GetObject"))


def broken_parameter(world: World) -> None:
    world.client("ssm").put_parameter(Name=PARAMETER, Value=BROKEN, Type="String", Overwrite=True)


def older_platform(world: World) -> None:
    world.services.services["shop/web-3"]["platformVersion"] = "1.3.0"


def dead_collector(world: World) -> None:
    world.services.dies("shop/web-3", "adot-collector")


def new_revision(world: World) -> None:
    world.services.update("shop/web-3", taskDefinition=world.register(definition("web-3", collector=FLOATING)))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (role_without_rights, "identity.task-role"),
        (broken_parameter, "config.well-formed"),
        (older_platform, "service.platform-version"),
        (dead_collector, "service.collector-running"),
        (new_revision, "sidecar.image-pinned"),
    ],
)
def test_a_sweep_finds_what_changed_without_an_event(
    world: World, sweeps: Sweeps, change: Callable[[World], object], finding: str
) -> None:
    sweeps.sweep()
    world.aws.clock.pass_(days=1)
    before = world.hub.open()
    change(world)
    sweeps.sweep()
    opened = {each for each in world.hub.open() - before if each.endswith(finding)}
    assert opened, world.hub.open() - before


def test_what_a_sweep_remembers_changes_no_finding(world: World, sweeps: Sweeps) -> None:
    """A role changes in the middle of a sweep. What is evaluated after its event is evaluated by what the role is."""
    sweeps.sweep()
    before = world.hub.open()
    sweeps.listed()
    changes = world.aws.sqs.queue("changes")
    for message in [each for each in changes.waiting if "web-1" not in each.body]:
        message.visible += timedelta(minutes=2)
    sweeps.evaluated()  # the role is remembered
    role_without_rights(world)
    sweeps.inspection.dispatcher.dispatch({"event": role_changed("web-task")})
    sweeps.evaluated()
    opened = world.hub.open() - before
    assert sum(each.endswith("identity.task-role") for each in opened) >= len(FEW)
    world.pass_(minutes=3)
    assert len(changes.receivable(world.aws.clock.now())) > len(FEW)
    sweeps.evaluated()
    assert world.hub.open() - before == opened


def test_tasks_that_changed_after_they_were_listed_are_read_again(world: World, sweeps: Sweeps) -> None:
    sweeps.sweep()
    sweeps.listed()
    world.pass_(hours=1)
    world.services.update("shop/web-3", forceNewDeployment=True)
    world.services.complete("shop/web-3", dead="adot-collector")
    world.pass_(hours=1)
    sweeps.evaluated()
    assert any(each.endswith("web-3/service.collector-running") for each in world.hub.open())


def test_a_tag_that_exempts_counts_in_the_next_sweep(world: World, sweeps: Sweeps) -> None:
    """A tag changes without a new revision and without an event."""
    del sweeps
    world.run(world.register(definition("api", collector=FLOATING)), "api")
    by_tag = Sweeps(world, standard="version: 1\nexemptions_by_tag: true\n")
    by_tag.sweep()
    assert "family/api/sidecar.image-pinned" in world.hub.open()
    arn = world.revisions("api")[-1].arn
    world.aws.definitions.tags[arn].append(
        {"key": "outrider:exempt:sidecar.image-pinned", "value": "until 2027-01-31: it moves"}
    )
    by_tag.sweep()
    assert "family/api/sidecar.image-pinned" not in world.hub.open()
