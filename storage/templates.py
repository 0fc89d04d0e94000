"""Answer templates: permanent ids, live wording, revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from storage.base import chunks, utc_now
from storage.database import insert_or_ignore
from storage.errors import NotFoundError
from storage.models import TemplateRevisionRow, TemplateRow, TemplateTextRow
from storage.normalise import text_key
from storage.types import Template, TemplateDraft

EDITOR_DISCOVERY = "discovery"
EDITOR_SHOP = "shop"

_RANK = {EDITOR_DISCOVERY: 0, EDITOR_SHOP: 1}
_PRODUCT_RANK = 2


class Templates:
    """The templates of one session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def get(self, template_id: int) -> Template:
        """The template of this id at its newest revision, retired or not."""
        return _template(self._row(template_id))

    def by_name(self, name: str) -> Template | None:
        """The template of this name, retired or not."""
        row = self._session.scalar(select(TemplateRow).where(TemplateRow.name == name))
        return None if row is None else _template(row)

    def all(self, *, include_retired: bool = False) -> list[Template]:
        """Every template in the order of its id."""
        query = select(TemplateRow).order_by(TemplateRow.id)
        if not include_retired:
            query = query.where(TemplateRow.retired_by.is_(None))
        return [_template(row) for row in self._session.scalars(query)]

    def stamp(self) -> str:
        """Moves whenever any template is made, revised, retired or revived; cheap to read."""
        columns = (
            func.count(TemplateRow.id),
            func.sum(TemplateRow.revision),
            func.count(TemplateRow.retired_by),
            func.max(TemplateRow.updated_at),
        )
        return "/".join(map(str, self._session.execute(select(*columns)).one()))

    def save(self, draft: TemplateDraft, *, editor: str) -> Template:
        """Create the template, or give it a new revision if the draft says something else.

        Discovery never overrides the shop's files, and neither overrides an edit made in the
        product (any other editor): the stored template then comes back as it was.
        """
        row = self._session.scalar(select(TemplateRow).where(TemplateRow.name == draft.name))
        if row is None:
            row = self._create(draft, editor)
        elif _may_edit(row, editor):
            self._revise(row, draft, editor)
        return _template(row)

    def retire(self, template_id: int, *, editor: str = "staff") -> None:
        """Stop using a template; its id, its revisions and its wordings stay."""
        row = self._row(template_id)
        row.retired_by = row.retired_by or editor
        row.updated_at = utc_now()
        self._session.flush()

    def add_variant(self, template_id: int, text_key: str) -> bool:
        """Let a wording stand for this template; False if it stands for another live one."""
        self._row(template_id)
        return self.add_variants({text_key: template_id}) == 1

    def add_variants(self, template_ids: Mapping[str, int]) -> int:
        """Let each wording (by its key) stand for a template; say how many now do.

        A wording that already stands for another template stays there, unless that one is
        retired.
        """
        if not template_ids:
            return 0
        keys = list(template_ids)
        self._forget_retired(keys)
        rows = [{"text_key": key, "template_id": template_ids[key]} for key in keys]
        self._session.execute(insert_or_ignore(self._session, TemplateTextRow), rows)
        known = self.find_by_texts(keys)
        return sum(known.get(key) == template_id for key, template_id in template_ids.items())

    def find_by_text(self, text_key: str) -> int | None:
        """The template that this wording stands for: its own text, or one merged into it."""
        return self.find_by_texts([text_key]).get(text_key)

    def find_by_texts(self, text_keys: Iterable[str]) -> dict[str, int]:
        """As `find_by_text` for many; unknown wordings are left out."""
        found: dict[str, int] = {}
        for some in chunks(text_keys):
            query = select(TemplateTextRow.text_key, TemplateTextRow.template_id).where(
                TemplateTextRow.text_key.in_(some)
            )
            found.update((key, template_id) for key, template_id in self._session.execute(query))
        return found

    def revision_text(self, template_id: int, revision: int) -> dict[str, tuple[str, ...]]:
        """How the template read at this revision, per language."""
        row = self._session.get(TemplateRevisionRow, (template_id, revision))
        if row is None:
            raise NotFoundError(f"template {template_id} has no revision {revision}")
        return _texts(row.texts)

    def _row(self, template_id: int) -> TemplateRow:
        row = self._session.get(TemplateRow, template_id)
        if row is None:
            raise NotFoundError(f"there is no template {template_id}")
        return row

    def _create(self, draft: TemplateDraft, editor: str) -> TemplateRow:
        now = utc_now()
        row = TemplateRow(
            name=draft.name,
            origin=draft.origin,
            revision=1,
            editor=editor,
            retired_by=None,
            created_at=now,
            updated_at=now,
            **_content(draft),
        )
        self._session.add(row)
        self._session.flush()
        self._keep_revision(row)
        return row

    def _revise(self, row: TemplateRow, draft: TemplateDraft, editor: str) -> None:
        content = _content(draft)
        changed = any(getattr(row, name) != value for name, value in content.items())
        if not changed and row.retired_by is None:
            return
        row.retired_by = None
        row.updated_at = utc_now()
        if changed:
            for name, value in content.items():
                setattr(row, name, value)
            row.revision += 1
            row.editor = editor
        self._session.flush()
        if changed:
            self._keep_revision(row)

    def _keep_revision(self, row: TemplateRow) -> None:
        values = {
            "template_id": row.id,
            "revision": row.revision,
            "texts": row.texts,
            "slots": row.slots,
            "action": row.action,
            "results": row.results,
            "protected": row.protected,
            "editor": row.editor,
            "created_at": row.updated_at,
        }
        self._session.execute(insert(TemplateRevisionRow).values(values))
        wordings = [text for texts in row.texts.values() for text in texts]
        self.add_variants({text_key(text): row.id for text in wordings})

    def _forget_retired(self, keys: Sequence[str]) -> None:
        retired = select(TemplateRow.id).where(TemplateRow.retired_by.is_not(None))
        for some in chunks(keys):
            forgotten = (
                delete(TemplateTextRow)
                .where(
                    TemplateTextRow.text_key.in_(some),
                    TemplateTextRow.template_id.in_(retired),
                )
                .execution_options(synchronize_session=False)
            )
            self._session.execute(forgotten)


def _may_edit(row: TemplateRow, editor: str) -> bool:
    holder = row.editor if row.retired_by is None else row.retired_by
    return _rank(editor) >= _rank(holder)


def _rank(editor: str) -> int:
    return _RANK.get(editor, _PRODUCT_RANK)


def _content(draft: TemplateDraft) -> dict[str, object]:
    return {
        "texts": {language: list(texts) for language, texts in draft.texts.items()},
        "slots": list(draft.slots),
        "action": draft.action,
        "results": {language: list(texts) for language, texts in draft.results.items()} or None,
        "protected": draft.protected,
    }


def _texts(stored: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(texts) for language, texts in stored.items()}


def _template(row: TemplateRow) -> Template:
    return Template(
        id=row.id,
        name=row.name,
        texts=_texts(row.texts),
        revision=row.revision,
        slots=tuple(row.slots),
        action=row.action,
        protected=row.protected,
        origin=row.origin,
        retired=row.retired_by is not None,
        results=_texts(row.results or {}),
    )
