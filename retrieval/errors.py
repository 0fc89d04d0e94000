"""What can go wrong in the search room.

KefuError
  EncoderError             an encoder cannot be loaded or used
  InputError
    LexiconError           a lexicon or synonyms file does not have the expected shape
    DocumentError          a knowledge file cannot be used
      UnsupportedFileError   its kind is not read
      UnreadableFileError    its bytes are not text of that kind
      EmptyFileError         there is no text in it
      FileTooLargeError      it is over the size limit
"""

from __future__ import annotations

from storage.errors import InputError, KefuError


class LexiconError(InputError):
    """A lexicon or synonyms file does not have the expected shape."""


class DocumentError(InputError):
    """A knowledge file cannot be used; the message says why and what to do."""


class UnsupportedFileError(DocumentError):
    """The file's suffix is not one that is read."""


class UnreadableFileError(DocumentError):
    """The file's bytes are not text, or not text of the kind its suffix names."""


class EmptyFileError(DocumentError):
    """The file holds no text."""


class FileTooLargeError(DocumentError):
    """The file is larger than a knowledge file may be."""


class EncoderError(KefuError):
    """An encoder cannot be loaded: not found, damaged, or not of the expected shape."""

    code = "encoder"
