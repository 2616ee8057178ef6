"""The local cloud as a context manager: emulator, Slack stand-in, the real sam. It leaves nothing behind.

with Cloud() as cloud:
outputs = cloud.deploy({"RemediationMode": "register"})
cloud.client("ecs").register_task_definition(…)
"""

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Self

import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import WaiterError

from local.builds import ROOT, Packaged
from local.emulator import ACCOUNT, REGION
from local.sam import CloudFailed, Sam, one_at_a_time
from local.slack import Slack

PYTHON = ROOT / ".venvs/cloud/bin/python"
BUCKET = "sam-artifacts"
WEBHOOK = "/outrider/slack-webhook"
STANDARD = "/outrider/standard"
OPERATIONS = "operations"
EXTERNAL_ID = "local-external-id"
MEMBER_STACK = "outrider-member"

START_SECONDS = 60
END_SECONDS = 10
_EACH_SECOND = {"Delay": 1, "MaxAttempts": 60}
"""How long a change of a stack by CloudFormation is waited for."""

_MODELS = botocore.loaders.create_loader()
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class _Running:
    """What must be undone at the end."""

    scratch: Path
    emulator: subprocess.Popen[str] | None = None


class Cloud:
    """AWS on this machine, from `with` to the end of the block, also on SIGINT, SIGTERM and SIGHUP.

    It uses free ports. The same sources are built by sam only once.
    """

    def __init__(self, *, port: int = 0, hub_enabled: bool = True, slack: Slack | None = None) -> None:
        """`hub_enabled`: whether Security Hub is on in accounts where nobody has enabled it."""
        self._port = port
        self._hub_enabled = hub_enabled
        self.slack = slack or Slack()
        self.endpoint = ""
        self._running: _Running | None = None
        self._stack = contextlib.ExitStack()
        self._clients: dict[tuple[str, str, str], Any] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(_ending_signals())
            running = _Running(Path(tempfile.mkdtemp(prefix="outrider-")))
            self._running = running
            stack.callback(_undo, running)
            stack.enter_context(self.slack)
            self._start(running)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in _ENDING:
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not stop the clean-up
        self._stack.close()

    # --- to work with it --------------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """What the AWS CLI, boto3 or any SDK needs to call this cloud, and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, *, region: str = REGION, account: str = "") -> Any:
        """A client for the account's root, as boto3 makes it. Any 12-digit account exists."""
        key = (service, region, account)
        if key not in self._clients:
            self._clients[key] = self._make_client(service, region, account or "test", "test")
        return self._clients[key]

    def client_as(self, service: str, role: str, *, region: str = REGION, agent: str = "") -> Any:
        """A client that acts as the role, with only what its policies allow; `agent` is its user agent."""
        request = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}", "RoleSessionName": "local-session"}
        given = self.client("sts").assume_role(**request)["Credentials"]
        secrets = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return self._make_client(service, region, *secrets, agent=agent)

    def _make_client(self, service: str, region: str, *credentials: str, agent: str = "") -> Any:
        session = botocore.session.Session()
        session.register_component("data_loader", _MODELS)  # a service's model is read once
        session.set_credentials(*credentials)
        # Tests must see faults, so nothing is retried; and a call that hangs must end.
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, user_agent=agent or None)
        return session.create_client(service, region, endpoint_url=self.endpoint, config=config)

    def control(self, method: str, what: str, request: Any = None) -> Any:
        """Call a control endpoint, as `control("POST", "faults", {"service": "ecs"})`. See local/control.py."""
        data = None if request is None else json.dumps(request).encode()
        call = urllib.request.Request(f"{self.endpoint}/_outrider/{what}", data, method=method)  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(call, timeout=30) as response:  # noqa: S310 - our own
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise CloudFailed(f"{method} {what}: {json.load(error).get('error')}") from error

    def logs(self) -> str:
        """What the emulator has printed."""
        assert self._running is not None  # noqa: S101 - inside the with block
        return (self._running.scratch / "emulator.log").read_text(errors="replace")

    # --- to deploy into it ------------------------------------------------------------------------------------------

    def deploy(
        self, parameters: Mapping[str, str] | None = None, *, template: Path | None = None, stack: str = "outrider"
    ) -> dict[str, str]:
        """Build by sam and deploy; returns the stack's outputs. CloudFailed with what sam printed.

        sam takes six seconds of CPU for it. What it has put into the bucket is kept with the build, and is deployed
        without it the next time.
        """
        sam = self._sam()
        built = sam.build(template or ROOT / "template.yaml")
        with contextlib.suppress(self.client("s3").exceptions.BucketAlreadyOwnedByYou):
            self.client("s3").create_bucket(Bucket=BUCKET)
        packaged = Packaged(built.parent)
        with one_at_a_time():
            if not packaged.kept:
                sam.deploy(built, parameters or {}, stack, BUCKET)
                packaged.keep(self.client("s3"), BUCKET)
                return self._outputs(stack)
        key = packaged.put(self.client("s3"), BUCKET)
        self._apply({"TemplateURL": f"{self.endpoint}/{BUCKET}/{key}"}, parameters or {}, stack)
        return self._outputs(stack)

    def _apply(self, template: Mapping[str, Any], parameters: Mapping[str, str], stack: str) -> None:
        """Create a stack, or update it; parameters that are not given keep their values."""
        stacks = self.client("cloudformation")
        given = {"StackName": stack, "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"], **template}
        values = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        try:
            before = stacks.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
        except stacks.exceptions.ClientError:  # there is none
            stacks.create_stack(Parameters=values, **given)
            self._wait("stack_create_complete", stack)
            return
        kept = [{"ParameterKey": each["ParameterKey"], "UsePreviousValue": True} for each in before]
        values += [each for each in kept if each["ParameterKey"] not in parameters]
        stacks.update_stack(Parameters=values, **given)
        self._wait("stack_update_complete", stack)

    def _wait(self, what: str, stack: str) -> None:
        """Wait for a change to end; `_outputs` says what is wrong with a stack."""
        with contextlib.suppress(WaiterError):
            self.client("cloudformation").get_waiter(what).wait(StackName=stack, WaiterConfig=_EACH_SECOND)

    def _outputs(self, stack: str) -> dict[str, str]:
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        if described["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise CloudFailed(f"The stack {stack} is {described['StackStatus']}: {described.get('StackStatusReason')}")
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}

    def update(self, stack: str = "outrider", **parameters: str) -> dict[str, str]:
        """Update a stack by other values of these parameters alone, as sam does; returns its outputs."""
        self._apply({"UsePreviousTemplate": True}, parameters, stack)
        return self._outputs(stack)

    def deploy_outrider(self, **parameters: str) -> dict[str, str]:
        """Deploy Outrider as a person would try it: it corrects, without delay, and posts to the Slack stand-in."""
        self.client("ssm").put_parameter(Name=WEBHOOK, Value=self.slack.webhook, Type="SecureString", Overwrite=True)
        given = {
            "Architecture": "arm64" if os.uname().machine in ("arm64", "aarch64") else "x86_64",
            "RemediationMode": "register",
            "RemediationDelaySeconds": "0",
            "IamCallsPerSecond": "1000",
            "PassableRoles": f"arn:aws:iam::{ACCOUNT}:role/*",
            "ReadableParameters": f"arn:aws:ssm:*:{ACCOUNT}:parameter/*",
            "SlackWebhookLocation": f"ssm:{WEBHOOK}",
            "MessagesPerBatch": "200",  # no digests: a day's alerts come within a minute here
            "MessageWaitSeconds": "3",  # and what belongs together comes within seconds
        }
        outputs = self.deploy({**given, **parameters})
        if switch := outputs.get("CorrectionsSwitch"):  # as `outrider corrections on` does
            self.client("ssm").put_parameter(Name=switch, Value="on", Type="String", Overwrite=True)
        # On a small machine each process of a function takes a second of CPU to start.
        states, machine = self.client("stepfunctions"), outputs["SweepMachine"]
        definition = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])
        definition["States"]["Places"]["MaxConcurrency"] = 2
        states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
        functions = self.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            if not mapping["EventSourceArn"].endswith(".fifo"):
                functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 2})
        return outputs

    def join(self, account: str, outputs: Mapping[str, str], *, region: str = REGION, **parameters: str) -> None:
        """Deploy member.yaml into an account, which `MemberAccounts` of Outrider's stack must name."""
        given = {
            "GovernanceAccount": ACCOUNT,
            "GovernanceBus": outputs["MembersBus"],
            "ExternalId": EXTERNAL_ID,
            "HomeRegion": REGION,
            "ReadableParameters": f"arn:aws:ssm:*:{account}:parameter/*",
            "PassableRoles": f"arn:aws:iam::{account}:role/*",
            **parameters,
        }
        stacks = self.client("cloudformation", account=account, region=region)
        stacks.create_stack(
            StackName=MEMBER_STACK,
            TemplateBody=(ROOT / "member.yaml").read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        )
        stacks.get_waiter("stack_create_complete").wait(StackName=MEMBER_STACK, WaiterConfig=_EACH_SECOND)

    def delete(self, stack: str = "outrider", *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Delete a stack, and wait until it is gone."""
        stacks = self.client("cloudformation", account=account, region=region)
        stacks.delete_stack(StackName=stack)
        stacks.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=_EACH_SECOND)

    def complete(self, outputs: Mapping[str, str], **sweep: str) -> None:
        """Bring what `outrider doctor` asks for beyond the stack: a trail, a reader of `operations`, a first sweep.

        `sweep` is what that is limited to.
        """
        trail = self.client("cloudtrail")
        trail.create_trail(Name="management-events", S3BucketName=BUCKET, IsMultiRegionTrail=True)
        trail.start_logging(Name="management-events")
        self.client("sqs").create_queue(QueueName=OPERATIONS)
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{OPERATIONS}"
        self.client("sns").subscribe(TopicArn=outputs["OperationsTopic"], Protocol="sqs", Endpoint=arn)
        self.client("stepfunctions").start_execution(stateMachineArn=outputs["SweepMachine"], input=json.dumps(sweep))

    def build(self, template: Path) -> Path:
        """The built template: from an earlier build of the same sources, else by `sam build`."""
        return self._sam().build(template)

    def _sam(self) -> Sam:
        assert self._running is not None  # noqa: S101 - inside the with block
        return Sam(self._running.scratch, self.environment())

    def _start(self, running: _Running) -> None:
        if not PYTHON.exists():
            raise CloudFailed(f"{PYTHON} is not there. Run `make venvs` once.")
        scratch = running.scratch
        # This shell's AWS settings must not reach the emulator, nor the functions, which inherit its environment.
        env = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if name in os.environ}
        env |= {"TMPDIR": str(scratch), "HOME": str(scratch), "PYTHONPATH": ""}
        command = [str(PYTHON), "-m", "local.emulator", "--port", str(self._port)]
        command += [] if self._hub_enabled else ["--hub-off"]
        with (scratch / "emulator.log").open("w") as log:
            running.emulator = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,  # the emulator ends with this process, even where that is killed
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert running.emulator.stdout is not None  # noqa: S101 - a pipe, see above
        with selectors.DefaultSelector() as selector:
            selector.register(running.emulator.stdout, selectors.EVENT_READ)
            line = running.emulator.stdout.readline() if selector.select(START_SECONDS) else ""
        if not line:
            raise CloudFailed(f"The emulator did not start within {START_SECONDS} s:\n{self.logs()}")
        self.endpoint = json.loads(line)["endpoint"]


def _undo(running: _Running) -> None:
    emulator = running.emulator
    if emulator is not None:
        assert emulator.stdin is not None  # noqa: S101 - a pipe
        assert emulator.stdout is not None  # noqa: S101 - a pipe
        emulator.stdin.close()  # which ends it and its Lambda processes
        with contextlib.suppress(subprocess.TimeoutExpired):
            emulator.wait(END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(emulator.pid, signal.SIGKILL)
        emulator.wait()
        emulator.stdout.close()
    shutil.rmtree(running.scratch, ignore_errors=True)


@contextlib.contextmanager
def _ending_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack, as SIGINT does; the handlers are restored afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
