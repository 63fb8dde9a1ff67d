"""The public surface as data: routes, settings, commands, metrics, log events, stored data.

`python -m tests.end_to_end.public_surface` writes it to `public_surface.json`, and test_public_surface.py compares it
with that file, so that every change is a diff that a reviewer sees. Explanations (helps, descriptions, messages) are
compared by presence, not by wording. No module of the product is named here: `pyproject.toml` says where they are.
"""

import ast
import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from io import StringIO
from pathlib import Path
from typing import Any

import click
import httpx2
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from tests.end_to_end.recorded_process import METRIC, ROUTE
from tests.end_to_end.server import Server, running
from tests.fake_upstream import FakeUpstream, fake_upstream

ROOT = Path(__file__).parents[2]
COMMITTED = Path(__file__).with_suffix(".json")
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
# Of these in the OpenAPI document, and of helps, only the presence is compared.
TEXTS = ("description", "summary", "title", "message", "version")
PRESENT = "(present)"
LINE_LENGTH = 120
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
RECORDER = [sys.executable, "-m", "tests.end_to_end.recorded_process"]
CHAT = {"model": "cipher", "messages": [{"role": "user", "content": "Hello"}]}
COUNT = {"input": "Hello", "type": "text", "models": ["gpt-4o"]}
# Calls whose replies show which headers there are.
CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "page": ("GET", "/", None),
    "openapi": ("GET", "/openapi.json", None),
    "health": ("GET", "/health", None),
    "metrics": ("GET", "/metrics", None),
    "count": ("POST", "/v1/tokens/count", COUNT),
    "refused count": ("POST", "/v1/tokens/count", {}),
    "chat": ("POST", "/v1/chat/completions", CHAT),
    "streamed chat": ("POST", "/v1/chat/completions", {**CHAT, "stream": True}),
    "refused chat": ("POST", "/v1/chat/completions", {}),
    "unknown path": ("GET", "/nothing", None),
}


def public_surface() -> dict[str, Any]:
    """Return the whole surface, of the source and of a server that is started for it."""
    with tempfile.TemporaryDirectory() as folder, fake_upstream() as upstream:
        served = surface_of_server(Path(folder), upstream)
    return {
        **served,
        "settings": settings(),
        "commands": commands(command_line(), "weighbridge"),
        "log_events": log_events(),
        **migrations(),
    }


def surface_of_server(folder: Path, upstream: FakeUpstream) -> dict[str, Any]:
    """Return what a server says of itself, which headers it answers with and what it keeps on disk."""
    recording, data = folder / "recording", folder / "data"
    settings = {"UPSTREAM_URL": upstream.url, "UPSTREAM_MODEL": "secret-model-7b"}
    with running(data, settings, under=[*RECORDER, str(recording)]) as server:
        headers = {name: names_of_headers(server, *call) for name, call in CALLS.items()}
        recorded = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines()]
        return {
            "openapi": without_texts(httpx2.get(f"{server.url}/openapi.json").raise_for_status().json()),
            "routes": sorted({" ".join(facts) for kind, *facts in recorded if kind == ROUTE}),
            "reply_headers": headers,
            "metrics": metrics(httpx2.get(f"{server.url}/metrics").text, recorded),
            "data_folder": sorted(f"{path.name} {path.stat().st_mode & 0o777:o}" for path in data.iterdir()),
            "schema_of_a_new_database": schema_of_file(data),
        }


def without_texts(value: Any) -> Any:
    """Return JSON with a mark in place of each text that explains something."""
    if isinstance(value, list):
        return [without_texts(each) for each in value]
    if isinstance(value, dict):
        return {
            name: PRESENT if name in TEXTS and isinstance(inner, str) else without_texts(inner)
            for name, inner in value.items()
        }
    return value


def names_of_headers(server: Server, method: str, path: str, body: dict[str, Any] | None) -> list[str]:
    """Return the status of a call and the names of its reply's headers, as they are written."""
    key = {"Authorization": f"Bearer {server.demo_key}"} if path.startswith("/v1/") else {}
    reply = httpx2.request(method, server.url + path, json=body, headers=key)
    return [str(reply.status_code), *sorted({name.decode() for name, _ in reply.headers.raw})]


def metrics(answer: str, recorded: list[list[Any]]) -> dict[str, Any]:
    """Return each metric that `/metrics` has, with the labels and buckets that it was made with."""
    made = {name: (labels, buckets) for name, labels, buckets in (facts for kind, *facts in recorded if kind == METRIC)}
    return {
        family.name: {
            "type": family.type,
            "labels": made[family.name][0],
            "buckets": made[family.name][1],
            "help": PRESENT if family.documentation else "",
        }
        for family in sorted(text_string_to_metric_families(answer), key=lambda family: family.name)
    }


def schema_of_file(folder: Path) -> dict[str, Any]:
    """Return the schema of the one SQLite database in a folder."""
    (path,) = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:6] == b"SQLite"]
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        return schema_of(connection)


