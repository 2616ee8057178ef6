"""Notices to operations: each at most once in some hours, and not lost where one could not be published."""

from tests.operations.world import FLOATING, World, definition, registered


def test_a_notice_that_could_not_be_published_is_published_by_the_next_trouble_of_its_kind(world: World) -> None:
    world.hub.enabled = False
    message = registered(world.register(definition(collector=FLOATING)))
    world.fail("Publish", times=1)
    world.look(message)
    assert world.notices == []
    world.look(message)
    world.look(message)
    [notice] = world.notices
    assert "Security Hub is not enabled" in notice
