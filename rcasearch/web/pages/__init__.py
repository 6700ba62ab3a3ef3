"""The pages: the same dicts as the API, through templates. Everything works without JavaScript."""

from rcasearch.web.pages import about, incident, insights, landscape, listing, recurrences, search, sign_in
from rcasearch.web.pages.routes import blueprint

__all__ = ["about", "blueprint", "incident", "insights", "landscape", "listing", "recurrences", "search", "sign_in"]
