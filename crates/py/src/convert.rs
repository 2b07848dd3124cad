//! Values of Cypher and values of Python.
//!
//! Entities, temporal values, durations and points become the classes of `samyama.types`, which are made there: this file
//! only hands over their parts.

use std::sync::Arc;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use samyama_graph::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, Map, NodeId, Path, Point, RelationshipId, Time,
    Value, Zone,
};

use crate::session::Collected;

/// Lists and maps inside each other, from Python.
const DEPTH_MAX: usize = 256;

pub fn map_to_rust(dict: &Bound<'_, PyDict>) -> PyResult<Map> {
    map_at(dict, 0)
}

fn map_at(dict: &Bound<'_, PyDict>, depth: usize) -> PyResult<Map> {
    let mut map = Map::new();
    for (key, value) in dict {
        let key =
            key.cast::<PyString>().map_err(|_| PyTypeError::new_err("the keys of a map are strings"))?;
        map.insert(Arc::from(key.to_str()?), to_rust(&value, depth + 1)?);
    }
    Ok(map)
}

fn to_rust(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth > DEPTH_MAX {
        return Err(PyValueError::new_err(format!("a parameter nests deeper than {DEPTH_MAX} levels")));
    }
    if value.is_none() {
        Ok(Value::Null)
    } else if let Ok(boolean) = value.cast::<PyBool>() {
        Ok(Value::Boolean(boolean.is_true()))
    } else if value.is_instance_of::<PyInt>() {
        let integer = value.extract::<i64>();
        integer
            .map(Value::Integer)
            .map_err(|_| PyOverflowError::new_err("an integer does not fit into 64 bits"))
    } else if let Ok(float) = value.cast::<PyFloat>() {
        Ok(Value::Float(float.value()))
    } else if let Ok(text) = value.cast::<PyString>() {
        Ok(Value::from(text.to_str()?))
    } else if let Ok(dict) = value.cast::<PyDict>() {
        Ok(map_at(dict, depth)?.into())
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Ok(Value::Bytes(Arc::from(bytes.as_bytes())))
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        Ok(Value::Bytes(Arc::from(bytes.to_vec())))
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items: PyResult<Vec<Value>> = value.try_iter()?.map(|item| to_rust(&item?, depth + 1)).collect();
        Ok(items?.into())
    } else {
        other_to_rust(value)
    }
}

/// `samyama.types.to_parts` knows the remaining types: it gives a tag and integers (or floats, or a zone's name).
fn other_to_rust(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = value.py();
    let parts = py.import("samyama.types")?.call_method1("to_parts", (value,))?;
    let (tag, parts): (String, Bound<'_, PyTuple>) = parts.extract()?;
    match tag.as_str() {
        "date" => Ok(Value::Date(Date { days: parts.get_item(0)?.extract()? })),
        "local_time" => Ok(Value::LocalTime(LocalTime { nanoseconds: parts.get_item(0)?.extract()? })),
        "time" => {
            let (nanoseconds, offset_seconds) = parts.extract()?;
            Ok(Value::Time(Time { nanoseconds, offset_seconds }))
        }
        "local_datetime" => {
            let (seconds, nanoseconds) = parts.extract()?;
            Ok(Value::LocalDateTime(LocalDateTime { seconds, nanoseconds }))
        }
        "datetime" => {
            let (seconds, nanoseconds, offset, zone): (i64, u32, i32, Option<String>) = parts.extract()?;
            let zone = match zone {
                None => Zone::Offset(offset),
                Some(name) => Zone::Named { name: name.into(), offset_seconds: offset },
            };
            Ok(Value::DateTime(Arc::new(DateTime { seconds, nanoseconds, zone })))
        }
        "duration" => {
            let (months, days, seconds, nanoseconds) = parts.extract()?;
            Ok(Value::Duration(Arc::new(Duration { months, days, seconds, nanoseconds })))
        }
        "point" => {
            let (srid, x, y, z) = parts.extract()?;
            Ok(Value::Point(Arc::new(Point { srid, x, y, z })))
        }
        other => Err(PyTypeError::new_err(format!("samyama.types.to_parts gave the unknown tag `{other}`"))),
    }
}

/// A value without entities.
pub fn plain_to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Converter::new(py, &Collected::default())?.value(value)
}

/// The rows, each a tuple.
pub fn rows_to_python<'py>(py: Python<'py>, collected: &Collected) -> PyResult<Bound<'py, PyList>> {
    let converter = Converter::new(py, collected)?;
    let rows = PyList::empty(py);
    for row in &collected.rows {
        let values: PyResult<Vec<_>> = row.iter().map(|value| converter.value(value)).collect();
        rows.append(PyTuple::new(py, values?)?)?;
    }
    Ok(rows)
}

