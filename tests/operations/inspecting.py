"""What the tests of inspection share: standards, subjects and worlds with a drift in them."""

from domain.subject import Subject, SubjectId
from rules import CATALOGUE
from tests.operations.delivery import Inspection
from tests.operations.world import (
    BROKEN,
    FLOATING,
    PARAMETER,
    PLACE,
    RULES,
    World,
    definition,
    registered,
    without_collector,
)

REGISTER = "version: 1\nmode: register\n"
CONFIGURATION = SubjectId(PLACE, Subject.PARAMETER, PARAMETER)


def judging_services(world: World, standard: str | None = None) -> Inspection:
    """By the rules, too, that look at the newest revision and at running tasks."""
    more = {"service.revision", "service.collector-running"}
    rules = tuple(rule for rule in CATALOGUE if rule in RULES or rule.id in more)
    return world.inspector(standard=standard, rules=rules)


def set_configuration(world: World, text: str) -> None:
    world.client("ssm").put_parameter(Name=PARAMETER, Value=text, Type="String", Overwrite=True)


def drifted_family(world: World) -> str:
    """A message whose evaluation publishes about a family, a parameter and a role."""
    set_configuration(world, BROKEN)
    world.trust("web-execution", "ec2.amazonaws.com")
    return registered(world.register(definition(collector=FLOATING)))


EC2 = without_collector("batch", requiresCompatibilities=["EC2"], networkMode="bridge")


def deployed(world: World, *, dead: str = "", standard: str | None = None) -> Inspection:
    """A service whose tasks run since just now; `dead` is a container that has stopped in each."""
    world.services.at_once = False
    arn = world.register()
    inspector = judging_services(world, standard)
    world.sees(registered(arn), inspector=inspector)
    world.services.add("shop/web", arn)
    world.services.complete("shop/web", dead=dead)
    return inspector
