"""The console's templates without their indentation, which is for those who read them: pages need not carry it."""

import re
from typing import Final

from django.template import Origin
from django.template.loaders import filesystem

INDENTATION: Final = re.compile(r"^[ \t]+", re.MULTILINE)


class UnindentedLoader(filesystem.Loader):
    """Django's own, but lines begin with what they say. What is put into a page keeps its spaces."""

    def get_contents(self, origin: Origin) -> str:
        """Return the source; each line stays the line that an error names."""
        return INDENTATION.sub("", super().get_contents(origin))
