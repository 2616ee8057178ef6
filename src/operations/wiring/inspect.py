"""The parts of the inspect function."""

from functools import lru_cache

from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.log_groups import LogGroups
from aws.parameters import Parameters
from aws.roles import Roles
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from operations.facts import FactReader
from operations.inspection.inspector import Inspector
from operations.planning import Planner
from operations.standards import Standards
from operations.wiring import shared
from rules import CATALOGUE
from settings import RELEASE, Settings, settings


@lru_cache(maxsize=1)
def inspector() -> Inspector:
    """As the environment sets it up."""
    return make_inspector(settings(), shared.sessions())


def make_inspector(given: Settings, aws: Sessions) -> Inspector:
    """The use case with all its parts."""
    return Inspector(
        ecs=Ecs(aws),
        roles=Roles(aws),
        hub=SecurityHub(aws),
        ledger=Ledger(aws, given.table),
        alerts=Topic(aws, given.alerts_topic),
        operations=Topic(aws, given.operations_topic),
        changes=Queue(aws, given.changes_queue),
        remediations=Queue(aws, given.remediations_queue),
        standards=Standards(aws, given.standard),
        reader=lambda: FactReader(Parameters(aws), Roles(aws), LogGroups(aws), Ecs(aws)),
        planner=Planner(CATALOGUE, given.mode),
        docs=given.docs,
        release=RELEASE,
        stack=given.stack,
    )
