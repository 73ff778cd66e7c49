"""The scripts of the page as one, for a file that asks for nothing: each module a function, in order."""

import re
from pathlib import Path


STATIC = Path(__file__).with_name("static")
IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const)) (\w+)", re.MULTILINE)


def bundle(entry: str, *, instead: dict[str, str]) -> str:
    """Return the script that a module and all that it imports make; some modules may stand for others."""
    made: dict[str, str] = {}
    _add(entry, instead, made)
    modules = "\n".join(made.values())
    return f'"use strict";\n(() => {{\nconst modules = {{}};\n{modules}\n}})();\n'


def _add(name: str, instead: dict[str, str], made: dict[str, str]) -> None:
    if name in made:
        return
    text = (STATIC / f"{instead.get(name, name)}.js").read_text(encoding="utf-8")
    for _, other in IMPORT.findall(text):
        _add(other, instead, made)
    names = ", ".join(found for _, found in EXPORT.findall(text))
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(r"const { \1 } = modules.\2;", text))
    made[name] = f"modules.{name} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();"
