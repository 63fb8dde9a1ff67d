"""Templates are taken out of a C++ test as the compiler would read them."""

import dataclasses

import pytest

from tokenizer_registry.building.template_sources import TemplateEdit, read_template_sources
from tokenizer_registry.building.template_texts import TemplateTest, template_tests
from tokenizer_registry.building.templates import edited

SOURCE = r"""
    struct TestCase { std::string name; };
    std::vector<TestCase> test_cases {
        {
            /* .name= */ "first",
            /* .template_str= */ "{{ 'a\n' }}" "{{ \"b\" }}",
            /* .expected_output= */ "old",
            /* .expected_output_jinja= */ "a\nb",
            /* .bos_token= */ "<s>",
            /* .eos_token= */ "",
        },
        {
            /* .name= */ "second",
            /* .template_str */ U8C("{{ '用户' }}"),
            /* .expected_output= */ u8"用户",
            /* .expected_output_jinja= */ "",
            /* .bos_token= */ "",
            /* .eos_token= */ "",
            /* .supported_with_jinja= */ true,
            /* .extra_conversation= */ {{"user", "What \"now\"?"}, {"assistant", "That."}},
        },
        {
            /* .name= */ "third",
            /* .template_str= */ "x",
            /* .expected_output= */ "x",
            /* .supported_with_jinja= */ false, // needs more
        },
    };
    std::vector<char> formatted_chat(1024);
"""


def test_cases_have_their_texts() -> None:
    """Literals side by side are one text, escapes are read, and what other engines expect is left out."""
    assert list(template_tests(SOURCE)) == [
        TemplateTest("first", "{{ 'a\n' }}{{ \"b\" }}", "a\nb", "<s>", ""),
        TemplateTest("second", "{{ '用户' }}", "用户", "", "", ("user", 'What "now"?', "assistant", "That.")),
    ]


@pytest.mark.parametrize(("text", "found"), [("a, b, c", "a, x, c"), ("a, c", None), ("b, b", None)])
def test_an_edit_is_of_one_passage(text: str, found: str | None) -> None:
    """A text without it, or with two, stops the build: the package has changed."""
    origin = next(iter(read_template_sources().templates))
    origin = dataclasses.replace(origin, edit=(TemplateEdit("b", "x"),))
    if found is None:
        with pytest.raises(ValueError, match=f"^{origin.name} has "):
            edited(origin, text)
    else:
        assert edited(origin, text) == found
