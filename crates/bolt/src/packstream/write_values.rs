//! Writes values, entities included, in the dialect of a connection.

use std::collections::HashMap;
use std::sync::Arc;

use samyama_graph::{DateTime, Map, NodeId, Path, Point, RelationshipId, Value, Zone};
use thiserror::Error;

use super::encode::Encoder;
use super::marker::tag;
use crate::backend::{Entities, NodeRecord, RelationshipRecord};
use crate::limits::RESULT_NESTING_DEPTH_MAX;
use crate::version::Dialect;

/// Why a value cannot be written. What was written of it is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    #[error(
        "a value is nested deeper than {depth_max} levels and cannot be sent over Bolt; return less of it at once"
    )]
    TooDeep { depth_max: usize },
}

/// For values that refer to no graph: parameters, summaries, rows without entities. An entity would come out empty.
pub struct NoEntities;

impl Entities for NoEntities {
    fn node(&self, _id: NodeId) -> NodeRecord {
        NodeRecord { labels: Vec::new(), properties: Vec::new() }
    }
    fn relationship(&self, _id: RelationshipId) -> Option<RelationshipRecord> {
        None
    }
    fn database_uuid(&self) -> &str {
        ""
    }
}

/// Append the fields of a RECORD: the list of its values.
pub fn write_record(
    out: &mut Vec<u8>,
    values: &[Value],
    dialect: Dialect,
    entities: &dyn Entities,
) -> Result<(), EncodeError> {
    Encoder::new(out).list(values.len());
    for value in values {
        write_value(out, value, dialect, entities, RESULT_NESTING_DEPTH_MAX)?;
    }
    Ok(())
}

/// Appends one value. `depth_left` counts the levels of lists and maps that may still be opened.
pub(crate) fn write_value(
    out: &mut Vec<u8>,
    value: &Value,
    dialect: Dialect,
    entities: &dyn Entities,
    depth_max: usize,
) -> Result<(), EncodeError> {
    ValueWriter { encoder: Encoder::new(out), dialect, entities, depth: 0, depth_max }.value(value)
}

struct ValueWriter<'a> {
    encoder: Encoder<'a>,
    dialect: Dialect,
    entities: &'a dyn Entities,
    depth: usize,
    depth_max: usize,
}

