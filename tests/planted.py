"""Credentials that nobody ever had, in every form that documents have them in. Made when asked: no scanner finds them here."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits
_CAPITALS, _SMALL, _HEX = string.ascii_uppercase + string.digits, string.ascii_lowercase + string.digits, "0123456789abcdef"


@dataclass(frozen=True)
class Planted:
    """A form: ``text`` as it stands in a document, and each ``secret`` in it, of which nothing may be left."""

    name: str
    text: str
    secrets: tuple[str, ...]


def planted(seed: int = 7) -> list[Planted]:
    """One of each form."""
    chance = random.Random(seed)

    def some(length: int, letters: str = _LETTERS) -> str:
        # With a digit and a letter, as whatever makes passwords sees to.
        return "7k" + "".join(chance.choice(letters) for _ in range(length - 2))

    def one(name: str, form: str, *secrets: str) -> Planted:
        return Planted(name, form.format(*secrets), secrets)

    def capitals(length: int) -> str:
        return "".join(chance.choice(_CAPITALS) for _ in range(length))

    def key(label: str, lines: int, indent: str = "", end: str = "\n") -> Planted:
        body = tuple(some(64) for _ in range(lines))
        whole = [f"-----BEGIN {label}-----", *body, f"-----END {label}-----"]
        return Planted(f"{label} {indent!r}", end.join(indent + line for line in whole), body)

    return [
        one("AWS id", "AWS id {}, rotated", "AKIA" + capitals(16)),
        one("AWS secret in quotes", 'aws_secret_access_key = "{}"', some(40)),
        one("AWS secret in the environment", "export AWS_SECRET_ACCESS_KEY={}", some(40)),
        one("GitHub", "with {} as token", "ghp_" + some(36)),
        one("GitHub, fine-grained", "with `{}`", "github_pat_" + some(60)),
        one("GitLab", "glab auth login --token {}", "glpat-" + some(20)),
        one("Slack token", "SLACK={}", "xoxb-123456789012-123456789012-" + some(24)),
        one("Slack webhook", "posted to {}", f"https://hooks.slack.com/services/T{capitals(8)}/B{capitals(8)}/{some(24)}"),
        one("Stripe", "{}", "sk_live_" + some(24)),
        one("SendGrid", "{}", f"SG.{some(22)}.{some(43)}"),
        one("PyPI", "{}", "pypi-AgEIcHlwaS5vcmc" + some(80)),
        one("npm", "//registry.npmjs.org/:_authToken={}", "npm_" + some(36)),
        one("Google", "{}", "AIza" + some(35)),
        one("OpenAI", "OPENAI={}", "sk-proj-" + some(60)),
        one("Vault", "vault login {}", "hvs." + some(90)),
        one("JWT", "seen in the log: {}", f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{some(43)}"),
        one("Telegram", "{}", "110201543:AA" + some(33)),
        one("Discord", "the Discord bot ({})", f"MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.{some(27)}"),
        one("Twilio", "{}", "SK" + some(32, _SMALL)),
        one("Azure", "DefaultEndpointsProtocol=https;AccountKey={};x", some(86) + "=="),
        one("Mailchimp", "{}", "".join(chance.choice(_HEX) for _ in range(32)) + "-us12"),
        one("ours", "Authorization with {}", "rcas_" + some(43)),
        one("address", "postgres://app:{}@db.internal/orders", some(12)),
        one("address without a name", "redis://:{}@cache:6379/0", some(12)),
        one("address, odd letters", "amqp://app:{}@mq/x", "p%40ss!w0rd$" + some(4)),
        one("environment", "PGPASSWORD={} psql -h db", some(10)),
        one("flag", "mysql --password={}", some(10)),
        one("JSON", '{{"db_password": "{}"}}', some(10) + "!"),
        one("YAML", "  password: {}", some(10)),
        one("YAML, base64", "  db-password: {}", "czNjcjN0" + some(8) + "=="),
        one("JDBC", "jdbc:sqlserver://h;user=sa;Password={};x", some(10)),
        one("kubectl", "kubectl create secret generic x --from-literal=password={}", some(10)),
        one("bearer", "curl -H 'Authorization: Bearer {}' https://x", some(30)),
        one("header", "X-Api-Key: {}", some(32)),
        one("curl", "curl -s -u admin:{} https://x", some(10)),
        one("query", "GET /y?api_key={}&z=1", some(20)),
        Planted("escaped", "the token ghp\\_" + (escaped := some(36)) + " was", (escaped,)),
        key("RSA PRIVATE KEY", 12),
        key("ENCRYPTED PRIVATE KEY", 4, "    "),
        key("OPENSSH PRIVATE KEY", 5, end="\\n"),
    ]
