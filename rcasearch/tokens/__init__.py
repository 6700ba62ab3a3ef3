"""Tokens: who may ask, for what, and for how long. Only their hashes are kept."""

from rcasearch.tokens.file import TokenFile, TokenFileError, tokens_path
from rcasearch.tokens.token import ADMIN, ANY_TENANT, INGEST, METRICS, PREFIX, READ, SCOPES, Token, holder, secret

__all__ = [
    "ADMIN",
    "ANY_TENANT",
    "INGEST",
    "METRICS",
    "PREFIX",
    "READ",
    "SCOPES",
    "Token",
    "TokenFile",
    "TokenFileError",
    "holder",
    "secret",
    "tokens_path",
]
