"""The targets of the settings file: what is right, and what is told about what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rcasearch.errors import SettingsError
from rcasearch.push import targets_of
from rcasearch.settings import Settings

SLACK: dict[str, Any] = {"kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/verysecret"}
NOTE: dict[str, Any] = {"kind": "pagerduty", "token": "tok-123", "from": "oncall@example.com"}


def test_the_settings_file_names_targets(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(SLACK["url"] + "\n", encoding="utf-8")
    config = tmp_path / "rcasearch.toml"
    config.write_text(
        f"""
        hook_token = "s3cret"
        [[push]]
        name = "oncall"
        kind = "slack"
        url_file = "{tmp_path / "url"}"
        hooks = ["alertmanager"]
        verdicts = ["strong"]
        [[push]]
        kind = "pagerduty"
        token = "tok-123"
        from = "oncall@example.com"
        """,
        encoding="utf-8",
    )
    settings = Settings.load(env={}, config=config)
    slack, note = targets_of(settings)
    assert (slack.name, slack.url, slack.hooks) == ("oncall", SLACK["url"], frozenset({"alertmanager"}))
    assert (note.name, note.url, note.hooks) == ("pagerduty", "https://api.pagerduty.com", frozenset({"pagerduty"}))
    assert slack.wants("alertmanager", "strong")
    assert not slack.wants("alertmanager", "possible")
    assert not slack.wants("grafana", "strong")
    assert note.wants("pagerduty", "possible")
    assert not note.wants("pagerduty", "none")
    for secret in ("verysecret", "tok-123", "s3cret"):
        assert secret not in repr(settings) + repr(slack) + repr(note)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({**SLACK, "kind": "teams"}, "kind must be one of: slack, pagerduty, webhook"),
        ({**SLACK, "colour": 1}, "unknown keys: colour"),
        ({**SLACK, "name": "On Call"}, "name must be a short word"),
        ({**SLACK, "name": "slack-command"}, "name must be a short word"),
        ({**SLACK, "hooks": ["sentry"]}, "hooks must be a list of some of: alertmanager"),
        ({**NOTE, "hooks": ["grafana"]}, "hooks must be a list of some of: pagerduty"),
        ({**SLACK, "hooks": []}, "hooks must be a list"),
        ({**SLACK, "verdicts": "strong"}, "verdicts must be a list of some of: strong, possible, none"),
        ({**SLACK, "limit": 0}, "limit must be a whole number from 1 to 10"),
        ({**SLACK, "private": "yes"}, "private must be true or false"),
        ({**SLACK, "token": "x"}, "token is for PagerDuty"),
        ({**SLACK, "template": "x"}, "template is for the kind webhook"),
        ({**SLACK, "url_file": "/nowhere"}, "url is given twice"),
        ({"kind": "slack", "url_file": "/verysecret"}, "names a file that cannot be read: No such file or directory"),
        *[
            ({"kind": "webhook", "url": f"http://{host}/x", "private": True}, "an address at which no receiver can be")
            for host in ("169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200", "0.0.0.0", "[::ffff:a9fe:a9fe]")
        ],
        ({"kind": "slack"}, "url must be an address"),
        ({**SLACK, "url": "ftp://hooks.slack.com/x"}, "url must be an address"),
        ({**SLACK, "url": "file:///etc/passwd"}, "url must be an address"),
        ({**SLACK, "url": "https://u:p@example.com/"}, "url must be an address"),
        ({**SLACK, "url": "https://example.com/\r\nX: y"}, "url must be an address"),
        ({**SLACK, "url": "http://example.com/"}, "must begin with https://"),
        ({**NOTE, "from": "me"}, "from must be the email address"),
        ({**NOTE, "token": ""}, "token must be an API key"),
        ({"kind": "webhook", "url": "https://e.com", "template": "{{ x"}, "template cannot be used"),
        ({"kind": "webhook", "url": "https://e.com", "headers": {"X": "a\nb"}}, "one line of ASCII"),
        ({"kind": "webhook", "url": "https://e.com", "headers": {"X:": "a"}}, "headers must be a table"),
    ],
)
def test_a_wrong_target_is_named_with_its_key_and_without_its_secrets(table: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        targets_of(Settings(push=json.dumps([table])))
    assert told in caught.value.message
    assert "verysecret" not in caught.value.message
    assert caught.value.field == "push"


@pytest.mark.parametrize("text", ["{", "7", '["a"]', json.dumps([SLACK, SLACK])])
def test_what_is_no_list_of_targets_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="The setting push"):
        targets_of(Settings(push=text))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:8/x", "http://10.0.0.1/x"])
def test_this_machine_and_private_networks_need_no_encryption(url: str) -> None:
    assert targets_of(Settings(push=json.dumps([{"kind": "webhook", "url": url}])))[0].url == url
