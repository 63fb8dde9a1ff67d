"""Chat templates out of pinned packages: files, tokenizer configurations, cases of a test, a generator's output."""

import ast
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tokenizer_registry.building.packages import member
from tokenizer_registry.building.template_sources import TemplateKind, TemplateOrigin

# Runs the owner's generator; what it imports and does not use here is left out.
GENERATE: Final = """
import sys, types

languages = types.ModuleType("pydantic_extra_types.language_code")
languages.LanguageAlpha2 = str
sys.modules["pydantic_extra_types"] = types.ModuleType("pydantic_extra_types")
sys.modules["pydantic_extra_types.language_code"] = languages
from mistral_common.integrations.chat_templates.template_generator import TemplateConfig, build_chat_template
from mistral_common.tokens.tokenizers.base import TokenizerVersion

version, *flags = sys.argv[1].split()
efforts = {"reasoning_effort_values": ("none", "high"), "reasoning_effort_default": "none"}
config = TemplateConfig(
    TokenizerVersion(version),
    use_special_token_variables=True,
    **dict.fromkeys(flags, True),
    **(efforts if version == "v15" else {}),
)
sys.stdout.buffer.write(build_chat_template(config).encode())
"""
# Adjacent string literals, with or without a prefix, after the comment that names their field.
_LITERAL: Final = re.compile(r'(?:U8C\()?(?:u8)?("(?:[^"\\]|\\.)*")\)?', re.DOTALL)
_FIELD: Final = re.compile(r"/\* ?\.(\w+) ?=? ?\*/ *")


class TemplateTest(NamedTuple):
    """One case of llama.cpp's test: a template, and what it gives for the conversation of that test."""

    name: str
    template: str
    expected: str
    bos: str
    eos: str
    # What the conversation has beside, as roles and texts in turn.
    more: tuple[str, ...] = ()


def template_text(origin: TemplateOrigin, archive: Path) -> str:
    """Return a template as its package has it. Raise KeyError where it is not in there."""
    match origin.kind:
        case TemplateKind.FILE:
            return member(archive, origin.path).decode("utf-8")
        case TemplateKind.CONFIGURATION:
            found = json.loads(member(archive, origin.path))["chat_template"]
            return str(found)
        case TemplateKind.TEST:
            tests = {test.name: test for test in template_tests(member(archive, origin.path).decode("utf-8"))}
            return tests[origin.entry].template
        case TemplateKind.GENERATED:
            return _generated(archive, origin.entry)


def template_tests(source: str) -> Iterator[TemplateTest]:
    """Return the cases of llama.cpp's tests/test-chat-template.cpp that Jinja engines pass."""
    _, _, cases = source.partition("std::vector<TestCase> test_cases {")
    cases, _, _ = cases.partition("std::vector<char> formatted_chat")
    for block in re.split(r"(?=/\* ?\.name)", cases)[1:]:
        fields = _fields(block)
        if "supported_with_jinja" not in fields:
            yield TemplateTest(
                fields["name"],
                fields["template_str"],
                fields.get("expected_output_jinja") or fields["expected_output"],
                fields.get("bos_token", ""),
                fields.get("eos_token", ""),
                tuple(_texts(fields.get("extra_conversation", ""))),
            )


def _fields(block: str) -> dict[str, str]:
    """Return the texts of one initialiser by field; `supported_with_jinja` only where it is false."""
    names = list(_FIELD.finditer(block))
    ends = [*(name.start() for name in names[1:]), len(block)]
    found = {name[1]: block[name.end() : end] for name, end in zip(names, ends, strict=True)}
    as_written = {"extra_conversation", "supported_with_jinja"}
    texts = {name: value if name in as_written else "".join(_texts(value)) for name, value in found.items()}
    if "false" not in texts.get("supported_with_jinja", ""):
        texts.pop("supported_with_jinja", None)
    return texts


def _texts(value: str) -> list[str]:
    return [str(ast.literal_eval(literal)) for literal in _LITERAL.findall(value)]


def _generated(wheel: Path, configuration: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        command = [sys.executable, "-c", GENERATE, configuration]
        done = subprocess.run(command, env={"PYTHONPATH": folder}, check=True, stdout=subprocess.PIPE)  # noqa: S603  our own program
    return done.stdout.decode("utf-8")
