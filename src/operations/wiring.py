"""The composition root: the only place where the parts are put together."""

from functools import lru_cache

from aws.bursts import Bursts
from aws.channels import Queue, Topic
from aws.ecs import Ecs
from aws.ledger import Ledger
from aws.log_groups import LogGroups
from aws.parameters import Parameters, read_secret, why_off
from aws.roles import Roles
from aws.security_hub import SecurityHub
from aws.sessions import Sessions
from aws.stacks import Stacks
from aws.threads import Threads
from domain.places import Place
from operations.asking import NO_REGION, Asker, NotAsked, Stacked, spoken
from operations.bot import Bot
from operations.chat import Chat
from operations.correcting import Corrector
from operations.inspect import Inspector
from operations.notify import Channel, Notifier
from operations.planning import Planner
from operations.posting import Secret
from operations.reading import Reader
from operations.remediate import Remediator
from operations.standards import Standards
from operations.sweep import Sweeper
from operations.visits import Visitor
from operations.webhook import Webhook
from rules import CATALOGUE
from settings import RELEASE, Settings, settings


@lru_cache(maxsize=1)
def sessions() -> Sessions:
    """The sessions that all parts of a function share."""
    return Sessions()


@lru_cache(maxsize=1)
def inspector() -> Inspector:
    """As the environment sets it up."""
    return make_inspector(settings(), sessions())


@lru_cache(maxsize=1)
def remediator() -> Remediator:
    """As the environment sets it up."""
    return make_remediator(settings(), sessions())


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
        reader=lambda: Reader(Parameters(aws), Roles(aws), LogGroups(aws), Ecs(aws)),
        planner=Planner(CATALOGUE, given.mode),
        docs=given.docs,
        release=RELEASE,
        stack=given.stack,
    )


def make_remediator(given: Settings, aws: Sessions) -> Remediator:
    """The use case with all its parts."""
    return Remediator(
        Corrector(
            ecs=Ecs(aws),
            hub=SecurityHub(aws),
            ledger=Ledger(aws, given.table),
            alerts=Topic(aws, given.alerts_topic),
            changes=Queue(aws, given.changes_queue),
            standards=Standards(aws, given.standard),
            reader=lambda: Reader(Parameters(aws), Roles(aws), LogGroups(aws), Ecs(aws)),
            planner=Planner(CATALOGUE, given.mode),
            switch=lambda: why_off(aws, given.switch),
            image_repositories=given.image_repositories,
            release=RELEASE,
            stack=given.stack,
        )
    )


@lru_cache(maxsize=1)
def sweeper() -> Sweeper:
    """As the environment sets it up."""
    given = settings()
    aws = sessions()
    return Sweeper(
        ecs=Ecs(aws),
        ledger=Ledger(aws, given.table),
        changes=Queue(aws, given.changes_queue),
        alerts=Topic(aws, given.alerts_topic),
        hub=SecurityHub(aws),
        standards=Standards(aws, given.standard),
        release=RELEASE,
    )


@lru_cache(maxsize=1)
def visitor() -> Visitor:
    """As the environment sets it up."""
    return Visitor(Ledger(sessions(), settings().table), Queue(sessions(), settings().remediations_queue))


def asker(stack: str, region: str = "", queue: str = "", table: str = "") -> Asker:
    """For the command line: of a stack by its name, or of a queue (URL) and a table. NotAsked where there is none."""
    aws = Sessions(region=region or None)
    with spoken():
        if not aws.region:
            raise NotAsked(NO_REGION)
        place, by = Place(aws.account, aws.region), aws.caller.arn
    parts = Stacked(queue, table) if queue and table else Stacked.of(Stacks(aws), stack, place.region)
    return Asker(Ledger(aws, table or parts.table), Queue(aws, queue or parts.queue), place, by, parts.mode)


@lru_cache(maxsize=1)
def notifier() -> Notifier:
    """As the environment sets it up."""
    given, aws = settings(), sessions()
    return Notifier(make_channel(given, aws), Bursts(aws, given.table), slack_queue(), given.alerts_per_minute)


def make_channel(given: Settings, aws: Sessions) -> Channel:
    """Amazon Q before a bot, a bot before a webhook. Their secrets are read when they are first needed."""
    if given.chat_topic:
        return Chat(Topic(aws, given.chat_topic))
    if given.slack_bot:
        return Bot(Secret(lambda: read_secret(aws, given.slack_bot)), Threads(aws, given.table))
    return Webhook(Secret(lambda: read_secret(aws, given.slack_webhook)))


@lru_cache(maxsize=1)
def slack_queue() -> Queue:
    """The queue that the slack function reads."""
    return Queue(sessions(), settings().slack_queue)
