"""The entries of a copy of models.dev, as JSON and as the literals of a built program."""

import json

import pytest

from scripts.models_dev import entries_of

PROGRAM = (
    b'\x7fELF\x00var a={x:1};f(()=>({openai:{id:"openai",env:["KEY"],name:\'Open "AI"\',models:{"gpt-5":{id:'
    b'"gpt-5",name:"GPT\\u20115 \\xe9",reasoning:!0,tool_call:!1,limit:{context:1.05e6,input:922000,output:1e3},'
    b'cost:{input:.5,output:-1,tiers:[]},modalities:{input:["text"],output:[\'text\']}}}},"x.ai":{id:"x.ai",env:[],'
    b"models:{}}}));var rest={unclosed:"
)


def test_the_literals_of_a_program_are_read_as_their_values() -> None:
    assert entries_of(PROGRAM) == {
        "openai/gpt-5": {
            "id": "gpt-5",
            "name": "GPT\u20115 \u00e9",
            "reasoning": True,
            "tool_call": False,
            "limit": {"context": 1_050_000, "input": 922_000, "output": 1_000},
            "cost": {"input": 0.5, "output": -1, "tiers": []},
            "modalities": {"input": ["text"], "output": ["text"]},
        }
    }


def test_sizes_in_exponents_are_whole_numbers() -> None:
    assert [type(size) for size in entries_of(PROGRAM)["openai/gpt-5"]["limit"].values()] == [int, int, int]


def test_json_is_read_as_it_is() -> None:
    raw = {"a": {"models": {"m": {"limit": {"context": 8}}, "n": {}}}, "b": {"models": {}}}
    assert entries_of(json.dumps(raw).encode()) == {"a/m": {"limit": {"context": 8}}, "a/n": {}}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\x7fELF without a catalogue", "no literal"),
        (b'({a:{id:"a",env:[f(1)]}})', "cannot read the literal"),
        (b'({a:{id:"a",env:[],models:{', "cannot read the literal"),
    ],
)
def test_a_program_of_another_form_is_refused(content: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        entries_of(content)
