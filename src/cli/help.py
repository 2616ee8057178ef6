"""The layout of --help: plain text, folded to the terminal; a text goes below its name if the name is long."""

from typing import TYPE_CHECKING, Any

from cli.terminal import wrapped

if TYPE_CHECKING:  # rich is loaded only where something is printed for people
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

_COLUMN = 14
_UNFOLDED = 100_000


class Plain:
    """A help formatter, with the methods that cyclopts calls."""

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        wrapped(console, "Usage: " + _text(console, options, usage).strip().removeprefix("Usage: "))
        console.print()

    def render_description(self, console: "Console", options: "ConsoleOptions", description: Any) -> None:
        for paragraph in _text(console, options, description).split("\n\n"):
            wrapped(console, paragraph)
            console.print()

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        if not panel.entries:
            return
        console.print(f"{panel.title}:", markup=False, highlight=False)
        for entry in panel.entries:
            names = ", ".join(entry.display_labels_with_metavar)
            about = _text(console, options, entry.description)
            if entry.choices:
                about += f" One of {', '.join(entry.choices)} (default: {entry.default})."
            if len(names) <= _COLUMN - 4:
                wrapped(console, f"{names:{_COLUMN - 2}}{about}", 2, hanging=_COLUMN - 2)
            else:
                wrapped(console, names, 2)
                wrapped(console, about, _COLUMN)
        console.print()


def _text(console: "Console", options: "ConsoleOptions", thing: Any) -> str:
    """Return what rich would print, unfolded and without styles."""
    if not thing:
        return ""
    rendered = "".join(segment.text for segment in console.render(thing, options.update(width=_UNFOLDED)))
    return "\n".join(row.rstrip() for row in rendered.splitlines()).strip()
