"""The settings table: where a value may come from, which source wins, and what a wrong value says."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from rcasearch.errors import SettingsError
from rcasearch.settings import Settings, describe


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "rcasearch.toml"
    path.write_text('port = 9001\nhost = "0.0.0.0"\nlimit = 3\n', encoding="utf-8")
    return path


def test_nothing_given_yields_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.load(env={}) == Settings()


def test_flag_beats_environment_beats_file_beats_default(toml: Path) -> None:
    settings = Settings.load({"port": "9003"}, {"RCASEARCH_PORT": "9002", "RCASEARCH_HOST": "10.0.0.1"}, toml)
    assert (settings.port, settings.host, settings.limit, settings.threads) == (9003, "10.0.0.1", 3, Settings().threads)


def test_a_flag_that_was_not_given_does_not_count(toml: Path) -> None:
    assert Settings.load({"port": None}, {}, toml).port == 9001


def test_a_file_in_the_working_folder_is_read(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toml.parent)
    assert Settings.load(env={}).port == 9001


def test_the_environment_may_name_the_settings_file(toml: Path) -> None:
    assert Settings.load(env={"RCASEARCH_CONFIG": str(toml)}).port == 9001


def test_a_value_may_be_the_content_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "port"
    secret.write_text("9004\n", encoding="utf-8")
    assert Settings.load(env={"RCASEARCH_PORT_FILE": str(secret)}).port == 9004
    assert Settings.load(env={"RCASEARCH_PORT_FILE": str(secret), "RCASEARCH_PORT": "9005"}).port == 9005


def test_an_unreadable_value_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"RCASEARCH_PORT_FILE names the file .*absent") as caught:
        Settings.load(env={"RCASEARCH_PORT_FILE": str(tmp_path / "absent")})
    assert "unset" in caught.value.hint


@pytest.mark.parametrize("value", ["", "http", "8080.5", "-1", "65536", "1e3"])
def test_a_wrong_number_names_the_variable_and_the_range(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"port, from RCASEARCH_PORT, .* from 0 to 65535") as caught:
        Settings.load(env={"RCASEARCH_PORT": value})
    assert caught.value.field == "port"


@pytest.mark.parametrize("text", ["port = true", "port = 80.5", "port = [80]"])
def test_a_number_of_the_wrong_type_in_the_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"port, from .*s\.toml"):
        Settings.load(env={}, config=path)


@pytest.mark.parametrize("text", ['host = ""', "host = 7", 'index = "  "'])
def test_text_must_be_text_and_not_empty(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="must be text that is not empty"):
        Settings.load(env={}, config=path)


def test_a_word_that_is_no_choice_is_refused_and_the_choices_are_told() -> None:
    assert Settings.load(env={"RCASEARCH_LOG_FORMAT": "json"}).log_format == "json"
    with pytest.raises(SettingsError, match=r"log_format, from RCASEARCH_LOG_FORMAT, is 'xml'; it must be one of: text, json"):
        Settings.load(env={"RCASEARCH_LOG_FORMAT": "xml"})


def test_an_unknown_setting_is_an_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("prot = 8080", encoding="utf-8")
    with pytest.raises(SettingsError, match="unknown settings: prot") as caught:
        Settings.load(env={}, config=path)
    assert "port" in caught.value.hint


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe"])
def test_a_broken_settings_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"s\.toml cannot be used"):
        Settings.load(env={}, config=path)


def test_a_named_settings_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml cannot be used"):
        Settings.load(env={}, config=tmp_path / "absent.toml")


def test_every_setting_is_described_and_its_default_is_valid() -> None:
    table = describe()
    assert [name for name, *_ in table] == [field.name for field in fields(Settings)]
    for name, variable, default, text in table:
        assert variable == f"RCASEARCH_{name.upper()}"
        assert text.endswith(".")
        assert str(getattr(Settings.load(env={variable: default}), name)) == default


@pytest.mark.parametrize("name", ["", "payments", "a", "0-9", "x" * 63])
def test_a_tenant_is_a_short_plain_name(name: str) -> None:
    assert Settings.load(env={"RCASEARCH_TENANT": name}).tenant == name


@pytest.mark.parametrize("name", ["Payments", "-a", "a/b", "..", "a b", "a\n", "ä", "x" * 64])
def test_another_tenant_is_refused_by_its_rule(name: str) -> None:
    with pytest.raises(SettingsError, match=r"tenant, from RCASEARCH_TENANT, is .* at most 63 small letters") as caught:
        Settings.load(env={"RCASEARCH_TENANT": name})
    assert caught.value.field == "tenant"


def test_the_secret_of_the_store_is_not_shown() -> None:
    assert "s3cret" not in repr(Settings(store_token="root:s3cret"))
