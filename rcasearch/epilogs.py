"""What stands under the help of each command: when to use it, and examples."""

from __future__ import annotations

MAIN = """\
examples:
  rcasearch index ~/rcas                          read a folder of markdown RCAs
  rcasearch search checkout returns 503           what looked like this before?
  pbpaste | rcasearch search -                    the same for a pasted alert
  pbpaste | rcasearch read -                      what is understood of it?
  rcasearch show 2024-03-14-checkout-503          read one incident
  rcasearch recurrences                           what happened again, and which fixes held?
  rcasearch serve                                 the same in a browser, and as an HTTP API

exit codes: 0 done, 1 not found (or, with index --strict, problems), 2 usage, settings or
query wrong, 3 no index or one that cannot be used, 130 interrupted"""

INDEX = """\
Where nothing changed it takes a moment, and only what changed is encoded again, so run it as
often as you like. A search that is running meanwhile keeps the old index; a server picks the
new one up.

examples:
  rcasearch index ~/rcas                          one folder, with all folders below it
  rcasearch index ~/rcas ../wiki/postmortems      several
  rcasearch index ~/rcas --index indexes/team     another index beside the default one
  rcasearch index docs/rcas --strict              in CI: fail when a document has a problem"""

SEARCH = """\
Describe what you see, or paste the alert, log or stack trace as it is. An incident must match
every filter; a filter given twice takes either value.

examples:
  rcasearch search checkout returns 503 and all workers wait
  rcasearch search -k 3 --service checkout --since 2025-01-01 pool timeout
  rcasearch search --ignore service:checkout "checkout cannot reach the database"
  rcasearch search --severity SEV1 --severity SEV2 "certificate has expired"
  kubectl logs deploy/checkout --tail 50 | rcasearch search -
  rcasearch search --json "disk full" | jq '.hits[].id'"""

READ = """\
A payload of Alertmanager, Grafana, PagerDuty, Opsgenie, Datadog, CloudWatch, Sentry or CloudEvents
is recognised by its shape; of other JSON the fields that speak are read. Any other text is
searched as it is. Suggested filters are only suggested.

examples:
  pbpaste | rcasearch read -
  kubectl describe pod checkout-7d9f | rcasearch read -
  rcasearch read --json - < webhook.json"""

SIMILAR = """\
A is similar to B without B being among the most similar of A: each list holds its own best.

examples:
  rcasearch similar 2024-03-14-checkout-503
  rcasearch similar 2024-03-14-checkout-503 -k 5 --json"""

SHOW = """\
examples:
  rcasearch show 2024-03-14-checkout-503             for reading
  rcasearch show 2024-03-14-checkout-503 --markdown  the document as it was written
  rcasearch show 2024-03-14-checkout-503 --json      for programs"""

INSIGHTS = """\
The last twelve months are printed. An incident of several services counts for each of them.

examples:
  rcasearch insights
  rcasearch insights --service checkout --since 1y
  rcasearch insights --json | jq '.months[] | [.name, .incidents, .minutes]'"""

RECURRENCES = """\
Incidents of one failure stand together. A fix held if the failure did not come back to a service
that it had hit. With filters: the failures of which at least one incident passes.

examples:
  rcasearch recurrences                              the one that happened last first
  rcasearch recurrences --order minutes -k 3         what cost most time?
  rcasearch recurrences --service checkout --since 1y
  rcasearch recurrences 2024-03-14-checkout-503      each time, with its cause and its fix
  rcasearch recurrences --json | jq '.recurrences[].name'"""

MCP = """\
An agent that runs on this machine starts it by itself and talks to it on stdin and stdout. It
needs the extra mcp: pip install 'rcasearch[mcp]'. docs/recipes.md has configurations.

examples:
  rcasearch mcp                                   for an agent that starts it
  rcasearch mcp --http                            at http://127.0.0.1:8081/mcp for those that do not"""

PUSH = """\
`serve` sends the answers of hooks on to the targets of the settings file. What cannot be
delivered is tried again for some hours, and then lies dead until you retry or drop it.

examples:
  rcasearch push list                             what waits, what is dead, and why
  rcasearch push retry 17 18                      once the receiver is mended
  rcasearch push retry --dead                     all that are dead
  rcasearch push drop --dead                      forget them"""

DOCTOR = """\
Reads documents as `index` does, and makes nothing. Exits with 1 where anything is wrong, so that
a change to the documents can be checked before it is merged.

examples:
  rcasearch doctor path/to/rcas                   what is wrong, by file and line
  rcasearch doctor --json | jq -r '.[].path'      which documents of the index are meant"""

TOKENS = """\
A token is told once, when it is made; only its hash is kept. A running server knows of a change at
once. While there is none, `serve` answers whoever uses this machine; with one, only who has one.

examples:
  rcasearch token add ana --label security        ana may read, documents labelled security too
  rcasearch token add alertmanager --scope ingest --days 0
  rcasearch token add prometheus --scope metrics
  rcasearch token list                            whose there are, for what, until when
  rcasearch token revoke ana"""

EVAL = """\
A judged query is a line of JSON: {"id": "q1", "text": "what is seen", "kind": "symptom",
"relevant": {"file stem or incident id": grade}}; a kind is symptom, alert, cause or none.
With --from-links there are no queries to write: what one incident tells of its symptoms is
the query, the incidents that it is linked with are the answers, and all links are hidden.
The main figures stay beside the index; the page /about shows them.

examples:
  rcasearch eval --queries seeds/queries.jsonl --index indexes/seeds
  rcasearch eval --queries judged.jsonl --ranker plain       every section a chunk, best cosine
  rcasearch eval --queries judged.jsonl --run run.jsonl      write the rankings down as well
  rcasearch eval --queries judged.jsonl --ablate             what each leg of the ranking is worth
  rcasearch eval --from-links --past-only                    your own documents, as on the day"""
