"""What a constant of a Python file is used for, as far as the syntax tree tells. Pure."""

import ast
from collections.abc import Iterator


REPORTS = {
    "add_scalar",
    "debug",
    "dump",
    "dumps",
    "info",
    "log_metric",
    "log_metrics",
    "print",
    "set_description",
    "set_postfix",
    "warning",
    "write",
}
LOGGERS = {"wandb", "logger", "logging", "mlflow", "writer"}  # whose `log` is no logarithm
HARMLESS = {"abs", "float", "format", "int", "join", "len", "max", "min", "round", "str", "sum", "time"}
PASSES_ON = (
    ast.BinOp,
    ast.UnaryOp,
    ast.FormattedValue,
    ast.JoinedStr,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.keyword,
    ast.IfExp,
)


def only_reported(tree: ast.Module) -> frozenset[str]:
    """Return the names that are used, and only for what is printed or written into a report."""
    uses = _Uses(tree)
    return frozenset(name for name in uses.loads if uses.is_reported(name))


def never_used(tree: ast.Module, names: frozenset[str]) -> frozenset[str]:
    """Return those names that nothing in the file reads."""
    return names - _Uses(tree).loads.keys()


def given_by_keyword(tree: ast.Module) -> frozenset[str]:
    """Return the fields that a call in the file gives itself, each as Class.field."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(node.func.id, node.keywords) for node in calls if isinstance(node.func, ast.Name)]
    return frozenset(f"{name}.{one.arg}" for name, keywords in named for one in keywords if one.arg)


class _Uses:
    """The places where each name is read, and what stands around them."""

    def __init__(self, tree: ast.Module) -> None:
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        self.loads: dict[str, list[ast.Name]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                self.loads.setdefault(node.id, []).append(node)

    def is_reported(self, name: str) -> bool:
        """Say whether nothing comes of a name, nor of what is computed from it, but words."""
        seen, left = {name}, [name]
        while left:
            for node in self.loads.get(left.pop(), []):
                made = self._makes(node)
                if made is None:
                    return False
                left += [one for one in made if one not in seen]
                seen |= set(made)
        return True

    def _makes(self, node: ast.AST) -> list[str] | None:
        """Return what names are made of it, none where it is reported; None: it counts."""
        for above in self._above(node):
            match above:
                case ast.Call() if _reports(above):
                    return []
                case ast.Call(func=func) if _last(func) in HARMLESS:
                    continue
                case ast.Assign(targets=targets) if all(isinstance(one, ast.Name) for one in targets):
                    return [one.id for one in targets if isinstance(one, ast.Name)]
                case ast.AugAssign(target=ast.Name(id=name)) | ast.AnnAssign(target=ast.Name(id=name)):
                    return [name]
                case _ if not isinstance(above, PASSES_ON):
                    return None
        return None

    def _above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node


def _reports(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr="log"):
            return owner in LOGGERS
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in REPORTS
        case _:
            return False


def _last(func: ast.expr) -> str:
    match func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
