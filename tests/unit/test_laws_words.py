"""The laws of words, read off the source: who may name a command, and that nobody reads an error's text."""

import ast
from string import Formatter

from autoresearch.workflows.pages.ways_out import SENTENCES
from tests.unit.test_laws import MODULES, ROOT, relative


def test_only_workflows_names_a_command():
    """Below workflows/, no text holds a command of ours to type: the engine names ways out."""
    wrong = [
        f"{relative(path)}:{node.lineno}: {node.value}"
        for path in MODULES
        if path.relative_to(ROOT).parts[0] != "workflows"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "`autoresearch " in node.value
    ]
    assert [] == wrong


def test_an_errors_text_is_not_read():
    """No text of a caught error is searched, compared or cut: what a caller needs is a field of it."""
    wrong = []
    for path in MODULES:
        tree = ast.parse(path.read_text())
        caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
        texts = {
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("str", "repr")
            and any(isinstance(one, ast.Name) and one.id in caught for one in node.args)
        }
        for node in ast.walk(tree):
            read = {
                ast.Attribute: lambda node: [node.value],
                ast.Subscript: lambda node: [node.value],
                ast.Compare: lambda node: [node.left, *node.comparators],
                ast.Call: lambda node: node.args if _searches(node.func) else [],
            }.get(type(node), lambda _: [])(node)
            wrong += [f"{relative(path)}:{one.lineno}" for one in read if one in texts]
    assert [] == wrong


def _searches(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in ("search", "match", "fullmatch", "findall")


def test_each_way_out_has_its_sentence():
    """Each WayOut in the source has a sentence, and just the fields that it needs."""
    used = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "WayOut":
                (name,) = [one.value for one in node.args if isinstance(one, ast.Constant)]
                fields = {one.arg for one in node.keywords} | {"program"}
                wanted = {field for _, field, _, _ in Formatter().parse(SENTENCES[name]) if field}
                assert wanted == fields, f"{relative(path)}:{node.lineno}: {name}"
                used.add(name)
    assert used == set(SENTENCES)


def test_a_page_makes_text_alone():
    """No function of pages/ returns a JSON object: those are made in api/."""
    wrong = [
        f"{relative(path)}:{node.lineno}: {node.name}"
        for path in MODULES
        if relative(path).startswith("workflows/pages/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.returns and "dict" in ast.unparse(node.returns)
    ]
    assert [] == wrong
