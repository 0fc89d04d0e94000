"""The errors of the training room.

InputError                      400
├── SourceError                      a history or question file cannot be read at all
├── ShopFolderError                  a file of the shop folder says something unusable
├── WordingError                     a template's wording cannot be used
├── NotEnoughDataError               there is too little to train on
├── ChatModelError                   a chat model cannot be loaded for training
└── SettingsError                    training settings that do not go together
KefuError
├── AdapterDamagedError         500  an adapter's files are not what its manifest says
├── BundleDamagedError          500  a bundle's files are not what its manifest says
└── TrainingFailedError         500  a training process ended before its work was done
"""

from __future__ import annotations

from storage.errors import InputError, KefuError


class SourceError(InputError):
    """A history or question file cannot be read at all."""

    code = "bad_source"


class ShopFolderError(InputError):
    """A file of the shop folder is missing or says something that cannot be used."""

    code = "bad_shop_folder"


class WordingError(InputError):
    """A template's wording has something else in it than known variables and conditions."""

    code = "bad_wording"


class NotEnoughDataError(InputError):
    """There is too little labelled history to train on."""

    code = "not_enough_data"


class SettingsError(InputError):
    """Training settings that make no sense, or do not go together."""

    code = "bad_settings"


class ChatModelError(InputError):
    """A chat model of this name or path cannot be loaded, or is no chat model."""

    code = "bad_chat_model"


class AdapterDamagedError(KefuError):
    """An adapter's files are not what its manifest says, or it belongs to another chat model."""

    code = "adapter_damaged"


class BundleDamagedError(KefuError):
    """A bundle's files are missing or are not what its manifest says."""

    code = "bundle_damaged"


class TrainingFailedError(KefuError):
    """A training that runs in processes of its own ended before its work was done."""

    code = "training_failed"
