"""Reads knowledge files: Markdown, HTML, plain text, CSV, PDF, Word and Excel."""

from retrieval.readers.reading import MAX_BYTES, SUFFIXES, Reading, read_document, read_file

__all__ = ["MAX_BYTES", "SUFFIXES", "Reading", "read_document", "read_file"]
