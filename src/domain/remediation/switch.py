"""The state of the kill switch: on or off for all accounts, and accounts in which it is off."""

import re
from dataclasses import dataclass, replace

_FORM = re.compile(r"(on|off)(?: without((?: \d{12})+))?")


@dataclass(frozen=True, slots=True)
class SwitchState:
    """Whether corrections are on, and accounts in which they are off anyway."""

    on: bool
    off_in: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "SwitchState":
        """Read `on`, `off` or `on without 111122223333`. What has another form is off."""
        found = _FORM.fullmatch(text.strip().lower())
        return cls(found[1] == "on", tuple((found[2] or "").split())) if found else cls(on=False)

    def turned(self, *, on: bool, account: str = "") -> "SwitchState":
        """Return it turned for all accounts, or for one."""
        if not account:
            return replace(self, on=on)
        others = {each for each in self.off_in if each != account}
        return replace(self, off_in=tuple(sorted(others if on else {*others, account})))

    def __str__(self) -> str:
        """Return the text of the parameter."""
        return " ".join(["on" if self.on else "off", *(["without", *self.off_in] if self.off_in else [])])
