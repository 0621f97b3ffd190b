"""Words of the screens: gettext catalogues, one a language, every key in each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh-CN", "en")
LANGUAGE_NAMES = {"zh-CN": "中文", "en": "EN"}
"""Each language by its own name: the same in every catalogue."""

DEFAULT = "zh-CN"
LOCALES = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True)
class Texts:
    """Words of one language."""

    language: str
    words: dict[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text under the key, its {names} filled in; KeyError when the catalogue has none."""
        text = self.words[key]
        return text.format(**values) if values else text

    def starting(self, *prefixes: str) -> dict[str, str]:
        """All texts whose key starts with one of the prefixes."""
        return {key: text for key, text in self.words.items() if key.startswith(prefixes)}


@cache
def load(language: str) -> Texts:
    """Words of a language; of the default for an unknown one."""
    chosen = language if language in LANGUAGES else DEFAULT
    path = LOCALES / chosen.replace("-", "_") / "LC_MESSAGES" / "cuntong.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=chosen.replace("-", "_"), abort_invalid=True)
    return Texts(chosen, {str(message.id): str(message.string) for message in catalogue if message.id})


def negotiate(cookie: str | None, accept_language: str) -> str:
    """Language of a visitor: the one chosen before, else the browser's first that we have."""
    if cookie in LANGUAGES:
        return str(cookie)
    for part in accept_language.split(","):
        wanted = part.split(";")[0].strip().lower()
        for language in LANGUAGES:
            if wanted and language.lower().split("-")[0] == wanted.split("-")[0]:
                return language
    return DEFAULT
