"""What SHOW FUNCTIONS tells: one line a function. Held to the planner's own list of functions by a test.

``name | category | arguments | result | what it does``; arguments that may be left out carry their default.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DESCRIBED", "Described"]


@dataclass(frozen=True, slots=True)
class Described:
    name: str
    category: str
    arguments: str
    result: str
    about: str

    @property
    def signature(self) -> str:
        return f"{self.name}({self.arguments}) :: {self.result}"

    @property
    def is_aggregating(self) -> bool:
        return self.category == "Aggregating"


_TEXT = """
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
keys | List | input :: NODE, RELATIONSHIP or MAP | LIST<STRING> | Names of all properties.
labels | List | input :: NODE | LIST<STRING> | Labels of a node.
nodes | List | input :: PATH | LIST<NODE> | Nodes of a path.
relationships | List | input :: PATH | LIST<RELATIONSHIP> | Relationships of a path.
range | List | start :: INTEGER, end :: INTEGER, step = 1 :: INTEGER | LIST<INTEGER> | Integers from start to end, both included.
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
round | Numeric | value :: FLOAT, precision = 0 :: INTEGER, mode = 'HALF_UP' :: STRING | FLOAT | Rounded to so many digits.
sign | Numeric | input :: INTEGER or FLOAT | INTEGER | -1, 0 or 1.
all | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for all elements.
any | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for any element.
none | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for no element.
single | Predicate | variable IN list WHERE predicate | BOOLEAN | Whether it holds for exactly one element.
exists | Predicate | input :: ANY | BOOLEAN | Whether a pattern has a match, or a property is not null.
isEmpty | Predicate | input :: LIST<ANY>, MAP or STRING | BOOLEAN | Whether it has no elements.
coalesce | Scalar | input :: ANY | ANY | The first value that is not null.
elementId | Scalar | input :: NODE or RELATIONSHIP | STRING | The element id.
endNode | Scalar | input :: RELATIONSHIP | NODE | Where a relationship ends.
head | Scalar | list :: LIST<ANY> | ANY | The first element.
id | Scalar | input :: NODE or RELATIONSHIP | INTEGER | The id as a number; prefer elementId.
last | Scalar | list :: LIST<ANY> | ANY | The last element.
length | Scalar | input :: PATH | INTEGER | Number of relationships of a path.
nullIf | Scalar | v1 :: ANY, v2 :: ANY | ANY | Null if the two are equal, else the first.
properties | Scalar | input :: NODE, RELATIONSHIP or MAP | MAP | All properties as a map.
randomUUID | Scalar | | STRING | A random version 4 UUID.
reduce | Scalar | accumulator = initial, variable IN list \\| expression | ANY | Folds a list into one value.
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
point.withinBBox | Spatial | point :: POINT, lowerLeft :: POINT, upperRight :: POINT | BOOLEAN | Whether it is in the box.
btrim | String | original :: STRING, characters = ' ' :: STRING | STRING | Without those characters at both ends.
left | String | original :: STRING, length :: INTEGER | STRING | The first characters.
lower | String | original :: STRING | STRING | In lower case.
ltrim | String | original :: STRING, characters = ' ' :: STRING | STRING | Without those characters at the beginning.
replace | String | original :: STRING, search :: STRING, replacement :: STRING | STRING | Each occurrence replaced.
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
date | Temporal | input = now :: ANY | DATE | A date, from a text, a map or another temporal value.
datetime | Temporal | input = now :: ANY | ZONED DATETIME | A date and time with a zone.
datetime.fromEpoch | Temporal | seconds :: INTEGER, nanoseconds :: INTEGER | ZONED DATETIME | The moment so long after 1970.
datetime.fromEpochMillis | Temporal | milliseconds :: INTEGER | ZONED DATETIME | The moment so long after 1970.
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
vector.similarity.cosine | Vector | a :: LIST<FLOAT>, b :: LIST<FLOAT> | FLOAT | Cosine similarity, from 0 to 1.
vector.similarity.euclidean | Vector | a :: LIST<FLOAT>, b :: LIST<FLOAT> | FLOAT | From the distance, from 0 to 1.
file | Load CSV | | STRING | The file that LOAD CSV reads.
linenumber | Load CSV | | INTEGER | The line that LOAD CSV has read last.
"""


def _clocks() -> list[Described]:
    found = []
    kinds = {
        "date": "DATE",
        "datetime": "ZONED DATETIME",
        "localdatetime": "LOCAL DATETIME",
        "localtime": "LOCAL TIME",
        "time": "ZONED TIME",
    }
    for name, result in kinds.items():
        for clock in ("realtime", "statement", "transaction"):
            about = (
                f"Now, by the clock of the {clock}."
                if clock != "realtime"
                else "Now, by the clock itself."
            )
            found.append(
                Described(f"{name}.{clock}", "Temporal", "timezone = null :: STRING", result, about)
            )
        arguments = f"unit :: STRING, input = now :: {result}, fields = null :: MAP"
        found.append(Described(f"{name}.truncate", "Temporal", arguments, result, "Cut to a unit."))
    return found


def _read() -> tuple[Described, ...]:
    found = _clocks()
    for line in _TEXT.strip().splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in line.replace("\\|", "\0").split("|")]
        name, category, arguments, result, about = (cell.replace("\0", "|") for cell in cells)
        found.append(Described(name, category, arguments, result, about))
    return tuple(sorted(found, key=lambda one: one.name.lower()))


DESCRIBED = _read()
