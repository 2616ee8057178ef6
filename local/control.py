"""What tests and the demo need of the local cloud and AWS has no call for. Loopback only, JSON, no signature.

| path under /_outrider/ | POST | GET | DELETE |
| --- | --- | --- | --- |
| faults | add a rule (local.faults.Fault) | the rules, and how often each was applied | drop all |
| rollouts | add a play (local.rollouts.Play) | the plays left | drop all |
| events | publish {"source", "detail-type", "resources", "detail"} as AWS itself | those published so far | - |
| custom-action | {"action": ARN, "findings": [Id]}: a person picks a Security Hub custom action | - | - |
| schedules | {"name": PATTERN}: fire these schedules now | - | - |

Account and region are the emulator's own, or those in the query string (`?account=…&region=…`).
"""

import json
from typing import Any

from local.bridge import Bridge
from local.faults import Fault, Faults, UnusableRule
from local.rollouts import Play, Rollouts, UnusablePlay
from local.schedules import Schedules
from local.security_hub import SecurityHub, UnusableClick

PREFIX = "/_outrider/"


class Control:
    """The control endpoints' answers."""

    def __init__(
        self, bridge: Bridge, faults: Faults, rollouts: Rollouts, hub: SecurityHub, schedules: Schedules
    ) -> None:
        self._bridge, self._faults, self._rollouts, self._hub = bridge, faults, rollouts, hub
        self._schedules = schedules

    def answer(self, method: str, path: str, body: bytes, place: tuple[str, str]) -> tuple[int, Any]:
        """(status, JSON). A request that cannot be used is a 400 with a sentence."""
        try:
            request = json.loads(body or b"{}")
            return self._route(method, path.removeprefix(PREFIX), request, place)
        except (UnusableRule, UnusablePlay, UnusableClick, TypeError) as error:
            return 400, {"error": str(error)}
        except json.JSONDecodeError:
            return 400, {"error": "The body is no JSON."}
        except KeyError as error:
            return 400, {"error": f"{error} is missing or unknown."}

    def _route(  # noqa: C901 - one case for each endpoint
        self, method: str, what: str, request: Any, place: tuple[str, str]
    ) -> tuple[int, Any]:
        match method, what:
            case "POST", "faults":
                self._faults.add(Fault.of(request))
            case "GET", "faults":
                return 200, [rule.json() for rule in self._faults.rules()]
            case "DELETE", "faults":
                self._faults.clear()
            case "POST", "rollouts":
                self._rollouts.add(Play.of(request))
            case "GET", "rollouts":
                return 200, [play.json() for play in self._rollouts.plays()]
            case "DELETE", "rollouts":
                self._rollouts.clear()
            case "POST", "events":
                self._bridge.publish(
                    request["source"], request["detail-type"], request.get("resources", ()), request["detail"]
                )
            case "GET", "events":
                return 200, self._bridge.published()
            case "POST", "custom-action":
                events = self._hub.custom_action(place, request["action"], request["findings"])
                self._bridge.publish_hub_events(events)
            case "POST", "schedules":
                return 200, self._schedules.come_due(request["name"])
            case _:
                return 404, {"error": f"There is no {method} {PREFIX}{what}. See local/control.py."}
        return 200, {}
