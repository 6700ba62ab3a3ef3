"""Texts that an exported model must encode as sentence-transformers does, before it is trusted, and how that is judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rcasearch.encoders.base import Encoding, Tokens

# Least cosine of a passage vector, and of a passage's token vectors on the mean.
PASSAGE_FLOOR, TOKEN_FLOOR = 0.9999, 0.999
# The same where integers multiply. The default model has .993 and .994 here, and ranks incidents as it does otherwise.
INTEGER_FLOOR = 0.98

TEXTS = [
    "disk full",
    "TimeoutError: QueuePool limit of size 40 overflow 0 reached, connection timed out, timeout 30.00",
    "",
    " ",
    "a",
    "The naïve café in Köln answered 503; ndots:5 was to blame.",
    "故障 x509: certificate has expired \U0001f600 kubectl describe pod checkout-7d9f8c-xk2lp",
    "Straße ÅNGSTRÖM ﬁle\u00ad\u200bname \u0130stanbul Ελλάδα мир ́ e\u0301",
    "[CLS] a mark in the text [SEP] and [MASK] another [UNK] one [PAD]",
    "2025-03-07T09:12:44.120Z ERROR o.a.k.c.NetworkClient - [Consumer clientId=orders-3] Connection to node 2 could not be made",
    "Exception in thread main:\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n\n10.0.3.17:9092 HTTP/1.1 503 0x7f3a\r\n",
    "queue-gate reached its HPA ceiling of 40 replicas two minutes after the on-sale and stayed there at 96% CPU.",
    "Pods were OOMKilled (exit code 137) since the new image keeps whole uploads in memory; rolled back, limit raised to 1Gi.",
    "DNS lookups of payments.svc.cluster.local took five seconds each because conntrack dropped one of two parallel queries.",
    "the the the the the the the the the the the the the the the the the",
    "supercalifragilisticexpialidocious " * 3,
    "x" * 300,
    "word " * 100,
    "The primary failed over, and the replica was an hour behind. " * 40,
]


def write(path: Path, encoding: Encoding) -> None:
    """Keep what sentence-transformers makes of the texts."""
    np.savez(
        path,
        vectors=encoding.vectors,
        lengths=np.array([len(tokens.ids) for tokens in encoding.tokens], np.int64),
        ids=np.concatenate([tokens.ids for tokens in encoding.tokens]),
        states=np.concatenate([tokens.vectors for tokens in encoding.tokens]).astype(np.float16),
    )


def read(path: Path) -> Encoding:
    """What `write` kept. Raises OSError or ValueError."""
    with np.load(path, allow_pickle=False) as kept:
        ends = np.cumsum(kept["lengths"])[:-1]
        pairs = zip(np.split(kept["ids"], ends), np.split(kept["states"].astype(np.float32), ends), strict=True)
        return Encoding(kept["vectors"], tuple(Tokens(ids, states) for ids, states in pairs))


def difference(wanted: Encoding, found: Encoding, *, integers: bool = False) -> str:
    """How what was found differs from what was wanted, in words; empty where it does not, beyond rounding (to ``integers``)."""
    passage_floor, token_floor = (INTEGER_FLOOR, INTEGER_FLOOR) if integers else (PASSAGE_FLOOR, TOKEN_FLOOR)
    for text, one, other in zip(TEXTS, wanted.tokens, found.tokens, strict=True):
        if not np.array_equal(one.ids, other.ids):
            return f"it reads the text {text[:60]!r} as other tokens"
    cosines = (wanted.vectors * found.vectors).sum(axis=1)
    states = [float((one.vectors * other.vectors).sum(axis=1).mean()) for one, other in _pairs(wanted, found)]
    if (least := float(cosines.min())) < passage_floor:
        return f"the cosine of a passage vector is {least:.4f}, and {passage_floor} is asked"
    if (least := min(states)) < token_floor:
        return f"the mean cosine of a passage's token vectors is {least:.4f}, and {token_floor} is asked"
    return ""


def _pairs(wanted: Encoding, found: Encoding) -> list[tuple[Tokens, Tokens]]:
    return [pair for pair in zip(wanted.tokens, found.tokens, strict=True) if len(pair[0].ids)]
