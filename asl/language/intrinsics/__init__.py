"""The intrinsic functions of JSONPath states, ``States.Format`` to ``States.UUID``, compiled once to closures.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html and the States Language, Appendix B.
"""

from __future__ import annotations

from asl.language.intrinsics.functions import FUNCTIONS
from asl.language.intrinsics.syntax import FunctionCall, InvalidIntrinsic, Literal, Node, Path, parse_call
from asl.language.jsonpath import InvalidPath, compile_path
from asl.language.scope import Expression, Scope

__all__ = ["InvalidIntrinsic", "compile_intrinsic"]


def compile_intrinsic(text: str) -> Expression:
    """A call such as ``States.Format('Order {}', $.id)`` as an expression.

    Raises InvalidIntrinsic for a syntax error, an unknown function or a wrong number of arguments. The expression
    raises ``States.IntrinsicFailure`` for invalid arguments.
    """
    return _compile_node(parse_call(text))


def _compile_node(node: Node) -> Expression:
    if isinstance(node, Literal):
        value = str(node.value) if isinstance(node.value, str) else node.value
        return lambda scope: value
    if isinstance(node, Path):
        try:
            return compile_path(node.text)
        except InvalidPath as error:
            raise InvalidIntrinsic(str(error)) from None
    return _compile_call(node)


def _compile_call(call: FunctionCall) -> Expression:
    entry = FUNCTIONS.get(call.name)
    if entry is None:
        raise InvalidIntrinsic(f"There is no function {call.name}")
    function, least, most = entry
    if not least <= len(call.arguments) <= most:
        raise InvalidIntrinsic(f"{call.name} can't take {len(call.arguments)} arguments")
    arguments = [_compile_node(argument) for argument in call.arguments]
    if call.name == "States.Format" and isinstance(call.arguments[0], Literal):
        template = call.arguments[0].value
        arguments[0] = lambda scope: template

    def apply(scope: Scope) -> object:
        return function(scope, *[argument(scope) for argument in arguments])

    return apply
