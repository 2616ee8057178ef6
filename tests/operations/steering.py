"""What tests do with a correction that is played, and with the AWS around it, and what they see of it."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from domain.remediation.attempt import Attempt
from domain.remediation.rollout import Stage
from tests.aws_fake.aws import Aws
from tests.operations.playing import DEPLOY, FAMILY, Run, ask, fleet, proposed_digest, request
from tests.operations.world import definition

type Answer = Callable[[str, dict[str, Any]], Any]

WEB = "shop/web"
CANARY = DEPLOY.replace("minutes: 0", "minutes: 0, canary: ['shop/c']")


def still(_: Aws) -> bool:
    """Nothing happens while all is quiet."""
    return False


def stages(run: Run, key: str = "1") -> dict[str, Stage]:
    return {each.service: each.stage for each in attempt(run, key).rollouts}


def attempt(run: Run, key: str = "1") -> Attempt:
    with run.line.answering():
        found = run.ledger.history(FAMILY).attempt(key)
    assert found is not None
    return found


def runs(run: Run, title: str = WEB) -> str:
    return str(run.aws.services.services[title]["taskDefinition"].rpartition("/")[2])


def updates(run: Run) -> list[str]:
    """What was asked for: a revision, or else a platform version, by service."""
    found = list[str]()
    for each in run.aws.services.updates:
        what = str(each.get("taskDefinition") or each.get("platformVersion"))
        found.append(f"{each['service']} {what.rpartition('/')[2]}")
    return found


def outcomes(run: Run) -> list[str]:
    return [alert["transition"] for alert in run.alerts if alert["kind"] == "outcome"]


def answering(run: Run, answer: Callable[[Answer], Answer]) -> None:
    """Have AWS answer otherwise; `answer` is given how it does."""
    before, under_way = run.line.around, list[Callable[[], Any]]()
    changed = answer(lambda _operation, _given: under_way[-1]())

    def around(operation: str, given: dict[str, Any], act: Callable[[], Any]) -> Any:
        under_way.append(act if before is None else lambda: before(operation, given, act))
        try:
            return changed(operation, given)
        finally:
            under_way.pop()

    run.line.around = around


def denied(operation: str, code: str = "AccessDeniedException") -> ClientError:
    error: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(error, operation)


def others_deploy(aws: Aws, title: str = WEB) -> str:
    """A pipeline registers what is right and deploys it; its revision's ARN."""
    arn = aws.definitions.register(definition(cpu="2048", memory="4096"))
    aws.services.update(title, taskDefinition=arn)
    return arn


def found(run: Run) -> None:
    """Its findings are open, and it is asked for."""
    proposed_digest(run)
    run.aws.sqs.purge()
    ask(run, request())


def alone(run: Run, *titles: str, **members: Any) -> None:
    """Services that keep every rule but the platform version's, each asked for by itself."""
    fleet(run, *titles, drifted=definition(), platformVersion="1.3.0", **members)
    for title in titles:
        [deployment] = run.aws.services.services[title]["deployments"]
        ask(run, request("correct-service", revision=1, service=title, deployment=deployment["id"]))


def unreadable(run: Run, name: str) -> None:
    def answers(real: Answer) -> Answer:
        def answer(operation: str, given: dict[str, Any]) -> Any:
            if operation == "DescribeServices" and given["services"] == [name]:
                raise denied(operation)
            return real(operation, given)

        return answer

    answering(run, answers)


def attempts_of(run: Run) -> tuple[Attempt, ...]:
    with run.line.answering():
        return run.ledger.history(FAMILY).attempts
