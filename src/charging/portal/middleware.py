"""Each page in the language of its address, and closed to other sites."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import translation

from bloesem.console.guard import closed
from bloesem.console.trouble import language_asked, otherwise

#: What a page may be asked with at all.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
#: Addresses of programs, which refuse in their own way what they do not take.
PROGRAMS = "/api/"


class InItsLanguage:
    """Django's own words, addresses and forms follow the first part of the path; no cookie says which language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_asked(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            if request.method not in METHODS and not request.path.startswith(PROGRAMS):
                return otherwise(request, HttpResponseNotAllowed(METHODS))
            answer = self.get_response(request)
            if isinstance(answer, HttpResponseNotAllowed) and not answer.content:
                return otherwise(request, answer)  # what an address of programs refuses says so itself
            return closed(answer)
