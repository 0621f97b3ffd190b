"""Log lines: one event word, then fields; to standard error, readable on a terminal and JSON elsewhere.

Every line of a request, and of a job that a request began, carries its `trace_id`. Fields that are named after secrets or personal data are
never written.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

HIDDEN = re.compile(
    r"(^|_)(password|passphrase|secret|token|cookie|authorization|credential|otp|auth_code|api_key|phone|mobile|identity_card|id_card|"
    r"home_address|guardian|email)s?$"
)
"""Names of fields whose values stay out of the log. Network addresses stay in: who knocks must be seen."""
_URL_WORD = re.compile(r"(?P<before>\w+://[^\s:/@]*:)[^\s@/]+@")
STARS = "***"


def configure(level: str = "info") -> None:
    """Set up structlog for this process."""
    renderer: structlog.types.Processor
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def hide(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor: secrets and personal data by the names of their fields, and passwords in URLs, become stars."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:
    if HIDDEN.search(name.lower()):
        return STARS
    if isinstance(value, dict):
        return {key: _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", inner) for inner in value]
    return _URL_WORD.sub(rf"\g<before>{STARS}@", value) if isinstance(value, str) else value
