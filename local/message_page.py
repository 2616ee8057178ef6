"""Slack's messages as a page: Block Kit as a person sees it, in a browser."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_REFRESH_SECONDS = 2
_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.46 Lato, "Helvetica Neue", Arial, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
article { border-left: 4px solid #8886; padding: .1rem 1rem; margin: 1.5rem 0 }
article.reply { margin-left: 2.5rem }
h2 { font-size: 1.15rem; margin: .6rem 0 .3rem }
p { margin: .5rem 0; overflow-wrap: anywhere }
pre, code { font: 12.5px/1.5 Menlo, Consolas, monospace; background: #8882; border-radius: 3px }
pre { padding: .5rem; overflow-x: auto }
code { padding: 0 .2rem }
small { opacity: .75 }
.button { display: inline-block; border: 1px solid #8888; border-radius: 4px; padding: .25rem .75rem; margin: .2rem }
"""
_PARTS = re.compile(r"```(?P<block>.*?)```|`(?P<code>[^`\n]+)`|<(?P<link>[^<>]+)>|\*(?P<bold>[^*\n]+)\*", re.DOTALL)


def page(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the channel as an HTML document that loads itself again; replies stand below their thread's first."""
    shown = "\n".join(_message(each) for each in _in_threads(messages)) or "<p>No message yet.</p>"
    refresh = f'<meta http-equiv="refresh" content="{_REFRESH_SECONDS}">'
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}<title>Slack, on this machine</title>'
        f"<style>{_STYLE}</style></head><body><h1># outrider</h1>\n{shown}\n</body></html>\n"
    )


def _in_threads(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for each in messages:
        if "thread_ts" not in each:
            yield each
            yield from (reply for reply in messages if each.get("ts") and reply.get("thread_ts") == each["ts"])


def _message(message: Mapping[str, Any]) -> str:
    kind = ' class="reply"' if "thread_ts" in message else ""
    blocks = "".join(_block(block) for block in message.get("blocks", ()))
    return f"<article{kind}>{blocks or f'<p>{_mrkdwn(message.get("text", ""))}</p>'}</article>"


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h2>{html.escape(block['text']['text'])}</h2>"
        case "section":
            return f"<p>{_mrkdwn(block['text']['text'])}</p>"
        case "context":
            return f"<p><small>{' '.join(_mrkdwn(element['text']) for element in block['elements'])}</small></p>"
        case "actions":
            return f"<p>{''.join(_button(element) for element in block['elements'])}</p>"
        case "divider":
            return "<hr>"
        case _:
            return ""


def _button(element: Mapping[str, Any]) -> str:
    label, url = html.escape(element["text"]["text"]), element.get("url", "")
    return f'<a class="button" href="{html.escape(url)}">{label}</a>' if url else f'<span class="button">{label}</span>'


def _mrkdwn(text: str) -> str:
    found, end = list[str](), 0
    for match in _PARTS.finditer(text):
        found.append(_text(text[end : match.start()]))
        end = match.end()
        if (block := match["block"]) is not None:
            found.append(f"<pre>{_plain(block.strip(chr(10)))}</pre>")
        elif (code := match["code"]) is not None:
            found.append(f"<code>{_plain(code)}</code>")
        elif (link := match["link"]) is not None:
            found.append(_link(link))
        else:
            found.append(f"<b>{_mrkdwn(match['bold'])}</b>")
    return "".join([*found, _text(text[end:])])


def _link(link: str) -> str:
    """A link, or a date, for which its fallback is shown."""
    address, _, label = link.partition("|")
    if address.startswith("!"):
        return _plain(label)
    return f'<a href="{_plain(address)}">{_plain(label or address)}</a>'


def _text(text: str) -> str:
    return _plain(text).replace("\n", "<br>")


def _plain(text: str) -> str:
    """What Slack escapes is the text itself; a page escapes more."""
    return html.escape(html.unescape(text))
