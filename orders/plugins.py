"""Loads what the settings name by dotted path: gateways, carriers, the warehouse."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


@lru_cache
def load_plugins(setting: str, paths: tuple[str, ...]) -> Mapping[str, Any]:
    """Return one object of each class among `paths`, under the name that it gives itself, in the same order.

    `setting` is where the paths are from. Raises ImproperlyConfigured with a sentence, also for what a class misses in
    the settings.
    """
    found: dict[str, Any] = {}
    for path in paths:
        try:
            plugin = import_string(path)()
        except ImportError as error:
            raise ImproperlyConfigured(f"{setting} is wrong: {path} cannot be imported: {error}") from error
        except TypeError as error:
            raise ImproperlyConfigured(f"{setting} is wrong: {path} cannot be made: {error}") from error
        if plugin.name in found:
            raise ImproperlyConfigured(f"{setting} is wrong: two of its classes are named {plugin.name}.")
        found[plugin.name] = plugin
    return MappingProxyType(found)
