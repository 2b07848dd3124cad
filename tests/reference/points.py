"""Points, their components and distances (Neo4j Cypher manual, "Spatial values" and "Spatial functions")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.reference.errors import fail

__all__ = ["Point", "component", "construct_point", "distance", "within_box"]

CARTESIAN, CARTESIAN_3D, WGS_84, WGS_84_3D = 7203, 9157, 4326, 4979
NAMES = {
    CARTESIAN: "cartesian",
    CARTESIAN_3D: "cartesian-3d",
    WGS_84: "wgs-84",
    WGS_84_3D: "wgs-84-3d",
}
EARTH_RADIUS_M = 6_378_140.0


@dataclass(frozen=True)
class Point:
    srid: int
    x: float
    y: float
    z: float | None = None

    @property
    def is_geographic(self) -> bool:
        return self.srid in (WGS_84, WGS_84_3D)


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if name in fields), None)


def construct_point(fields: Any) -> Point | None:
    """Null if a coordinate is null."""
    if fields is None:
        return None
    if not isinstance(fields, dict):
        fail("TypeError", "InvalidArgumentValue", f"a point of {fields!r}")
    if any(value is None for value in fields.values()):
        return None
    x, y = _first(fields, "x", "longitude"), _first(fields, "y", "latitude")
    z = _first(fields, "z", "height")
    if x is None or y is None:
        fail("ArgumentError", "InvalidArgumentValue", "a point needs two coordinates")
    geographic = "longitude" in fields or "latitude" in fields
    if "srid" in fields:
        srid = fields["srid"]
    elif "crs" in fields:
        srid = {name.lower(): number for number, name in NAMES.items()}.get(fields["crs"].lower())
    else:
        srid = (WGS_84 if z is None else WGS_84_3D) if geographic else None
        srid = srid or (CARTESIAN if z is None else CARTESIAN_3D)
    if srid not in NAMES or (srid in (CARTESIAN_3D, WGS_84_3D)) != (z is not None):
        fail("ArgumentError", "InvalidArgumentValue", "an unknown coordinate system")
    if srid in (WGS_84, WGS_84_3D) and not -90 <= y <= 90:
        fail("ArgumentError", "InvalidArgumentValue", f"latitude {y}")
    return Point(srid, float(x), float(y), None if z is None else float(z))


def component(point: Point, name: str) -> Any:
    found: dict[str, Any] = {"x": point.x, "y": point.y, "srid": point.srid}
    found["crs"] = NAMES[point.srid]
    if point.z is not None:
        found["z"] = point.z
    if point.is_geographic:
        found |= {"longitude": point.x, "latitude": point.y}
        if point.z is not None:
            found["height"] = point.z
    if name not in found:
        fail("TypeError", "InvalidArgumentValue", f"a point has no {name}")
    return found[name]


def distance(a: Any, b: Any) -> float | None:
    """Straight in a plane or space; on the globe along the great circle, height by Pythagoras."""
    if not isinstance(a, Point) or not isinstance(b, Point) or a.srid != b.srid:
        return None
    if not a.is_geographic:
        dz = 0.0 if a.z is None or b.z is None else a.z - b.z
        return math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2 + dz**2)
    lat_a, lat_b = math.radians(a.y), math.radians(b.y)
    d_lat, d_lon = lat_b - lat_a, math.radians(b.x - a.x)
    half = math.sin(d_lat / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(d_lon / 2) ** 2
    radius = EARTH_RADIUS_M
    if a.z is not None and b.z is not None:
        radius += (a.z + b.z) / 2
    arc = 2 * radius * math.atan2(math.sqrt(half), math.sqrt(1 - half))
    if a.z is not None and b.z is not None:
        return math.sqrt(arc**2 + (a.z - b.z) ** 2)
    return arc


def within_box(point: Any, low: Any, high: Any) -> bool | None:
    """On the globe the box may cross the date line: then its western edge is greater than its eastern."""
    points = (point, low, high)
    if not all(isinstance(p, Point) for p in points) or len({p.srid for p in points}) > 1:
        return None
    if point.is_geographic and low.x > high.x:
        inside_x = point.x >= low.x or point.x <= high.x
    else:
        inside_x = low.x <= point.x <= high.x
    inside_z = point.z is None or low.z <= point.z <= high.z
    return inside_x and low.y <= point.y <= high.y and inside_z
