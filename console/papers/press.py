"""Makes a PDF of HTML, as a program of its own: `python -m console.papers.press STYLESHEET`, HTML in, PDF out.

A web process is spared the time, the memory and the libraries that this takes. Nothing that the HTML names is loaded.
"""

import sys
from pathlib import Path
from typing import Final

# The exit code where WeasyPrint, or a library of the system that it needs, is not installed.
UNAVAILABLE: Final = 3


def main() -> None:
    """Read HTML and write a PDF."""
    try:
        import weasyprint  # noqa: PLC0415 - what it needs may be missing, which is to be told from other errors
    except (ImportError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(UNAVAILABLE)
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    html = weasyprint.HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=nothing)
    style = weasyprint.CSS(string=Path(sys.argv[1]).read_text(), url_fetcher=nothing)
    html.write_pdf(sys.stdout.buffer, stylesheets=[style], pdf_tags=True)


if __name__ == "__main__":
    main()
