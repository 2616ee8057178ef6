"""The page of Slack's messages: what a person sees, and nothing that a browser would run."""

from local.message_page import page


def section(text: str, **more: str) -> dict[str, object]:
    return {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}], **more}


def test_mrkdwn_is_shown_as_slack_shows_it() -> None:
    shown = page(
        [
            section(
                "*Rule:* a `word`\n<https://a.example/?x=1&amp;y=2|a link> <!date^1^{date}|2026-11-29>\n```- a\n+ b```"
            )
        ]
    )
    assert "<b>Rule:</b> a <code>word</code><br>" in shown
    assert '<a href="https://a.example/?x=1&amp;y=2">a link</a> 2026-11-29<br>' in shown
    assert "<pre>- a\n+ b</pre>" in shown


def test_what_a_name_contains_is_text() -> None:
    shown = page([section("&lt;script&gt;alert(1)&lt;/script&gt; <https://a.example/|&lt;b&gt;>")])
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert ">&lt;b&gt;</a>" in shown


def test_a_reply_stands_below_the_first_message_of_its_thread() -> None:
    shown = page([section("FIRST", ts="1"), section("SECOND", ts="2"), section("REPLY", ts="3", thread_ts="1")])
    assert shown.index("FIRST") < shown.index("REPLY") < shown.index("SECOND")
