"""Static files as production serves them: compressed, under names that carry a hash of their content."""

from typing import Final

from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_MODULES: Final = "js/*.js"
IMPORT: Final = r"""(?P<matched>import (?P<names>(?:[^;"]+ from )?)"(?P<url>\./[^"]+)";)"""


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise is untyped
    """Puts the hashed names into the imports of JavaScript modules too, so that each may be kept for ever.

    Only into those of our own: Django's `support_js_module_import_aggregation` reads every script there is, and fails
    at one that django-htmx brings along, whose imports lead nowhere.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (OUR_MODULES, ((IMPORT, 'import %(names)s"%(url)s";'),)),
    )
