from pathlib import PurePath

from hypothesis import given
from hypothesis import strategies as st

from retrieval.chunking import LONGEST, LONGEST_SENTENCE, SHORTEST, chunk
from retrieval.readers import read_document
from retrieval.sentences import split_sentences
from retrieval.types import ParsedDocument, Section

sentence = st.sampled_from(
    [
        "七天内可以无理由退货。",
        "Returns are free within 30 days. ",
        "运费12.5元，满99元包邮；",
        "\n\n",
        "\n尺码: M | 胸围: 96。厘米 | 肩宽: 40",
        "\n- Dr. Smith, e.g. at 3 p.m. today\n",
        "这是一个" + "很" * 200 + "长的句子。",
        "x" * 700 + ". ",
        "好",
    ]
)


@st.composite
def documents(draw):
    texts = ["".join(part) for part in draw(st.lists(st.lists(sentence, max_size=30), max_size=4))]
    sections, position = [], 0
    for number, text in enumerate(texts):
        sections.append(Section(f"章 > {number}", position, position + len(text)))
        position += len(text) + 1
    return ParsedDocument("d.md", "d", "\n".join(texts), tuple(sections), "zh")


@given(documents())
def test_passages_are_whole_sentences_within_one_section(document):
    passages = chunk(document)
    boundaries = {section.heading: section for section in document.sections}
    for passage in passages:
        section = boundaries[passage.heading]
        assert passage.text == document.text[passage.start : passage.end]
        assert section.start <= passage.start < passage.end <= section.end
        assert passage.text == passage.text.strip()
    for section in document.sections:
        mine = [passage for passage in passages if passage.heading == section.heading]
        for start, end in split_sentences(document.text[section.start : section.end]):
            if end - start > LONGEST_SENTENCE:
                continue
            first, last = start + section.start, end + section.start
            assert any(each.start <= first and last <= each.end for each in mine)


@given(documents())
def test_passages_follow_each_other_and_fit(document):
    passages = chunk(document)
    for before, after in zip(passages, passages[1:], strict=False):
        assert before.end <= after.start
    for passage in passages:
        assert len(passage.text) <= LONGEST or len(split_sentences(passage.text)) == 1


def test_a_section_is_divided_into_passages_of_the_usual_length():
    text = "这是一句关于退货的话。" * 300
    document = ParsedDocument("d", "d", text, (Section("", 0, len(text)),), "zh")
    lengths = [len(passage.text) for passage in chunk(document)]
    assert all(SHORTEST <= length <= LONGEST for length in lengths)
    assert sum(lengths) == len(text)


def test_a_paragraphs_end_is_taken_where_it_comes():
    paragraph = "一段话。" * 90
    text = f"{paragraph}\n\n{paragraph}"
    document = ParsedDocument("d", "d", text, (Section("", 0, len(text)),), "zh")
    assert [passage.text for passage in chunk(document)] == [paragraph, paragraph]


def test_text_without_sentences_is_cut_into_pieces_all_the_same():
    text = "字" * 20_000
    document = ParsedDocument("d", "d", text, (Section("", 0, len(text)),), "zh")
    passages = chunk(document)
    assert "".join(passage.text for passage in passages) == text
    assert max(len(passage.text) for passage in passages) <= LONGEST


def test_heading_questions_and_language_go_with_the_passage():
    text = (
        "# Help\n\n## How do I return it?\n\nSend it back to us.\n\n## 运费\n\n运费由我们承担。\n"
    )
    passages = chunk(read_document(PurePath("help.md"), text.encode())[0])
    assert [(each.heading, each.questions, each.language) for each in passages] == [
        ("How do I return it?", ("How do I return it?",), "en"),
        ("运费", (), "zh"),
    ]


def test_a_sentence_cut_at_a_space_leaves_the_space_out():
    text = "x" * 400 + " " + "y" * 1_999
    document = ParsedDocument("d.md", "d", text, (Section("", 0, len(text), ()),), "en")
    assert [passage.text for passage in chunk(document)][0] == "x" * 400
