"""One new file, one new thing: a registry that walks its package and refuses duplicates."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from domain.errors import RefusedError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Registry(Generic[K, T]):
    """Things filed under keys by the modules of one package.

    Args:
        name: what is registered, for messages.
        package: package whose modules are imported on the first look-up; "" when things are filed by hand.
    """

    def __init__(self, name: str, package: str = "") -> None:
        self._name = name
        self._package = package
        self._things: dict[K, T] = {}
        self._walked = not package
        self._walking = threading.RLock()
        self._begun = False

    def add(self, key: K, thing: T) -> T:
        """File a thing; RefusedError when the key is taken."""
        if key in self._things:
            raise RefusedError(f"{self._name} {key!r} is registered twice", field=str(key), kind="conflict")
        self._things[key] = thing
        return thing

    def adding(self, key: K) -> Callable[[T], T]:
        """Decorator form of `add`."""
        return lambda thing: self.add(key, thing)

    def _walk(self) -> None:
        """Import the modules once; other threads wait, a module of the package that looks something up meanwhile does not."""
        if self._walked:
            return
        with self._walking:
            if self._begun:
                return
            self._begun = True
            package = importlib.import_module(self._package)
            for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"{self._package}.{module}")
            self._walked = True

    def get(self, key: K) -> T | None:
        """The thing under the key; None when there is none."""
        self._walk()
        return self._things.get(key)

    def __getitem__(self, key: K) -> T:
        thing = self.get(key)
        if thing is None:
            raise RefusedError(f"no {self._name} {key!r}", field=str(key), kind="missing")
        return thing

    def __iter__(self) -> Iterator[K]:
        self._walk()
        return iter(sorted(self._things, key=repr))

    def __len__(self) -> int:
        self._walk()
        return len(self._things)
