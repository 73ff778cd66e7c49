"""The laws of words, read off the source: who may name a command, and that nobody reads an error's text."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

from autoresearch.projections.words.sentences import REASONS
from autoresearch.workflows.cli.main import COMMANDS
from autoresearch.workflows.pages import ways_out
from autoresearch.workflows.pages.acts import wrong_words
from tests.unit.laws.test_laws import MODULES, ROOT, literals, parsed, relative


BELOW = [path for path in MODULES if path.relative_to(ROOT).parts[0] != "workflows"]
OF_OTHERS = {
    ("engine/git/objects.py", "--check"),
    ("engine/git/objects.py", "--all"),
    ("engine/git/checkouts/worktrees.py", "--all"),
    ("engine/onboarding/proposal.py", "--check"),
    ("events/settings.py", "--check"),
    ("events/encoding/schema.py", "--check"),
    ("events/encoding/schema.py", "usage: python -m autoresearch.events.encoding.schema --write | --check\n"),
    ("engine/agents/known.py", "--json"),
    ("engine/git/checkouts/worktrees.py", "--force"),
    ("engine/onboarding/doctor.py", "--version"),
    ("engine/onboarding/agent_look.py", "--version"),
}  # options of other programs that ours have too
MAKERS = ("why", "because", "Reason")


@functools.cache
def own_errors() -> frozenset[str]:
    """Return the names of the errors whose text is ours."""
    own = {"AutoresearchError"}
    classes = [node for path in MODULES for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)]
    while more := {one.name for one in classes if own & {ast.unparse(base) for base in one.bases}} - own:
        own |= more
    return frozenset(own)


def reasons_made(path: Path) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Yield each call that makes a reason, and the function, or else the module, that it stands in."""
    tree = parsed(path)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    scope_of = {node: scope for scope in (tree, *functions) for node in ast.walk(scope)}
    for node, scope in scope_of.items():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            yield node, scope


def what_is_said(call: ast.Call) -> list[ast.expr]:
    """Return what a reason is given as said from outside."""
    second = call.args[1:2] if ast.unparse(call.func) == "why" else []
    return [*second, *(one.value for one in call.keywords if one.arg == "said")]


def is_our_text(said: ast.expr, scope: ast.AST, *, deep: bool = True) -> bool:
    """Say whether an expression may be a text of the program's, or of an error of its own."""
    match said:
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.JoinedStr() | ast.Call(func=ast.Name(id="say")):
            return True
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return bool(own_errors() & caught_as(name, scope))
        case ast.BinOp(left=first, right=second) | ast.IfExp(body=first, orelse=second):
            return any(is_our_text(one, scope, deep=deep) for one in (first, second))
        case ast.BoolOp(values=values):
            return any(is_our_text(one, scope, deep=deep) for one in values)
        case ast.Name(id=name) if deep:
            return any(is_our_text(one, scope, deep=False) for one in assigned_to(name, scope))
        case _:
            return False


def caught_as(name: str, scope: ast.AST) -> set[str]:
    """Return the errors that a function catches under a name."""
    handlers = [one for one in ast.walk(scope) if isinstance(one, ast.ExceptHandler) and one.name == name]
    types = [one for handler in handlers if handler.type for one in ast.walk(handler.type)]
    return {one.id for one in types if isinstance(one, ast.Name)}


def assigned_to(name: str, scope: ast.AST) -> list[ast.expr]:
    """Return what a function assigns to a name."""
    assigned = [one for one in ast.walk(scope) if isinstance(one, ast.Assign)]
    return [one.value for one in assigned if any(ast.unparse(to) == name for to in one.targets)]


def test_only_workflows_names_a_command_or_an_option():
    """Below workflows/, no text holds a command of ours to type, or an option: the engine names ways out."""
    ours = re.compile(rf"`(autoresearch|{'|'.join(COMMANDS)})[ `]|(?<![\w-])({'|'.join(options())})(?![\w-])")
    wrong = [
        f"{relative(path)}:{node.lineno}: {node.value!r}"
        for path in BELOW
        for node, _ in literals(path)
        if ours.search(node.value) and (relative(path), node.value) not in OF_OTHERS
    ]
    assert [] == wrong