def schema_of(connection: Connection) -> dict[str, Any]:
    """Return tables, columns, indexes, constraints and triggers of a SQLite database."""
    statements = connection.execute(
        text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql NOT NULL")
    ).all()
    look = inspect(connection)
    return {
        table: {
            "columns": [
                " ".join(map(str, (number, name, kind, "NOT NULL" if required else "NULL", default, f"pk={key}")))
                for number, name, kind, required, default, key in connection.execute(
                    text(f"PRAGMA table_info({table})")
                )
            ],
            "checks": sorted(f"{check['name']}: {check['sqltext']}" for check in look.get_check_constraints(table)),
            "foreign_keys": sorted(
                f"{key['constrained_columns']} -> {key['referred_table']} {key['referred_columns']}"
                for key in look.get_foreign_keys(table)
            ),
            "unique": sorted(str(one["column_names"]) for one in look.get_unique_constraints(table)),
            "indexes_and_triggers": sorted(" ".join(sql.split()) for *_, owner, sql in statements if owner == table),
        }
        for table in sorted(look.get_table_names())
    }


def migrations() -> dict[str, Any]:
    """Return the steps of the database's schema, and the schema to which they lead."""
    (folder,) = [path.parent for package in PACKAGES for path in (ROOT / package).rglob("migrations/env.py")]
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        config = Config(stdout=StringIO(), attributes={"connection": connection})
        config.set_main_option("script_location", str(folder))
        steps = [
            f"{step.revision} after {step.down_revision}"
            for step in ScriptDirectory.from_config(config).walk_revisions()
        ]
        command.upgrade(config, "head")
        return {"migrations": steps, "schema_by_migrations": schema_of(connection)}


def settings() -> dict[str, Any]:
    """Return the type, bounds and default of each setting, from the model of all settings."""
    commands(command_line(), "")  # imports the model
    (model,) = [model for model in subclasses(BaseModel) if model.__name__ == "Settings"]
    fields = model.model_json_schema()["properties"]
    return {
        name: {fact: PRESENT if fact in TEXTS else value for fact, value in fields[name].items()} for name in fields
    }


def subclasses(base: type[BaseModel]) -> set[type[BaseModel]]:
    """Return all classes that inherit from `base`, directly or not."""
    return {below for each in base.__subclasses__() for below in ({each} | subclasses(each))}


def command_line() -> click.Command:
    """Return the command `weighbridge`, as `pyproject.toml` says where it is."""
    (script,) = [EntryPoint(name, value, "console_scripts") for name, value in PYPROJECT["project"]["scripts"].items()]
    command: click.Command = script.load()
    return command


def commands(above: click.Command, name: str) -> dict[str, Any]:
    """Return the parameters of a command and of all below it, by their full names."""
    context = click.Context(above, info_name=name)
    found = {
        name: {"help": PRESENT if above.help else "", "parameters": [parameter(one, context) for one in above.params]}
    }
    if isinstance(above, click.Group):
        for word in above.list_commands(context):
            below = above.get_command(context, word)
            assert below is not None
            found |= commands(below, f"{name} {word}")
    return found


def parameter(given: click.Parameter, context: click.Context) -> dict[str, Any]:
    """Return the facts of an option or argument that a caller meets; those that are usual are left out."""
    info = given.to_info_dict()
    kind = {name: value for name, value in info["type"].items() if name not in ("param_type", "func")}
    names = [given.make_metavar(context)] if isinstance(given, click.Argument) else [*given.opts, *given.secondary_opts]
    facts = ("required", "nargs", "multiple", "default", "envvar", "is_flag", "count", "hidden")
    usual = {"required": False, "nargs": 1, "multiple": False, "default": None, "envvar": None}
    unusual = {name: info[name] for name in facts if info.get(name, False) != usual.get(name, False)}
    helped = {"help": PRESENT} if info["help"] else {}
    return json.loads(json.dumps({"names": names, "type": kind, **unusual, **helped}, default=str))  # type: ignore[no-any-return]


def log_events() -> list[str]:
    """Return the name and level of each event that the source logs."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted({event for path in paths for event in events_in(path)})


def events_in(path: Path) -> Iterator[str]:
    """Return the events of a file: calls of a log's methods whose first argument is a name of lower-case words."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in (*LEVELS, "log"):
            words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if words and re.fullmatch(r"[a-z_.]+", words[0]):
                yield f"{words[0]} {node.func.attr}"


def lines(value: Any, indent: str = "") -> str:
    """Return JSON in which what fits into a line is on one, so that a diff of it can be read."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= LINE_LENGTH or not isinstance(value, dict | list):
        return short
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + lines(each, inner) for each in value) + f"\n{indent}]"
    named = (f"{inner}{json.dumps(name)}: {lines(each, inner)}" for name, each in value.items())
    return "{\n" + ",\n".join(named) + f"\n{indent}}}"


def main() -> None:
    """Write the surface of the code as it is now."""
    COMMITTED.write_text(lines(public_surface()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
