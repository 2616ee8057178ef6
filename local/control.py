"""What tests and the demo need of the local cloud and AWS has no call for. Loopback only, JSON, no signature.

| path under /_outrider/ | POST | GET | DELETE |
| --- | --- | --- | --- |
| faults | add a rule (local.faults.Fault) | the rules, and how often each was applied | drop all |
| rollouts | add a play (local.rollouts.Play) | the plays left | drop all |
| events | publish {"source", "detail-type", "resources", "detail"} as AWS itself | those published so far | - |
| custom-action | {"action": ARN, "findings": [Id]}: a person picks a Security Hub custom action | - | - |
| queues | - | how many messages each queue holds, in flight or not | - |
| queues/NAME | - | the bodies of the messages that a queue holds, but for those in flight | - |
| schedules | {"name": PATTERN}: fire these schedules now | - | - |
| unkind | {"seed": 7}: limits, latency, late events and reads (local.unkind) | what it refused, what is late | end it |

Account and region are the emulator's own, or those in the query string (`?account=…&region=…`).
"""

import json
from dataclasses import dataclass
from typing import Any

from local.bridge import Bridge
from local.faults import Fault, Faults, UnusableRule
from local.queues import Queues
from local.rollouts import Play, Rollouts, UnusablePlay
from local.schedules import Schedules
from local.security_hub import SecurityHub, UnusableClick
from local.unkind import Unkind, UnusableConditions

PREFIX = "/_outrider/"
_ONE_QUEUE = "queues/"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the local cloud that the control endpoints set and show."""

    bridge: Bridge
    faults: Faults
    rollouts: Rollouts
    hub: SecurityHub
    queues: Queues
    schedules: Schedules
    unkind: Unkind


class Control:
    """The control endpoints' answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, method: str, path: str, body: bytes, place: tuple[str, str]) -> tuple[int, Any]:
        """(status, JSON). A request that cannot be used is a 400 with a sentence."""
        try:
            request = json.loads(body or b"{}")
            return self._route(method, path.removeprefix(PREFIX), request, place)
        except (UnusableRule, UnusablePlay, UnusableClick, UnusableConditions, TypeError) as error:
            return 400, {"error": str(error)}
        except json.JSONDecodeError:
            return 400, {"error": "The body is not JSON."}
        except KeyError as error:
            return 400, {"error": f"{error} is missing or unknown."}

    def _route(self, method: str, what: str, request: Any, place: tuple[str, str]) -> tuple[int, Any]:
        parts = self._parts
        match method, what:
            case _, "faults" | "rollouts" | "unkind":
                return 200, self._simulated(method, what, request)
            case "POST", "events":
                parts.bridge.publish(
                    request["source"], request["detail-type"], request.get("resources", ()), request["detail"]
                )
            case "GET", "events":
                return 200, parts.bridge.published()
            case "POST", "custom-action":
                events = parts.hub.custom_action(place, request["action"], request["findings"])
                parts.bridge.publish_hub_events(events)
            case "GET", "queues":
                return 200, parts.queues.waiting()
            case "GET", str() if what.startswith(_ONE_QUEUE):
                return 200, parts.queues.bodies(what.removeprefix(_ONE_QUEUE))
            case "POST", "schedules":
                return 200, parts.schedules.come_due(request["name"])
            case _:
                return 404, {"error": f"There is no {method} {PREFIX}{what}. See local/control.py."}
        return 200, {}

    def _simulated(self, method: str, what: str, request: Any) -> Any:
        """Set, show or drop what AWS is to do."""
        parts = self._parts
        set_, show, drop = {
            "faults": (
                lambda: parts.faults.add(Fault.of(request)),
                lambda: [rule.json() for rule in parts.faults.rules()],
                parts.faults.clear,
            ),
            "rollouts": (
                lambda: parts.rollouts.add(Play.of(request)),
                lambda: [play.json() for play in parts.rollouts.plays()],
                parts.rollouts.clear,
            ),
            "unkind": (lambda: parts.unkind.set(request), parts.unkind.json, parts.unkind.clear),
        }[what]
        done = {"POST": set_, "GET": show, "DELETE": drop}[method]()
        return {} if done is None else done
