"""The blueprint that every page hangs on, and what a page answers with."""

from __future__ import annotations

from flask import Blueprint, Response
from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("pages", __name__)
Answer = str | Response | BaseResponse
