"""Every function: its arguments with their types, its result, and what it does. The only such table there is.

The static pass checks calls against it, SHOW FUNCTIONS and the reference page print it, and a test holds it to what the
executor implements. One line a function: ``name | category | arguments | result | what it does``; arguments that may be
left out carry their default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from samyama.cypher.semantic.types import ANY, LIST, NUMBER, Type, accepting, join, list_of, parse

__all__ = ["AGGREGATES", "BY_NAME", "FUNCTIONS", "Argument", "Function", "find"]

_TABLE = r"""
avg | Aggregating | input :: INTEGER, FLOAT or DURATION | INTEGER, FLOAT or DURATION | Average of values.
collect | Aggregating | input :: ANY | LIST<ANY> | List of all values that are not null.
count | Aggregating | input :: ANY | INTEGER | Number of values that are not null; count(*) of rows.
max | Aggregating | input :: ANY | ANY | Greatest value, by the order of ORDER BY.
min | Aggregating | input :: ANY | ANY | Least value, by the order of ORDER BY.
percentileCont | Aggregating | input :: FLOAT, percentile :: FLOAT | FLOAT | Percentile, with linear interpolation.
percentileDisc | Aggregating | input :: FLOAT, percentile :: FLOAT | FLOAT | Percentile, the nearest value.
stDev | Aggregating | input :: FLOAT | FLOAT | Standard deviation of a sample.
stDevP | Aggregating | input :: FLOAT | FLOAT | Standard deviation of a whole population.
sum | Aggregating | input :: INTEGER, FLOAT or DURATION | INTEGER, FLOAT or DURATION | Sum of values.
apoc.coll.flatten | List | coll :: LIST<ANY>, recursive = false :: BOOLEAN | LIST<ANY> | Lists among the elements give way to their elements.
apoc.coll.toSet | List | coll :: LIST<ANY> | LIST<ANY> | Each element once, where it stood first.
keys | List | input :: NODE, RELATIONSHIP or MAP | LIST<STRING> | Names of all properties.
labels | List | input :: NODE | LIST<STRING> | Labels of a node.
nodes | List | input :: PATH | LIST<NODE> | Nodes of a path.
relationships | List | input :: PATH | LIST<RELATIONSHIP> | Relationships of a path.
range | List | start :: INTEGER, end :: INTEGER, step = 1 :: INTEGER | LIST<INTEGER> | Integers, both ends included.
reverse | List | input :: LIST<ANY> or STRING | LIST<ANY> or STRING | The same in reverse order.
tail | List | input :: LIST<ANY> | LIST<ANY> | All but the first element.
toBooleanList | List | input :: LIST<ANY> | LIST<BOOLEAN> | Each as Boolean; null where that is not possible.
toFloatList | List | input :: LIST<ANY> | LIST<FLOAT> | Each as Float; null where that is not possible.
toIntegerList | List | input :: LIST<ANY> | LIST<INTEGER> | Each as Integer; null where that is not possible.
toStringList | List | input :: LIST<ANY> | LIST<STRING> | Each as String; null where that is not possible.
e | Logarithmic | | FLOAT | Base of the natural logarithm.
exp | Logarithmic | input :: FLOAT | FLOAT | e to the power of a number.
log | Logarithmic | input :: FLOAT | FLOAT | Natural logarithm.
log10 | Logarithmic | input :: FLOAT | FLOAT | Common logarithm.
sqrt | Logarithmic | input :: FLOAT | FLOAT | Square root.
abs | Numeric | input :: INTEGER or FLOAT | INTEGER or FLOAT | Absolute value.
ceil | Numeric | input :: FLOAT | FLOAT | Smallest whole number that is not less.
floor | Numeric | input :: FLOAT | FLOAT | Largest whole number that is not greater.
isNaN | Numeric | input :: INTEGER or FLOAT | BOOLEAN | Whether it is not a number.
rand | Numeric | | FLOAT | Random number from 0 up to 1.
round | Numeric | value :: FLOAT, precision = 0 :: INTEGER, mode = 'HALF_UP' :: STRING | FLOAT | Rounded.
sign | Numeric | input :: INTEGER or FLOAT | INTEGER | -1, 0 or 1.
all | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for all elements.
any | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for any element.
none | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for no element.
single | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for exactly one element.
exists | Predicate | input :: ANY | BOOLEAN | Whether a pattern has a match, or a property is not null.
apoc.util.validatePredicate | Predicate | predicate :: BOOLEAN, message :: STRING, params :: LIST<ANY> | BOOLEAN | An error with that message if the predicate holds (or is null), else true.
isEmpty | Predicate | input :: LIST<ANY>, MAP or STRING | BOOLEAN | Whether it has no elements.
coalesce | Scalar | input :: ANY | ANY | The first value that is not null.
apoc.any.property | Scalar | entity :: ANY, key :: STRING | ANY | A property of a node, relationship or map, those of the schema among them.
apoc.map.clean | Scalar | map :: MAP, keys :: LIST<STRING>, values :: LIST<ANY> | MAP | Without nulls and without those keys and values.
elementId | Scalar | input :: NODE or RELATIONSHIP | STRING | The element id.
endNode | Scalar | input :: RELATIONSHIP | NODE | Where a relationship ends.
head | Scalar | list :: LIST<ANY> | ANY | The first element.
id | Scalar | input :: NODE or RELATIONSHIP | INTEGER | The id as a number; prefer elementId.
last | Scalar | list :: LIST<ANY> | ANY | The last element.
length | Scalar | input :: PATH | INTEGER | Number of relationships of a path.
nullIf | Scalar | v1 :: ANY, v2 :: ANY | ANY | Null if the two are equal, else the first.
properties | Scalar | input :: NODE, RELATIONSHIP or MAP | MAP | All properties as a map.
randomUUID | Scalar | | STRING | A random version 4 UUID.
reduce | Scalar | accumulator = initial, variable IN list \| expression | ANY | Folds a list into one value.
size | Scalar | input :: LIST<ANY> or STRING | INTEGER | Number of elements or characters.
startNode | Scalar | input :: RELATIONSHIP | NODE | Where a relationship begins.
timestamp | Scalar | | INTEGER | Milliseconds since 1970-01-01, the same within a statement.
toBoolean | Scalar | input :: ANY | BOOLEAN | As Boolean.
toBooleanOrNull | Scalar | input :: ANY | BOOLEAN | As Boolean, or null.
toFloat | Scalar | input :: ANY | FLOAT | As Float.
toFloatOrNull | Scalar | input :: ANY | FLOAT | As Float, or null.
toInteger | Scalar | input :: ANY | INTEGER | As Integer.
toIntegerOrNull | Scalar | input :: ANY | INTEGER | As Integer, or null.
type | Scalar | input :: RELATIONSHIP | STRING | Type of a relationship.
valueType | Scalar | input :: ANY | STRING | The most precise type of a value.
char_length | Scalar | input :: STRING | INTEGER | Number of characters.
character_length | Scalar | input :: STRING | INTEGER | Number of characters.
point | Spatial | input :: MAP | POINT | A point, from x, y and z or longitude, latitude and height.
point.distance | Spatial | from :: POINT, to :: POINT | FLOAT | Distance; in metres for WGS-84.
point.withinBBox | Spatial | point :: POINT, lowerLeft :: POINT, upperRight :: POINT | BOOLEAN | Is it in the box?
btrim | String | original :: STRING, characters = ' ' :: STRING | STRING | Without those characters at both ends.
left | String | original :: STRING, length :: INTEGER | STRING | The first characters.
lower | String | original :: STRING | STRING | In lower case.
ltrim | String | original :: STRING, characters = ' ' :: STRING | STRING | Without those characters at the beginning.
normalize | String | input :: STRING, normalForm = NFC :: STRING | STRING | In a normal form of Unicode: NFC, NFD, NFKC or NFKD.
replace | String | original :: STRING, search :: STRING, replacement :: STRING, limit = -1 :: INTEGER | STRING | Each occurrence replaced.
right | String | original :: STRING, length :: INTEGER | STRING | The last characters.
rtrim | String | original :: STRING, characters = ' ' :: STRING | STRING | Without those characters at the end.
split | String | original :: STRING, delimiter :: STRING or LIST<STRING> | LIST<STRING> | Parts between delimiters.
substring | String | original :: STRING, start :: INTEGER, length = null :: INTEGER | STRING | A part, counted from 0.
toLower | String | input :: STRING | STRING | In lower case.
toString | String | input :: ANY | STRING | As String.
toStringOrNull | String | input :: ANY | STRING | As String, or null.
toUpper | String | input :: STRING | STRING | In upper case.
trim | String | original :: STRING, characters = ' ' :: STRING | STRING | Without those characters at both ends.
upper | String | original :: STRING | STRING | In upper case.
apoc.date.convertFormat | Temporal | temporal :: STRING, currentFormat :: STRING, convertTo = 'yyyy-MM-dd' :: STRING | STRING | Temporal text from one ISO format into another, such as iso_zoned_date_time and iso_offset_date_time.
date | Temporal | input = now :: ANY | DATE | A date, from a text, a map or another temporal value.
datetime | Temporal | input = now :: ANY | ZONED DATETIME | A date and time with a zone.
datetime.fromEpoch | Temporal | seconds :: INTEGER, nanoseconds :: INTEGER | ZONED DATETIME | So long after 1970.
datetime.fromEpochMillis | Temporal | milliseconds :: INTEGER | ZONED DATETIME | So long after 1970.
duration | Temporal | input :: ANY | DURATION | A duration, from a text or a map.
duration.between | Temporal | from :: ANY, to :: ANY | DURATION | From one instant to the other.
duration.inDays | Temporal | from :: ANY, to :: ANY | DURATION | The same in whole days.
duration.inMonths | Temporal | from :: ANY, to :: ANY | DURATION | The same in whole months.
duration.inSeconds | Temporal | from :: ANY, to :: ANY | DURATION | The same in seconds.
localdatetime | Temporal | input = now :: ANY | LOCAL DATETIME | A date and time without a zone.
localtime | Temporal | input = now :: ANY | LOCAL TIME | A time of day without a zone.
time | Temporal | input = now :: ANY | ZONED TIME | A time of day with an offset.
acos | Trigonometric | input :: FLOAT | FLOAT | Arc cosine, in radians.
asin | Trigonometric | input :: FLOAT | FLOAT | Arc sine, in radians.
atan | Trigonometric | input :: FLOAT | FLOAT | Arc tangent, in radians.
atan2 | Trigonometric | y :: FLOAT, x :: FLOAT | FLOAT | Arc tangent of y / x, in the right quadrant.
cos | Trigonometric | input :: FLOAT | FLOAT | Cosine.
cosh | Trigonometric | input :: FLOAT | FLOAT | Hyperbolic cosine.
cot | Trigonometric | input :: FLOAT | FLOAT | Cotangent.
coth | Trigonometric | input :: FLOAT | FLOAT | Hyperbolic cotangent.
degrees | Trigonometric | input :: FLOAT | FLOAT | Radians as degrees.
haversin | Trigonometric | input :: FLOAT | FLOAT | Half the versine.
pi | Trigonometric | | FLOAT | The ratio of a circle's circumference to its diameter.
radians | Trigonometric | input :: FLOAT | FLOAT | Degrees as radians.
sin | Trigonometric | input :: FLOAT | FLOAT | Sine.
sinh | Trigonometric | input :: FLOAT | FLOAT | Hyperbolic sine.
tan | Trigonometric | input :: FLOAT | FLOAT | Tangent.
tanh | Trigonometric | input :: FLOAT | FLOAT | Hyperbolic tangent.
vector.similarity.cosine | Vector | a :: LIST<FLOAT>, b :: LIST<FLOAT> | FLOAT | Cosine similarity, 0 to 1.
vector.similarity.euclidean | Vector | a :: LIST<FLOAT>, b :: LIST<FLOAT> | FLOAT | From the distance, from 0 to 1.
file | Load CSV | | STRING | The file that LOAD CSV reads.
linenumber | Load CSV | | INTEGER | The line that LOAD CSV has read last.
"""

#: Written with a syntax of their own; the parser knows them.
SYNTAX = {"all", "any", "none", "single", "reduce"}
#: Takes any number of arguments.
VARIADIC = {"coalesce"}
#: Their arguments are checked when they run, as the TCK asks, even where they are literals.
CHECKED_LATE = {"range", "percentilecont", "percentiledisc"}


@dataclass(frozen=True, slots=True)
class Argument:
    """``type`` as it is shown; ``wanted``: what is accepted. ``default`` None: it must be given."""

    name: str
    type: str
    wanted: Type
    default: str | None


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    category: str
    #: As shown, which for functions with a syntax of their own is no list of arguments.
    written: str
    arguments: tuple[Argument, ...]
    result_text: str
    about: str
    result: Type

    @property
    def signature(self) -> str:
        return f"{self.name}({self.written}) :: {self.result_text}"

    @property
    def is_aggregating(self) -> bool:
        return self.category == "Aggregating"

    @property
    def least(self) -> int:
        return sum(argument.default is None for argument in self.arguments)

    @property
    def most(self) -> int | None:
        """None: any number."""
        return None if self.name in VARIADIC else len(self.arguments)

    def wanted(self, place: int) -> Type:
        """What the argument at this place may be."""
        if self.name.lower() in CHECKED_LATE:
            return ANY
        return self.arguments[min(place, len(self.arguments) - 1)].wanted

    def result_of(self, types: list[Type]) -> Type:
        """The type of a call with arguments of these types."""
        exact = _EXACT.get(self.name)
        return exact(types) if exact is not None and types else self.result


def _numeric(types: list[Type]) -> Type:
    return types[0] if types[0].names <= NUMBER.names else ANY


def _same(types: list[Type]) -> Type:
    return types[0]


#: Where the result depends on the arguments.
_EXACT: dict[str, Callable[[list[Type]], Type]] = {
    "abs": _numeric,
    "coalesce": lambda types: reduce(join, types),
    "collect": lambda types: list_of(types[0]),
    "head": lambda types: types[0].item,
    "last": lambda types: types[0].item,
    "max": _same,
    "min": _same,
    "nullIf": _same,
    "percentileDisc": _numeric,
    "reverse": _same,
    "sum": _numeric,
    "tail": lambda types: types[0] if types[0].names == LIST.names else LIST,
}


def _argument(text: str) -> Argument:
    name, _, kind = text.partition(" :: ")
    name, _, default = name.partition(" = ")
    return Argument(name.strip(), kind.strip(), accepting(kind), default.strip() or None)


def _split(text: str) -> list[str]:
    """At the commas between arguments: those of types stand before no ``::``."""
    pieces: list[str] = []
    for piece in filter(None, text.split(", ")):
        if "::" in piece or not pieces:
            pieces.append(piece)
        else:
            pieces[-1] += ", " + piece
    return pieces


def _function(name: str, category: str, written: str, result: str, about: str) -> Function:
    arguments = () if name in SYNTAX else tuple(map(_argument, _split(written)))
    return Function(name, category, written, arguments, result, about, parse(result))


def _clocks() -> list[Function]:
    found = []
    kinds = {
        "date": "DATE",
        "datetime": "ZONED DATETIME",
        "localdatetime": "LOCAL DATETIME",
        "localtime": "LOCAL TIME",
        "time": "ZONED TIME",
    }
    clocks = {
        "realtime": "Now, by the clock itself.",
        "statement": "Now, the same for the whole statement.",
        "transaction": "Now, the same for the whole transaction.",
    }
    for name, result in kinds.items():
        for clock, about in clocks.items():
            arguments = "timezone = null :: ANY"
            found.append(_function(f"{name}.{clock}", "Temporal", arguments, result, about))
        arguments = "unit :: STRING, input = now :: ANY, fields = null :: MAP"
        about = "Cut to a unit; the fields set what is below it."
        found.append(_function(f"{name}.truncate", "Temporal", arguments, result, about))
    return found


def _read() -> tuple[Function, ...]:
    found = _clocks()
    for line in _TABLE.strip().splitlines():
        cells = [cell.strip().replace("\0", "|") for cell in line.replace(r"\|", "\0").split("|")]
        found.append(_function(*cells))
    return tuple(sorted(found, key=lambda one: one.name.lower()))


FUNCTIONS: tuple[Function, ...] = _read()
#: What can be called, by lower-case name.
BY_NAME: dict[str, Function] = {
    one.name.lower(): one for one in FUNCTIONS if one.name not in SYNTAX
}
AGGREGATES: frozenset[str] = frozenset(name for name, one in BY_NAME.items() if one.is_aggregating)


def find(name: str) -> Function | None:
    """Names are found in any case."""
    return BY_NAME.get(name.lower())
