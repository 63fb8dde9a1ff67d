"""Characters that are composed behind some others: counted as the owner's library does, most of them in C."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokenizer_registry import Registry
from tokenizer_registry.native.batch_counter import NativeVocabulary
from tokenizer_registry.native.characters import read_characters

# In the forms NFC and NFKC.
VOCABULARIES = ("qwen2", "deepseek-v3", "claude-2")
PAIRS = [*read_characters().pairs, *read_characters().marked_pairs]
# Both characters of all pairs, marks that compose with nothing, letters of scripts with such marks, parts of Hangul.
CHARACTERS = sorted(
    {*"".join(PAIRS), *"\u09cd\u0e48\u064e\u05b0\u0f39 ab\n", *"\u0915\u0921\u0995\u0ba4\u1100\u1161\u11a8가각"}
)
texts = st.lists(st.sampled_from(CHARACTERS) | st.sampled_from(PAIRS), max_size=12).map("".join)
# Texts in NFC with vowel signs and nuktas that compose behind other letters than these.
NATURAL = {
    "Bengali": "বাংলাদেশের বড়ো শহর ঢাকায় আষাঢ় মাসে বৃষ্টি হয় খাবার ভালো লাগে",
    "Hindi": "लड़का पढ़ाई करता है ख़बर सड़क पर गाड़ी ज़रूरी काम",
    "Tamil": "தமிழ் நாட்டில் வாழும் மக்கள் பாடல்கள் கேட்டார்கள் கோவில்",
    "Kannada": "ಕನ್ನಡ ನಾಡಿನ ಜನರು ಹೂಗಳು ಕೂಡಿ ಬಾಳುತ್ತಾರೆ",
    "Malayalam": "മലയാളം സംസാരിക്കുന്ന ആളുകൾ കേരളത്തിൽ പാട്ടുകൾ പാടുന്നു",
    "Burmese": "မြန်မာနိုင်ငံ ပညာရေး ကြီးမားသော မြို့",
}


@settings(max_examples=1500, deadline=None)
@given(text=texts)
@example(text="\u09c7\u09be")
@example(text="\u0995\u09be\u09bc\u09be")
@example(text="\u0928\u093c \u0915\u093c")
@example(text="a\u0323\u0301e\u0301")
@pytest.mark.parametrize("name", VOCABULARIES)
def test_counts_are_those_of_the_owners_library(fast: Registry, registry: Registry, name: str, text: str) -> None:
    """Whether the characters compose or stay as they are."""
    assert fast.vocabulary(name).count(text) == registry.vocabulary(name).count(text)


@pytest.mark.parametrize("language", NATURAL)
def test_texts_in_the_form_are_counted_at_once(fast: Registry, language: str) -> None:
    """No word of a usual text is left to Python, which would normalize it for nothing."""
    vocabulary = fast.vocabulary("qwen2")
    assert isinstance(vocabulary, NativeVocabulary)
    engine = vocabulary.engine
    count_one = engine.counter_set.count_one(engine.slot)
    assert count_one(NATURAL[language], False) == vocabulary.count(NATURAL[language])