impl ValueWriter<'_> {
    fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        match value {
            Value::Null => self.encoder.null(),
            Value::Boolean(boolean) => self.encoder.boolean(*boolean),
            Value::Integer(integer) => self.encoder.integer(*integer),
            Value::Float(float) => self.encoder.float(*float),
            Value::String(string) => self.encoder.string(string),
            Value::Bytes(bytes) => self.encoder.bytes(bytes),
            Value::List(list) => self.list(list)?,
            Value::Map(map) => self.map(map)?,
            Value::Node(id) => self.node(*id)?,
            Value::Relationship(id) => self.relationship(*id)?,
            Value::Path(path) => self.path(path)?,
            Value::Date(date) => {
                self.encoder.structure(tag::DATE, 1);
                self.encoder.integer(date.days);
            }
            Value::LocalTime(time) => {
                self.encoder.structure(tag::LOCAL_TIME, 1);
                self.encoder.integer(time.nanoseconds.cast_signed());
            }
            Value::Time(time) => {
                self.encoder.structure(tag::TIME, 2);
                self.encoder.integer(time.nanoseconds.cast_signed());
                self.encoder.integer(i64::from(time.offset_seconds));
            }
            Value::LocalDateTime(date_time) => {
                self.encoder.structure(tag::LOCAL_DATE_TIME, 2);
                self.encoder.integer(date_time.seconds);
                self.encoder.integer(i64::from(date_time.nanoseconds));
            }
            Value::DateTime(date_time) => self.date_time(date_time),
            Value::Duration(duration) => {
                self.encoder.structure(tag::DURATION, 4);
                self.encoder.integer(duration.months);
                self.encoder.integer(duration.days);
                self.encoder.integer(duration.seconds);
                self.encoder.integer(i64::from(duration.nanoseconds));
            }
            Value::Point(point) => self.point(point),
        }
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), EncodeError> {
        if self.depth == self.depth_max {
            return Err(EncodeError::TooDeep { depth_max: self.depth_max });
        }
        self.depth += 1;
        Ok(())
    }

    fn list(&mut self, list: &[Value]) -> Result<(), EncodeError> {
        self.deeper()?;
        self.encoder.list(list.len());
        for value in list {
            self.value(value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Result<(), EncodeError> {
        self.deeper()?;
        self.encoder.dictionary(map.len());
        for (key, value) in map.iter() {
            self.encoder.string(key);
            self.value(value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn properties(&mut self, properties: &[(Arc<str>, Value)]) -> Result<(), EncodeError> {
        self.encoder.dictionary(properties.len());
        for (key, value) in properties {
            self.encoder.string(key);
            self.value(value)?;
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId) -> Result<(), EncodeError> {
        let record = self.entities.node(id);
        self.encoder.structure(tag::NODE, if self.dialect.element_ids { 4 } else { 3 });
        self.encoder.integer(id.0.cast_signed());
        self.encoder.list(record.labels.len());
        for label in &record.labels {
            self.encoder.string(label);
        }
        self.properties(&record.properties)?;
        self.element_id(b'4', id.0);
        Ok(())
    }

    fn relationship(&mut self, id: RelationshipId) -> Result<(), EncodeError> {
        let Some(record) = self.entities.relationship(id) else {
            return self.deleted_relationship(id);
        };
        self.encoder.structure(tag::RELATIONSHIP, if self.dialect.element_ids { 8 } else { 5 });
        self.encoder.integer(id.0.cast_signed());
        self.encoder.integer(record.start.0.cast_signed());
        self.encoder.integer(record.end.0.cast_signed());
        self.encoder.string(&record.type_name);
        self.properties(&record.properties)?;
        self.element_id(b'5', id.0);
        self.element_id(b'4', record.start.0);
        self.element_id(b'4', record.end.0);
        Ok(())
    }

    /// A relationship that the statement itself deleted: it keeps its id and has lost its ends.
    fn deleted_relationship(&mut self, id: RelationshipId) -> Result<(), EncodeError> {
        self.encoder.structure(tag::RELATIONSHIP, if self.dialect.element_ids { 8 } else { 5 });
        self.encoder.integer(id.0.cast_signed());
        self.encoder.integer(-1);
        self.encoder.integer(-1);
        self.encoder.string("");
        self.encoder.dictionary(0);
        self.element_id(b'5', id.0);
        if self.dialect.element_ids {
            self.encoder.string("");
            self.encoder.string("");
        }
        Ok(())
    }

    fn unbound_relationship(&mut self, id: RelationshipId) -> Result<(), EncodeError> {
        let record = self.entities.relationship(id);
        self.encoder.structure(tag::UNBOUND_RELATIONSHIP, if self.dialect.element_ids { 4 } else { 3 });
        self.encoder.integer(id.0.cast_signed());
        match &record {
            Some(record) => {
                self.encoder.string(&record.type_name);
                self.properties(&record.properties)?;
            }
            None => {
                self.encoder.string("");
                self.encoder.dictionary(0);
            }
        }
        self.element_id(b'5', id.0);
        Ok(())
    }

    /// Distinct nodes and relationships in order of first visit, then for each step the 1-based number of its
    /// relationship (negative when walked against its direction) and the 0-based number of the node it reaches.
    fn path(&mut self, path: &Path) -> Result<(), EncodeError> {
        let mut nodes = Distinct::default();
        let mut relationships = Distinct::default();
        let mut indices = Vec::with_capacity(path.steps.len() * 2);
        nodes.number_of(path.start.0);
        for step in &path.steps {
            let relationship = relationships.number_of(step.relationship.0) + 1;
            indices.push(if step.forward { relationship } else { -relationship });
            indices.push(nodes.number_of(step.node.0));
        }
        self.encoder.structure(tag::PATH, 3);
        self.encoder.list(nodes.ids.len());
        for id in nodes.ids {
            self.node(NodeId(id))?;
        }
        self.encoder.list(relationships.ids.len());
        for id in relationships.ids {
            self.unbound_relationship(RelationshipId(id))?;
        }
        self.encoder.list(indices.len());
        for index in indices {
            self.encoder.integer(index);
        }
        Ok(())
    }

    /// `4:<database uuid>:<id>` for nodes, `5:...` for relationships; nothing in a dialect without element ids.
    fn element_id(&mut self, kind: u8, id: u64) {
        if !self.dialect.element_ids {
            return;
        }
        let mut digits = [0; 20];
        let digits = decimal(id, &mut digits);
        let uuid = self.entities.database_uuid();
        self.encoder.string_header(3 + uuid.len() + digits.len());
        self.encoder.raw(&[kind, b':']);
        self.encoder.raw(uuid.as_bytes());
        self.encoder.raw(b":");
        self.encoder.raw(digits);
    }

    fn date_time(&mut self, date_time: &DateTime) {
        let utc = self.dialect.utc_datetimes;
        let (tag, offset_seconds) = match &date_time.zone {
            Zone::Offset(offset) if utc => (tag::DATE_TIME, *offset),
            Zone::Offset(offset) => (tag::DATE_TIME_LOCAL_SECONDS, *offset),
            Zone::Named { offset_seconds, .. } if utc => (tag::DATE_TIME_ZONE_NAME, *offset_seconds),
            Zone::Named { offset_seconds, .. } => (tag::DATE_TIME_ZONE_NAME_LOCAL_SECONDS, *offset_seconds),
        };
        let seconds = if utc { date_time.seconds } else { date_time.seconds + i64::from(offset_seconds) };
        self.encoder.structure(tag, 3);
        self.encoder.integer(seconds);
        self.encoder.integer(i64::from(date_time.nanoseconds));
        match &date_time.zone {
            Zone::Offset(offset) => self.encoder.integer(i64::from(*offset)),
            Zone::Named { name, .. } => self.encoder.string(name),
        }
    }

    fn point(&mut self, point: &Point) {
        match point.z {
            None => self.encoder.structure(tag::POINT_2D, 3),
            Some(_) => self.encoder.structure(tag::POINT_3D, 4),
        }
        self.encoder.integer(i64::from(point.srid));
        self.encoder.float(point.x);
        self.encoder.float(point.y);
        if let Some(z) = point.z {
            self.encoder.float(z);
        }
    }
}

/// Numbers ids in the order in which they first come.
#[derive(Default)]
struct Distinct {
    ids: Vec<u64>,
    numbers: HashMap<u64, i64>,
}

impl Distinct {
    fn number_of(&mut self, id: u64) -> i64 {
        let ids = &mut self.ids;
        *self.numbers.entry(id).or_insert_with(|| {
            ids.push(id);
            ids.len() as i64 - 1
        })
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}