def options() -> set[str]:
    """Return the options of our commands, as the command line declares them."""
    declared = [
        node.value for path in MODULES if "workflows/cli/" in relative(path) for node, _ in literals(path)
    ]
    found = {name for one in declared for name in re.findall(r"(?<![\w-])--[a-z][a-z-]+", one)}
    assert {"--loops", "--run-id", "--at"} <= found
    return found


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


def test_a_reason_says_nothing_in_our_words():
    """Below workflows/, what a reason holds as said is no text of the program and no error of its own."""
    wrong = [
        f"{relative(path)}:{call.lineno}: {ast.unparse(call)}"
        for path in BELOW
        for call, scope in reasons_made(path)
        if any(is_our_text(said, scope) for said in what_is_said(call))
    ]
    assert [] == wrong


@pytest.mark.parametrize(
    "code",
    [
        'def f():\n    return why("x", "it is empty")',
        'def f(n):\n    return why("x", f"it has {n}")',
        'def f(n):\n    return Reason(code="x", said="it is " + n)',
        'def f(lines):\n    last = lines[-1] if lines else "no output"\n    return why("x", last)',
        'def f(lines):\n    return why("x", lines or "no output")',
        'def f():\n    try: g()\n    except InvalidInput as error:\n        return why("x", str(error))',
        'def f(inner):\n    return why("x", say(inner))',
    ],
)
def test_a_reason_in_our_words_is_found(code: str, tmp_path: Path):
    """Each way of putting a text of ours into a reason is seen by the law above."""
    path = tmp_path / "wrong.py"
    path.write_text(code)
    ((call, scope),) = reasons_made(path)
    assert any(is_our_text(said, scope) for said in what_is_said(call))


OF_OLDER_RUNS = {"agent_asks"}  # whose histories are read for ever, though nobody records it any more


def test_each_reason_has_its_sentence():
    """Each code has a sentence and the inputs that it needs, and no sentence is there for nothing."""
    for path in BELOW:
        for call, _ in reasons_made(path):
            code = call.args[0] if call.args else None
            given = {one.arg for one in call.keywords}
            if isinstance(code, ast.Constant) and None not in given:
                wanted = {name for _, name, _, _ in Formatter().parse(REASONS[code.value]) if name}
                assert wanted <= given | {"said", "because"}, f"{relative(path)}:{call.lineno}: {code.value}"
    texts = {node.value for path in BELOW if path.stem != "sentences" for node, _ in literals(path)}
    made = [pattern for path in BELOW for pattern in codes_put_together(path)]
    texts |= OF_OLDER_RUNS
    assert [] == [
        code for code in REASONS if code not in texts and not any(re.fullmatch(one, code) for one in made)
    ]


def codes_put_together(path: Path) -> Iterator[str]:
    """Yield a pattern for each code that is put together from pieces where a reason is made."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            first = node.args[:1] if ast.unparse(node.func) in MAKERS else []
            for code in [*first, *(one.value for one in node.keywords if one.arg == "code")]:
                if isinstance(code, ast.JoinedStr):
                    pieces = [one.value if isinstance(one, ast.Constant) else None for one in code.values]
                    yield "".join(".+" if piece is None else re.escape(str(piece)) for piece in pieces)


@pytest.mark.parametrize(("named", "table"), [("WayOut", ways_out), ("Wrong", wrong_words)])
def test_each_worded_error_has_its_sentence(named: str, table: ModuleType):
    """Each WayOut and each Wrong in the source has a sentence, and just the fields that it needs."""
    sentences: dict[str, str] = table.SENTENCES
    used = set()
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == named:
                (name,) = [one.value for one in node.args if isinstance(one, ast.Constant)]
                fields = {one.arg for one in node.keywords} | {"program"}
                wanted = {field for _, field, _, _ in Formatter().parse(sentences[name]) if field}
                assert wanted | {"program"} == fields, f"{relative(path)}:{node.lineno}: {name}"
                used.add(name)
    assert used == set(sentences)


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
