"""A client of the HTTP API, for programs that ask a server: needs the extra ``client``, and no index.

>>> from rcasearch.client import Client
>>> with Client("http://127.0.0.1:8080") as client:         # doctest: +SKIP
...     found = client.search("checkout returns 503", limit=3, service="checkout")
...     print(found.verdict, [hit.title for hit in found.hits])
"""

from rcasearch.client.failures import ApiError
from rcasearch.client.records import Hit, Incident, Page, Results, Summary
from rcasearch.client.recurrences import Recurrence
from rcasearch.client.service import Index
from rcasearch.client.session import Client, Filter

__all__ = ["ApiError", "Client", "Filter", "Hit", "Incident", "Index", "Page", "Recurrence", "Results", "Summary"]
