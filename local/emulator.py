"""An AWS on this machine, in one process: ministack, and what Outrider needs of AWS that ministack lacks.

    .venvs/cloud/bin/python -m local.emulator [--port 4566] [--hub-off]

Prints one line of JSON on stdout when it is ready: {"endpoint": "http://127.0.0.1:…"}. Ends when its standard input
ends, so that it cannot outlive the process that started it, and ends its Lambda processes too. Needs an environment
with ministack (requirements/cloud.txt); the Python must be the functions' own, because they run on it.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from local import callers, conditions, event_rules, internals, members, resource_types, shared_code, stack_names
from local.access import Access
from local.bridge import Bridge, Call
from local.control import PREFIX, Control, Parts
from local.ecs_shapes import EcsShapes
from local.faults import Faults, answer
from local.internals import InternalsMoved, Ministack
from local.processes import Processes
from local.queues import Queues
from local.redrives import Redrives
from local.rollouts import Rollouts
from local.schedules import Schedules
from local.security_hub import SecurityHub
from local.unkind import Unkind

ACCOUNT = "123456789012"
REGION = "us-east-1"
GOODBYE_SECONDS = 3

type Response = tuple[int, dict[str, str], bytes]
Request = tuple[str, str, dict[str, str], bytes, dict[str, Any], str]  # method, path, headers, body, query, id
type Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

_log = logging.getLogger("outrider.local")


class Emulator:
    """Installs the additions into a ministack that was checked."""

    def __init__(self, ministack: Ministack, *, hub_enabled: bool) -> None:
        self._ms = ministack
        self._hub = SecurityHub(enabled=hub_enabled)
        self._bridge = Bridge(ministack)
        self._faults = Faults()
        self._access = Access(ministack)
        self._shapes = EcsShapes(ministack)
        self._rollouts = Rollouts(ministack, self._bridge)
        self._unkind = Unkind(time.monotonic)
        self._control = Control(
            Parts(
                self._bridge,
                self._faults,
                self._rollouts,
                self._hub,
                Queues(ministack),
                Schedules(ministack),
                self._unkind,
            )
        )
        self._processes = Processes()
        self._ready: Callable[[], None] = lambda: None

    def install(self) -> None:
        app = self._ms.app
        resource_types.register(self._ms)
        conditions.install(self._ms)
        stack_names.install(self._ms)
        shared_code.install(self._ms)
        self._processes.install(self._ms)
        event_rules.install(self._ms)
        callers.install(self._ms)
        members.install(self._ms)
        self._access.install()
        self._shapes.install()
        self._rollouts.install()
        Redrives(self._ms).install()
        app.SERVICE_HANDLERS["securityhub"] = self._security_hub
        app.SERVICE_HANDLERS["ecs"] = self._ecs(app.SERVICE_HANDLERS["ecs"])
        self._dispatch = app._dispatch_service_request
        app._dispatch_service_request = self._observed
        self._app = app.app

    async def asgi(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve ministack's application, with the control endpoints in front and a callback when it is ready."""
        if scope["type"] == "lifespan":

            async def started(message: Message) -> None:
                await send(message)
                if message["type"] == "lifespan.startup.complete":
                    self._ready()

            await self._app(scope, receive, started)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._controlled(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def on_ready(self, ready: Callable[[], None]) -> None:
        self._ready = ready

    async def _controlled(self, scope: Message, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = parse_qs(scope["query_string"].decode())
        place = (query.get("account", [ACCOUNT])[0], query.get("region", [REGION])[0])
        with self._ms.responses.request_scope(*place):
            status, answer_ = self._control.answer(scope["method"], scope["path"], body, place)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer_).encode()})

    async def _observed(self, *request: *Request) -> Response:
        """Every AWS call: apply a fault, answer it, publish its events."""
        method, path, headers, body, query, request_id = request
        actions, router = self._ms.iam_actions, self._ms.router
        parameters = self._ms.app._routing_params(method, path, headers, body, query)
        service: str = router.detect_service(method, path, headers, parameters)
        operation: str = actions.extract_iam_action(service, method, path, headers, body, parameters) or ""
        call = Call(service, operation, headers, body, router.extract_access_key_id(headers, query), request_id)
        caller = callers.note(self._ms, call.access_key)
        fault = self._faults.strike(service, call.name, caller)
        place = (self._ms.responses.get_account_id(), "" if service == "iam" else self._ms.responses.get_region())
        meets = self._unkind.meets(caller)
        if fault is None and meets:
            fault = self._unkind.refuse(call, place)
        before = self._bridge.before(call)
        if fault is None or fault.lets_pass:
            if meets:
                await asyncio.sleep(self._unkind.begin(call, place))
            response: Response = self._access.hides(call, path, await self._dispatch(*request))
            if meets:
                response = self._unkind.end(call, place, response)
            if response[0] < HTTPStatus.BAD_REQUEST:
                self._unkind.wrote(call, place, response[2])
            self._publish(call, before, response)
            if service == "ecs":
                self._rollouts.announce()
        else:
            response = answer(fault, actions._SERVICE_PROTOCOL.get(service, "json"), request_id)
            self._publish(call, before, response)
        if fault is None:
            return response
        await asyncio.sleep(fault.delay)
        if fault.crash and not self._processes.crash(call.access_key):
            _log.error("No process of %s was found to crash.", caller)
        if fault.error:
            return answer(fault, actions._SERVICE_PROTOCOL.get(service, "json"), request_id)
        return response

    def _publish(self, call: Call, before: dict[str, Any], response: Response) -> None:
        """Publish the events of a call, now or late."""
        if not (self._unkind.on and self._bridge.publishes(call)):
            self._bridge.after(call, before, response[0], response[2])
            return

        def late() -> None:
            self._unkind.late -= 1
            self._bridge.after(call, before, response[0], response[2])

        self._unkind.late += 1
        # The event loop keeps this call's account and region, which are context variables.
        asyncio.get_running_loop().call_later(self._unkind.lag(), late)

    def _ecs(self, handler: Handler) -> Handler:
        async def ecs(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            key = self._ms.router.extract_access_key_id(headers, query)
            call = Call("ecs", f"ecs:{operation}", headers, body, key, str(uuid.uuid4()))
            refused = self._access.refuse(call) or self._shapes.refuse(call)
            if refused is not None:
                return refused
            status, answered, out = await handler(method, path, headers, self._shapes.body(call), query)
            return status, answered, self._shapes.answer(call, status, out)

        return ecs

    async def _security_hub(
        self, method: str, path: str, _headers: dict[str, str], body: bytes, _query: dict[str, Any]
    ) -> Response:
        place = (self._ms.responses.get_account_id(), self._ms.responses.get_region())
        result = self._hub.answer(method, path, body, place)
        self._bridge.publish_hub_events(result.events)
        answered = {"Content-Type": "application/json"}
        if result.error:
            answered["x-amzn-errortype"] = result.error
        return result.status, answered, json.dumps(result.body).encode()


def main() -> int:
    """Serve until stopped; 2 where ministack has another version than this expects."""
    parser = argparse.ArgumentParser(prog="local.emulator", description="AWS on this machine, for Outrider.")
    parser.add_argument("--port", type=int, default=0, help="a free one is taken where none is given")
    parser.add_argument("--hub-off", action="store_true", help="Security Hub is not enabled until somebody enables it")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", options.port), backlog=128) as listener:
        port = listener.getsockname()[1]
        # ministack reads its environment when it is imported.
        os.environ |= {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
            "DOCKER_HOST": "unix:///nonexistent",  # a task and a function are records and processes, never containers
        }
        try:
            ministack = internals.load()
        except InternalsMoved as error:
            print(error, file=sys.stderr)
            return 2
        emulator = Emulator(ministack, hub_enabled=not options.hub_off)
        emulator.install()
        emulator.on_ready(lambda: print(json.dumps({"endpoint": f"http://127.0.0.1:{port}"}), flush=True))
        # The process that started this one holds the other end: when it is gone, for whatever reason, this one ends.
        threading.Thread(target=_end_with_stdin, daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(emulator, listener))
    _take_along()
    return 0


async def _serve(emulator: Emulator, listener: socket.socket) -> None:
    # Imported here: hypercorn comes with ministack, and is safe to import only after the check of it.
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.graceful_timeout = 1
    await importlib.import_module("hypercorn.asyncio").serve(emulator.asgi, config)


def _end_with_stdin() -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    _take_along()
    os._exit(0)


def _take_along() -> None:
    """End this process group, the Lambda processes, and wait for them, so that not even a zombie is left."""
    if os.getpgrp() != os.getpid():
        return  # started by hand, in a shell's group, which must not be killed
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    os.killpg(0, signal.SIGTERM)
    end = time.monotonic() + GOODBYE_SECONDS
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < end:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)
        os.killpg(0, signal.SIGKILL)  # one of them did not end: kill all


if __name__ == "__main__":
    sys.exit(main())
