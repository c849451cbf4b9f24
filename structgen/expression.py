"""Arithmetic expressions from users, evaluated without `eval`."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FUNCTIONS: Mapping[str, np.ufunc] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arctan2": np.arctan2, "floor": np.floor,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip
CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
OPERATORS: Mapping[type[ast.AST], Callable[..., Array]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: np.power, ast.Mod: operator.mod, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip
MAX_CHARACTERS = 500


def evaluate(text: str, variables: Mapping[str, npt.ArrayLike]) -> Array:
    """The value of an arithmetic expression such as ``"10*cos(2*pi*t)"``.

    Numbers, ``+ - * / ** %``, parentheses, the ``variables``, the `CONSTANTS` and the `FUNCTIONS` are
    allowed; nothing else is, so an expression from a stranger is safe to evaluate. Returns an array of
    the variables' broadcast shape. Raises `ValueError` naming what is not allowed or where the value
    is not finite.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"expression has {len(text)} characters, at most {MAX_CHARACTERS} are allowed")
    values = {name: np.asarray(value, float) for name, value in variables.items()}
    source = text.strip()
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"expression {text!r} cannot be read") from None
    shape = np.broadcast_shapes(*(v.shape for v in values.values()))
    try:
        with np.errstate(all="ignore"):
            value = _value(tree.body, values, source)
    except (RecursionError, OverflowError):
        raise ValueError(f"expression {text!r} is nested too deeply or holds too large a number") from None
    result = np.broadcast_to(np.asarray(value, float), shape).copy()
    if not np.isfinite(result).all():
        raise ValueError(f"expression {text!r} is not finite everywhere")
    return result


def _value(node: ast.expr, values: Mapping[str, Array], text: str) -> Array:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return np.asarray(number, float)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name) if name in CONSTANTS:
            return np.asarray(CONSTANTS[name])
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(operand, values, text))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, values, text), _value(right, values, text))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            function = FUNCTIONS[name]
            # Counted here: a ufunc would take one argument more as the array to write to.
            if len(args) != function.nin:
                raise ValueError(f"expression {text!r} gives {name} {len(args)} argument(s), it takes {function.nin}")
            result: Array = function(*(_value(arg, values, text) for arg in args))
            return result
    allowed = ", ".join([*values, *CONSTANTS, *FUNCTIONS])
    part = (ast.get_source_segment(text, node) or "")[:60]
    raise ValueError(f"expression {text!r}: {part!r} is not allowed; names are {allowed}")