struct Converter<'a, 'py> {
    py: Python<'py>,
    types: Bound<'py, PyModule>,
    collected: &'a Collected,
}

impl<'a, 'py> Converter<'a, 'py> {
    fn new(py: Python<'py>, collected: &'a Collected) -> PyResult<Self> {
        Ok(Self { py, types: py.import("samyama.types")?, collected })
    }

    fn make(&self, class: &str, parts: impl pyo3::call::PyCallArgs<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.types.call_method1(class, parts)
    }

    fn value(&self, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        match value {
            Value::Null => Ok(py.None().into_bound(py)),
            Value::Boolean(boolean) => Ok(PyBool::new(py, *boolean).to_owned().into_any()),
            Value::Integer(integer) => Ok(integer.into_pyobject(py)?.into_any()),
            Value::Float(float) => Ok(PyFloat::new(py, *float).into_any()),
            Value::String(text) => Ok(PyString::new(py, text).into_any()),
            Value::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
            Value::List(items) => {
                let items: PyResult<Vec<_>> = items.iter().map(|item| self.value(item)).collect();
                Ok(PyList::new(py, items?)?.into_any())
            }
            Value::Map(map) => Ok(self.dict(map.iter())?.into_any()),
            Value::Node(id) => self.node(*id),
            Value::Relationship(id) => self.relationship(*id),
            Value::Path(path) => self.path(path),
            Value::Date(date) => self.make("make_date", (date.days,)),
            Value::LocalTime(time) => self.make("make_local_time", (time.nanoseconds,)),
            Value::Time(time) => self.make("make_time", (time.nanoseconds, time.offset_seconds)),
            Value::LocalDateTime(at) => self.make("make_local_datetime", (at.seconds, at.nanoseconds)),
            Value::DateTime(at) => {
                let (offset, zone) = match &at.zone {
                    Zone::Offset(offset) => (*offset, None),
                    Zone::Named { name, offset_seconds } => (*offset_seconds, Some(name.as_ref())),
                };
                self.make("make_datetime", (at.seconds, at.nanoseconds, offset, zone))
            }
            Value::Duration(d) => self.make("Duration", (d.months, d.days, d.seconds, d.nanoseconds)),
            Value::Point(point) => self.make("Point", (point.srid, point.x, point.y, point.z)),
        }
    }

    fn dict<'v>(
        &self,
        pairs: impl Iterator<Item = (&'v Arc<str>, &'v Value)>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(self.py);
        for (key, value) in pairs {
            dict.set_item(key.as_ref(), self.value(value)?)?;
        }
        Ok(dict)
    }

    fn node(&self, id: NodeId) -> PyResult<Bound<'py, PyAny>> {
        let record = self.collected.entities.nodes.get(&id);
        let labels: Vec<&str> =
            record.map(|r| r.labels.iter().map(AsRef::as_ref).collect()).unwrap_or_default();
        let properties =
            self.dict(record.iter().flat_map(|r| r.properties.iter().map(|(key, value)| (key, value))))?;
        self.make("Node", (id.0, self.element_id(4, id.0), labels, properties))
    }

    fn relationship(&self, id: RelationshipId) -> PyResult<Bound<'py, PyAny>> {
        let Some(record) = self.collected.entities.relationships.get(&id) else {
            // Deleted in the transaction that returned it.
            let gone =
                (id.0, self.element_id(5, id.0), "", PyDict::new(self.py), self.py.None(), self.py.None());
            return self.make("Relationship", gone);
        };
        let properties = self.dict(record.properties.iter().map(|(key, value)| (key, value)))?;
        let (start, end) = (self.node(record.start)?, self.node(record.end)?);
        self.make(
            "Relationship",
            (id.0, self.element_id(5, id.0), record.type_name.as_ref(), properties, start, end),
        )
    }

    fn path(&self, path: &Path) -> PyResult<Bound<'py, PyAny>> {
        let mut nodes = vec![self.node(path.start)?];
        let mut relationships = Vec::with_capacity(path.steps.len());
        for step in &path.steps {
            relationships.push(self.relationship(step.relationship)?);
            nodes.push(self.node(step.node)?);
        }
        self.make("Path", (nodes, relationships))
    }

    fn element_id(&self, kind: u8, id: u64) -> String {
        format!("{kind}:{}:{id}", self.collected.uuid)
    }
}
