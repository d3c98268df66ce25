"""The shape of the package, read from its source: no module leads back to itself by imports.

Imports of every kind count: at the top, within functions, for types only. A package's ``__init__`` is a module of its
own; importing a submodule is not importing the package, unless a name is taken from its ``__init__``.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import explorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def module_names(root: Path) -> dict[str, Path]:
    """Return the modules of the package at *root*: dotted name → file."""
    names = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield every statement below *node*; expressions hold none, and are most of a tree."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        for child in getattr(node, name, None) or ():
            if isinstance(child, ast.stmt):
                yield child
            yield from statements(child)


def imports_of(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that *name* imports, at whatever place."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                if submodule in known or base in known:
                    yield submodule if submodule in known else base


def import_graph(root: Path) -> dict[str, set[str]]:
    """Return module → the modules of the same package that it imports."""
    known = module_names(root)
    return {name: {*imports_of(name, path, known)} - {name} for name, path in known.items()}


def rings(graph: Mapping[str, set[str]]) -> list[frozenset[str]]:
    """Return the strongly connected components of more than one module (Tarjan, 1972), the largest first."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    components: list[frozenset[str]] = []
    nothing: Iterator[str] = iter(())
    for start in graph:
        walk = [(start, nothing)] if start not in order else []
        while walk:
            module, pending = walk[-1]
            if module not in order:
                order[module] = lowest[module] = len(order)
                stack.append(module)
                pending = iter(sorted(graph[module]))
                walk[-1] = (module, pending)
            following = next(pending, None)
            if following is None:
                walk.pop()
                if lowest[module] == order[module]:
                    position = stack.index(module)
                    components.append(frozenset(stack[position:]))
                    del stack[position:]
                if walk:
                    caller = walk[-1][0]
                    lowest[caller] = min(lowest[caller], lowest[module])
            elif following not in order:
                walk.append((following, nothing))
            elif following in stack:
                lowest[module] = min(lowest[module], order[following])
    return sorted((ring for ring in components if len(ring) > 1), key=len, reverse=True)


def test_no_import_rings() -> None:
    assert [sorted(ring) for ring in rings(import_graph(Path(explorer.__file__).parent))] == []


DEEPEST = 3
"""Classes of the package that a class may descend through."""
LONGEST_CONTROLLER = 150
"""Lines of a class in ``explorer/tui/features``: one controller per feature."""


def test_controllers_are_short() -> None:
    """A controller that grows beyond the limit is two features: move one into a controller of its own."""
    too_long = [
        f"{path.name}: {node.name}, {lines} lines"
        for path in sorted((Path(explorer.__file__).parent / "tui" / "features").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_CONTROLLER
    ]
    assert too_long == []


def classes(root: Path) -> dict[str, list[ast.ClassDef]]:
    """Return name → every top-level class of that name in the package at *root*."""
    named: dict[str, list[ast.ClassDef]] = {}
    for path in module_names(root).values():
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef):
                named.setdefault(node.name, []).append(node)
    return named


def test_a_class_name_means_one_thing() -> None:
    named = classes(Path(explorer.__file__).parent)
    assert {name: len(nodes) for name, nodes in named.items() if len(nodes) > 1} == {}


def test_no_class_descends_through_more_than_three_levels() -> None:
    named = classes(Path(explorer.__file__).parent)

    def levels(name: str) -> int:
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in named[name][0].bases]
        own = [base.id for base in bases if isinstance(base, ast.Name) and base.id in named and base.id != name]
        return 1 + max(map(levels, own)) if own else 0

    assert {name: levels(name) for name in named if levels(name) > DEEPEST} == {}


def test_a_loop_variable_is_the_noun() -> None:
    loops = [
        f"{name}:{node.lineno}"
        for name, path in module_names(Path(explorer.__file__).parent).items()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.For | ast.AsyncFor)
        and any(isinstance(target, ast.Name) and target.id == "one" for target in ast.walk(node.target))
    ]
    assert loops == []


def test_imports_of_every_kind_make_a_ring(tmp_path: Path) -> None:
    root = tmp_path / "house"
    (root / "room").mkdir(parents=True)
    modules = {
        "__init__": "",
        "top": "from house.room import late",
        "room/__init__": "from house.room.late import work",
        "room/late": "def work():\n    from . import typed\n",
        "room/typed": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house import top\n",
        "room/leaf": "import house.room.late",
    }
    for name, text in modules.items():
        (root / f"{name}.py").write_text(text)
    assert rings(import_graph(root)) == [{"house.top", "house.room.late", "house.room.typed"}]
    (root / "room" / "typed.py").write_text("from house.room import work\n")
    assert rings(import_graph(root)) == [{"house.room", "house.room.late", "house.room.typed"}]
