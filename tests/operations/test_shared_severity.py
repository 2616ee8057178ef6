"""The severity of a finding that several families share, where the standard is stricter for one of them."""

from domain.severity import Severity
from domain.subject import Subject, SubjectId
from tests.operations.world import PARAMETER, PLACE, World, definition, parameter_changed, registered

CONFIGURATION = SubjectId(PLACE, Subject.PARAMETER, PARAMETER)
STRICTER = "version: 1\nrules:\n  - {rules: config.well-formed, severity: LOW, where: {family: lax}}\n"
LAXER = "version: 1\nrules:\n  - {rules: config.well-formed, severity: LOW}\n"


def test_families_that_share_a_parameter_do_not_raise_and_lower_its_finding_in_turn(world: World) -> None:
    inspector = world.inspector(standard=STRICTER)
    for family in ("grave", "lax"):
        world.sees(registered(world.register(definition(family))), inspector=inspector)
    world.client("ssm").put_parameter(Name=PARAMETER, Value="receivers: {}", Type="String", Overwrite=True)
    for _ in range(3):
        world.sees(parameter_changed(), inspector=inspector)
    published = [change for change, rule in world.transitions() if rule == "config.well-formed"]
    assert published in (["opened"], ["opened", "raised"])
    assert world.rows(CONFIGURATION)["config.well-formed"].severity is Severity.CRITICAL
    imports = len(world.hub.imports)
    world.sees(parameter_changed(), inspector=inspector)
    assert len(world.hub.imports) == imports


def test_another_standard_may_lower_it(world: World) -> None:
    for family in ("grave", "lax"):
        world.sees(registered(world.register(definition(family))), inspector=world.inspector(standard=STRICTER))
    world.client("ssm").put_parameter(Name=PARAMETER, Value="receivers: {}", Type="String", Overwrite=True)
    world.sees(parameter_changed(), inspector=world.inspector(standard=STRICTER))
    world.sees(parameter_changed(), inspector=world.inspector(standard=LAXER))
    assert world.rows(CONFIGURATION)["config.well-formed"].severity is Severity.LOW
