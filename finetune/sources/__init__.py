"""Readers of past conversations: csv, jsonl and xlsx, as questions or as whole dialogues."""

from finetune.sources.history import iter_history, read_history
from finetune.sources.rows import HistoryRow

__all__ = ["HistoryRow", "iter_history", "read_history"]
