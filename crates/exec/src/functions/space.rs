//! Points: two-dimensional and three-dimensional, cartesian (7203, 9157) and WGS-84 (4326, 4979).

use std::sync::Arc;

use samyama_graph::{Map, Point, Value};

use super::{Function, float_argument, strict, wrong_type};
use crate::ExecError;

const WGS_84: u32 = 4326;
const WGS_84_3D: u32 = 4979;
const CARTESIAN: u32 = 7203;
const CARTESIAN_3D: u32 = 9157;
const EARTH_RADIUS_METRES: f64 = 6_378_140.0;

pub(super) static FUNCTIONS: &[Function] = &[
    strict("point", 1..=1, |a, _| match &a[0] {
        Value::Map(map) if map.iter().any(|(_, value)| value.is_null()) => Ok(Value::Null),
        Value::Map(map) => Ok(Value::Point(Arc::new(point(map)?))),
        other => Err(wrong_type("point", "a Map", other)),
    }),
    strict("point.distance", 2..=2, |a, _| match (&a[0], &a[1]) {
        (Value::Point(a), Value::Point(b)) => Ok(distance(a, b).map_or(Value::Null, Value::Float)),
        _ => Ok(Value::Null),
    }),
    strict("point.withinbbox", 3..=3, |a, _| match (&a[0], &a[1], &a[2]) {
        (Value::Point(point), Value::Point(low), Value::Point(high))
            if point.srid == low.srid && point.srid == high.srid =>
        {
            Ok(Value::Boolean(within(point, low, high)))
        }
        _ => Ok(Value::Null),
    }),
];

fn invalid(message: impl Into<String>) -> ExecError {
    ExecError::argument_error("InvalidArgumentValue", message)
}

fn point(map: &Map) -> Result<Point, ExecError> {
    let part = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| map.get(name));
        value.map(|value| float_argument("point", value)).transpose()
    };
    let geographic = map.contains_key("longitude") || map.contains_key("latitude");
    let (x, y) = match (part(["x", "longitude"])?, part(["y", "latitude"])?) {
        (Some(x), Some(y)) => (x, y),
        _ => return Err(invalid("a point needs x and y, or longitude and latitude")),
    };
    let z = part(["z", "height"])?;
    let srid = srid(map, geographic, z.is_some())?;
    if z.is_some() != matches!(srid, WGS_84_3D | CARTESIAN_3D) {
        return Err(invalid(format!("a point in the system {srid} has another number of dimensions")));
    }
    if [Some(x), Some(y), z].into_iter().flatten().any(|part| !part.is_finite()) {
        return Err(invalid("the coordinates of a point must be finite numbers"));
    }
    if matches!(srid, WGS_84 | WGS_84_3D) && !(-90.0..=90.0).contains(&y) {
        return Err(invalid(format!("latitude {y} is not between -90 and 90")));
    }
    Ok(Point { srid, x, y, z })
}

fn srid(map: &Map, geographic: bool, three_dimensional: bool) -> Result<u32, ExecError> {
    match (map.get("srid"), map.get("crs")) {
        (Some(Value::Integer(srid)), _) => match u32::try_from(*srid) {
            Ok(srid @ (WGS_84 | WGS_84_3D | CARTESIAN | CARTESIAN_3D)) => Ok(srid),
            _ => Err(invalid(format!("unknown srid {srid}: use 4326, 4979, 7203 or 9157"))),
        },
        (Some(other), _) => Err(wrong_type("point", "an Integer as srid", other)),
        (None, Some(Value::String(name))) => match name.to_ascii_lowercase().as_str() {
            "wgs-84" => Ok(WGS_84),
            "wgs-84-3d" => Ok(WGS_84_3D),
            "cartesian" => Ok(CARTESIAN),
            "cartesian-3d" => Ok(CARTESIAN_3D),
            _ => Err(invalid(format!(
                "unknown crs '{name}': use wgs-84, wgs-84-3d, cartesian or cartesian-3d"
            ))),
        },
        (None, Some(other)) => Err(wrong_type("point", "a String as crs", other)),
        (None, None) => Ok(match (geographic, three_dimensional) {
            (true, true) => WGS_84_3D,
            (true, false) => WGS_84,
            (false, true) => CARTESIAN_3D,
            (false, false) => CARTESIAN,
        }),
    }
}

/// In metres on the sphere (plus the difference in height), or euclidean; None across systems.
fn distance(a: &Point, b: &Point) -> Option<f64> {
    if a.srid != b.srid {
        return None;
    }
    let height = a.z.unwrap_or(0.0) - b.z.unwrap_or(0.0);
    if matches!(a.srid, CARTESIAN | CARTESIAN_3D) {
        return Some(((a.x - b.x).powi(2) + (a.y - b.y).powi(2) + height.powi(2)).sqrt());
    }
    let (lat_a, lat_b) = (a.y.to_radians(), b.y.to_radians());
    let haversine = |angle: f64| (angle / 2.0).sin().powi(2);
    let h = haversine(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * haversine((b.x - a.x).to_radians());
    let mean_height = (a.z.unwrap_or(0.0) + b.z.unwrap_or(0.0)) / 2.0;
    let surface = 2.0 * (EARTH_RADIUS_METRES + mean_height) * h.sqrt().min(1.0).asin();
    Some((surface.powi(2) + height.powi(2)).sqrt())
}

/// A geographic box whose west is greater than its east crosses the 180th meridian.
fn within(point: &Point, low: &Point, high: &Point) -> bool {
    let geographic = matches!(point.srid, WGS_84 | WGS_84_3D);
    let x_inside = if geographic && low.x > high.x {
        point.x >= low.x || point.x <= high.x
    } else {
        (low.x..=high.x).contains(&point.x)
    };
    let z_inside = match (point.z, low.z, high.z) {
        (Some(z), Some(low), Some(high)) => (low..=high).contains(&z),
        _ => true,
    };
    x_inside && (low.y..=high.y).contains(&point.y) && z_inside
}

/// `point.x`, `.latitude`, `.crs` and so on; null for what it has not.
pub(crate) fn point_component(point: &Point, name: &str) -> Value {
    let geographic = matches!(point.srid, WGS_84 | WGS_84_3D);
    match name {
        "x" => Value::Float(point.x),
        "y" => Value::Float(point.y),
        "z" => point.z.map_or(Value::Null, Value::Float),
        "longitude" if geographic => Value::Float(point.x),
        "latitude" if geographic => Value::Float(point.y),
        "height" if geographic => point.z.map_or(Value::Null, Value::Float),
        "srid" => Value::Integer(i64::from(point.srid)),
        "crs" => Value::from(crs_name(point.srid)),
        _ => Value::Null,
    }
}

/// The name of a coordinate reference system.
pub(super) fn crs_name(srid: u32) -> &'static str {
    match srid {
        WGS_84 => "wgs-84",
        WGS_84_3D => "wgs-84-3d",
        CARTESIAN_3D => "cartesian-3d",
        _ => "cartesian",
    }
}
