"""Errors of compilation, in Neo4j's layout: message, position, the line, a caret.

What can be wrong is one table of problems (below): each has the openCypher TCK's words and the GQL status, so whoever
finds one names it and writes only the sentence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["CypherError", "Problem", "did_you_mean"]


class Problem(NamedTuple):
    """A kind of error: the TCK's detail and error type, the GQL status, Neo4j's code."""

    detail: str
    gql_status: str
    error_type: str = "SyntaxError"
    code: str = "Neo.ClientError.Statement.SyntaxError"


# Text and grammar.
UNEXPECTED_SYNTAX = Problem("UnexpectedSyntax", "42I06")
UNREADABLE_CHARACTER = Problem("InvalidUnicodeCharacter", "42I06")
BAD_UNICODE_ESCAPE = Problem("InvalidUnicodeLiteral", "42I19")
UNCLOSED_STRING = Problem("UnexpectedSyntax", "42I19")
UNCLOSED_COMMENT = Problem("UnexpectedSyntax", "42I02")
BAD_NAME = Problem("UnexpectedSyntax", "42I11")
BAD_NUMBER = Problem("InvalidNumberLiteral", "42I07")
INTEGER_OVERFLOW = Problem("IntegerOverflow", "22003")
FLOAT_OVERFLOW = Problem("FloatingPointOverflow", "22003")
BAD_RELATIONSHIP_PATTERN = Problem("InvalidRelationshipPattern", "42I06")
NESTED_TOO_DEEP = Problem("NestingTooDeep", "51N37")
NOT_SUPPORTED = Problem("NotSupported", "51N26")

# Variables.
UNDEFINED_VARIABLE = Problem("UndefinedVariable", "42N62")
INACCESSIBLE_VARIABLE = Problem("UndefinedVariable", "42N44")
NEW_VARIABLE_IN_PREDICATE = Problem("UndefinedVariable", "42N29")
OUT_OF_PATTERN = Problem("UndefinedVariable", "42I21")
CREATED_HERE = Problem("UndefinedVariable", "42I58")
ALREADY_BOUND = Problem("VariableAlreadyBound", "42N59")
SHADOWED_VARIABLE = Problem("VariableAlreadyBound", "42N07")
ALREADY_BOUND_NODE = Problem("VariableAlreadyBound", "42N78")
TYPE_CONFLICT = Problem("VariableTypeConflict", "22N27")
SAME_RELATIONSHIP_TWICE = Problem("RelationshipUniquenessViolation", "42N68")

# Types of values.
WRONG_TYPE = Problem("InvalidArgumentType", "22N01")
NO_PROPERTIES = Problem("InvalidArgumentType", "22N01", "TypeError")
NEGATIVE_COUNT = Problem("NegativeIntegerArgument", "22N02")
NOT_CONSTANT = Problem("NonConstantExpression", "42N28")

# Functions and procedures.
UNKNOWN_FUNCTION = Problem("UnknownFunction", "42N48")
WRONG_ARGUMENT_COUNT = Problem("InvalidNumberOfArguments", "42I13")
DISTINCT_NOT_AGGREGATING = Problem("UnexpectedSyntax", "42I27")
PROCEDURE_NOT_FOUND = Problem(
    "ProcedureNotFound", "42N08", "ProcedureError", "Neo.ClientError.Procedure.ProcedureNotFound"
)
MISSING_PARAMETER = Problem(
    "MissingParameter", "42N51", "ParameterMissing", "Neo.ClientError.Statement.ParameterMissing"
)
NO_PARENTHESES = Problem("InvalidArgumentPassingMode", "42N36")
UNKNOWN_COLUMN = Problem("UndefinedVariable", "42N50")
YIELD_MISSING = Problem("UndefinedVariable", "42N25")
YIELD_STAR_INSIDE = Problem("UnexpectedSyntax", "42I43")
YIELD_OF_VOID = Problem("UnexpectedSyntax", "42I42")

# Aggregation.
AGGREGATE_HERE = Problem("InvalidAggregation", "42I24")
AGGREGATE_NOT_PROJECTED = Problem("InvalidAggregation", "42N23")
AGGREGATE_NESTED = Problem("NestedAggregation", "22N34")
AGGREGATE_OF_RANDOM = Problem("NonConstantExpression", "22N32")
AMBIGUOUS_GROUPING = Problem("AmbiguousAggregationExpression", "42I18")

# Projections and the order of clauses.
NO_ALIAS = Problem("NoExpressionAlias", "42N39")
SAME_COLUMN_TWICE = Problem("ColumnNameConflict", "42N38")
NOTHING_TO_RETURN = Problem("NoVariablesInScope", "42I37")
OTHER_COLUMNS = Problem("DifferentColumnsInUnion", "42N39")
MIXED_UNION = Problem("InvalidClauseComposition", "42I40")
BEHIND_RETURN = Problem("InvalidClauseComposition", "42I38")
WRITE_IN_EXPRESSION = Problem("InvalidClauseComposition", "42N57")
WRITE_IN_READ_PROCEDURE = Problem("InvalidClauseComposition", "42N57")
NO_END = Problem("UnexpectedSyntax", "42N71")
NO_RETURN = Problem("UnexpectedSyntax", "42N71")
ONE_COLUMN = Problem("UnexpectedSyntax", "42N22")
BATCHES_NOT_ON_TOP = Problem("InvalidClauseComposition", "42N58")
BATCHES_IN_UNION = Problem("UnexpectedSyntax", "42N47")
BATCHES_BEHIND_WRITE = Problem("NotSupported", "42I25")
STATUS_WITHOUT_ERROR_MODE = Problem("UnexpectedSyntax", "42I36")
WRITES_ONLY = Problem("InvalidClauseComposition", "42I01")
BAD_IMPORT = Problem("UnexpectedSyntax", "42I28")

# Patterns and updates.
PARAMETER_MAP = Problem("InvalidParameterUse", "42N32")
ONE_TYPE = Problem("NoSingleRelationshipType", "42I14")
NO_DIRECTION = Problem("RequiresDirectedRelationship", "42I56")
VARIABLE_LENGTH = Problem("CreatingVarLength", "42I41")
SEVERAL_SELECTED = Problem("UnexpectedSyntax", "42I45")
PATTERN_AS_VALUE = Problem("UnexpectedSyntax", "42I34")
DELETE_OF_LABEL = Problem("InvalidDelete", "42I26")


class CypherError(Exception):
    """A query that does not compile.

    ``error_type``, ``phase`` and ``detail`` are the openCypher TCK's words; ``code`` is Neo4j's. ``offset`` counts
    characters from 0, ``line`` and ``column`` from 1.
    """

    phase = "compile time"

    def __init__(self, text: str, offset: int, message: str, problem: Problem) -> None:
        offset = min(offset, len(text))
        self.offset = offset
        self.line = text.count("\n", 0, offset) + 1
        start = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        self.column = offset - start + 1
        source = text[start : end if end >= 0 else len(text)]
        place = f"(line {self.line}, column {self.column} (offset: {offset}))"
        self.message = f'{message} {place}\n"{source}"\n{" " * self.column}^'
        self.summary = message
        self.problem = problem
        self.detail, self.gql_status, self.error_type, self.code = problem
        super().__init__(self.message)


#: How similar is similar: twice the common characters over all characters. The shorter word has at most all in common.
_SIMILARITY = 0.7
_LENGTHS = _SIMILARITY / (2 - _SIMILARITY), (2 - _SIMILARITY) / _SIMILARITY


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``. Did you mean `x`?`` or nothing. Case does not count as a difference, but is shown."""
    # Words whose lengths differ so much are not similar enough, whatever they consist of; most are dismissed by that.
    least, most = len(name) * _LENGTHS[0], len(name) * _LENGTHS[1]
    by_lower = {one.lower(): one for one in known if least <= len(one) <= most}
    if not by_lower:
        return ""
    near = difflib.get_close_matches(name.lower(), by_lower, 1, _SIMILARITY)
    return f". Did you mean `{by_lower[near[0]]}`?" if near and by_lower[near[0]] != name else ""
