"""List classes and type aliases of the product that have the same name: `python -m scripts.class_names`.

One name stands for one thing in all packages, so that a search for it finds that thing. A class counts wherever it is
defined, an alias at the top level of a module; TypeVars and the like are exempt. The exit status is 1 if there are
collisions that ALLOWED does not name, or if it names one that is no more.
"""

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A name that stands for more than one thing, and the reason why that is better than another name.
ALLOWED: dict[str, str] = {}
TYPE_PARAMETERS = ("TypeVar", "TypeVarTuple", "ParamSpec")


def definitions(source: str) -> Iterator[tuple[str, int]]:
    """Yield the name and line of each class and type alias of a module."""
    tree = ast.parse(source)
    yield from ((node.name, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and is_type_name(target.id) and not is_type_parameter(node):
                yield target.id, node.lineno


def is_type_name(name: str) -> bool:
    """Whether a variable's name is written as those of types are, and not as those of constants."""
    return name[0].isupper() and any(letter.islower() for letter in name) and "_" not in name


def is_type_parameter(node: ast.stmt) -> bool:
    """Whether a statement defines a TypeVar or the like."""
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in TYPE_PARAMETERS


def collisions() -> dict[str, list[str]]:
    """Return the names that are defined more than once, with the places of their definitions."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    places: defaultdict[str, list[str]] = defaultdict(list)
    for package in pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        for path in sorted((ROOT / package).rglob("*.py")):
            for name, line in definitions(path.read_text(encoding="utf-8")):
                places[name].append(f"{path.relative_to(ROOT)}:{line}")
    return {name: found for name, found in sorted(places.items()) if len(found) > 1}


def main() -> None:
    """Print the collisions, and end with status 1 if there are any."""
    found = collisions()
    faults = [f"{name}: {', '.join(places)}" for name, places in found.items() if name not in ALLOWED]
    faults += [
        f"{name} is in ALLOWED of scripts/class_names.py, but does not collide" for name in ALLOWED.keys() - found
    ]
    print(*faults, f"{len(faults)} collisions of class names, {len(ALLOWED)} allowed", sep="\n")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
