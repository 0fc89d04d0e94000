"""Where a bundle's report is; light to import, so that serving it loads no model."""

from __future__ import annotations

from pathlib import Path

from storage.errors import NotFoundError

PAGE = "report.html"
VALUES = "report.json"

SERVED_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
"""For whoever serves the page; its own, in the page, names the one style sheet by its hash."""


def find_report(folder: Path) -> tuple[Path, Path]:
    """The page and its values as JSON, absolute; NotFoundError where the bundle has none."""
    page, values = folder.resolve() / PAGE, folder.resolve() / VALUES
    if not (page.is_file() and values.is_file()):
        raise NotFoundError(
            f"expected {PAGE} and {VALUES} in bundle {folder.name}, found none; "
            "`kefu retrain --force` writes them"
        )
    return page, values


def read_page(folder: Path) -> str:
    """The page of a bundle; NotFoundError where it has none."""
    return find_report(folder)[0].read_text(encoding="utf-8")
