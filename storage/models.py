"""All tables: importing this module fills `Base.metadata`."""

from __future__ import annotations

from storage.base import Base
from storage.models_channel import AttachmentRow, DeskPostRow, DeskThreadRow, ShownDraftRow
from storage.models_desk import CannedReplyRow, RatingRow, StoredFileRow, UsedNonceRow
from storage.models_learning import (
    AdapterRow,
    AttachedQuestionRow,
    BundleRow,
    DocumentRow,
    ExampleRow,
    ImportRow,
    KnowledgeStateRow,
    LiveAdapterRow,
    LiveBundleRow,
    PassageChangeRow,
    PassageRow,
    TemplateRevisionRow,
    TemplateRow,
    TemplateTextRow,
)
from storage.models_office import (
    AuditRow,
    GeneratorUsageRow,
    JobRow,
    SearchTestRow,
    StaffRow,
    StaffTokenRow,
)
from storage.models_service import ServiceRequestRow, VerificationFailureRow
from storage.models_talk import (
    ConversationRow,
    CustomerRow,
    FeedbackRow,
    MessageRow,
    OutboxRow,
    ReviewItemRow,
)

__all__ = [
    "AdapterRow",
    "AttachedQuestionRow",
    "AttachmentRow",
    "AuditRow",
    "Base",
    "BundleRow",
    "CannedReplyRow",
    "ConversationRow",
    "CustomerRow",
    "DeskPostRow",
    "DeskThreadRow",
    "DocumentRow",
    "ExampleRow",
    "FeedbackRow",
    "GeneratorUsageRow",
    "ImportRow",
    "JobRow",
    "KnowledgeStateRow",
    "LiveAdapterRow",
    "LiveBundleRow",
    "MessageRow",
    "OutboxRow",
    "PassageChangeRow",
    "PassageRow",
    "RatingRow",
    "ReviewItemRow",
    "ServiceRequestRow",
    "ShownDraftRow",
    "SearchTestRow",
    "StaffRow",
    "StaffTokenRow",
    "StoredFileRow",
    "TemplateRevisionRow",
    "TemplateRow",
    "TemplateTextRow",
    "UsedNonceRow",
    "VerificationFailureRow",
]
