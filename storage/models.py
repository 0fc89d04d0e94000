"""All tables: importing this module fills `Base.metadata`."""

from __future__ import annotations

from storage.base import Base
from storage.models_learning import (
    BundleRow,
    DocumentRow,
    ExampleRow,
    ImportRow,
    KnowledgeStateRow,
    LiveBundleRow,
    PassageChangeRow,
    PassageRow,
    TemplateRevisionRow,
    TemplateRow,
    TemplateTextRow,
)
from storage.models_office import AuditRow, GeneratorUsageRow, JobRow, StaffRow, StaffTokenRow
from storage.models_talk import (
    ConversationRow,
    CustomerRow,
    FeedbackRow,
    MessageRow,
    OutboxRow,
    ReviewItemRow,
)

__all__ = [
    "AuditRow",
    "Base",
    "BundleRow",
    "ConversationRow",
    "CustomerRow",
    "DocumentRow",
    "ExampleRow",
    "FeedbackRow",
    "GeneratorUsageRow",
    "ImportRow",
    "JobRow",
    "KnowledgeStateRow",
    "LiveBundleRow",
    "MessageRow",
    "OutboxRow",
    "PassageChangeRow",
    "PassageRow",
    "ReviewItemRow",
    "StaffRow",
    "StaffTokenRow",
    "TemplateRevisionRow",
    "TemplateRow",
    "TemplateTextRow",
]
