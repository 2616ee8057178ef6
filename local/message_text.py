"""A Slack message as the text that a person would see."""

import html
import re
from collections.abc import Mapping
from typing import Any


def as_text(message: Mapping[str, Any], without: tuple[str, ...] = ()) -> list[str]:
    """A Block Kit message as the lines that a person would see, not wrapped, without sections that begin so."""
    lines = list[str]()
    for block in message["blocks"]:
        match block["type"]:
            case "header":
                lines.append(block["text"]["text"])
            case "section":
                text = plain(block["text"]["text"])
                lines += [] if text.startswith(without) else text.split("\n")
            case "context":
                lines += [plain(element["text"]) for element in block["elements"]]
            case "actions":
                lines.append("  ".join(f"[ {element['text']['text']} ]" for element in block["elements"]))
            case _:
                pass
    return lines


def plain(mrkdwn: str) -> str:
    """A text without its formats; of links and dates what they show."""
    text = re.sub(r"<(?:!date\^|https://)[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    text = re.sub(r"\*([^*\n]+)\*", r"\1", text).replace("```", "\n").replace("`", "").strip("\n")
    return html.unescape(text).replace("\n\n", "\n")
