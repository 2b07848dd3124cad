//! Reads the structures of the Bolt protocol into values.
//!
//! A server takes temporal values, durations and points. A client also meets entities: what they hold goes to its
//! [`EntitySink`], and the value refers to them by their ids.
//! Datetimes are read in both forms, with UTC and with local seconds, whatever was negotiated.

use std::sync::Arc;

use samyama_graph::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, NodeId, Path, PathStep, Point, RelationshipId, Time,
    Value, Zone,
};

use super::decode::{DecodeError, Decoder};
use super::marker::tag;
use crate::backend::{NodeRecord, RelationshipRecord};

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;
const NANOSECONDS_PER_DAY: i64 = 86_400 * NANOSECONDS_PER_SECOND;
const OFFSET_SECONDS_MAX: i64 = 18 * 3600;
/// ±999,999,999 years, the range of Cypher's dates.
const DAYS_MAX: i64 = 365_242_500_000;

/// Takes the entities that a server sends.
pub trait EntitySink {
    fn node(&mut self, id: NodeId, record: NodeRecord, element_id: &str);
    fn relationship(&mut self, id: RelationshipId, record: RelationshipRecord, element_id: &str);
}

/// A relationship whose ends are not known yet.
#[derive(Clone)]
struct Unbound {
    id: RelationshipId,
    type_name: Arc<str>,
    properties: Vec<(Arc<str>, Value)>,
    element_id: String,
}

impl Decoder<'_, '_> {
    pub(super) fn structure_value(&mut self, tag: u8, fields: usize) -> Result<Value, DecodeError> {
        Ok(match (tag, fields) {
            (tag::DATE, 1) => {
                let days = self.within("a date's days", -DAYS_MAX..=DAYS_MAX)?;
                Value::Date(Date { days })
            }
            (tag::TIME, 2) => {
                Value::Time(Time { nanoseconds: self.time_of_day()?, offset_seconds: self.offset()? })
            }
            (tag::LOCAL_TIME, 1) => Value::LocalTime(LocalTime { nanoseconds: self.time_of_day()? }),
            (tag::LOCAL_DATE_TIME, 2) => Value::LocalDateTime(LocalDateTime {
                seconds: self.seconds()?,
                nanoseconds: self.nanoseconds()?,
            }),
            (
                tag::DATE_TIME
                | tag::DATE_TIME_ZONE_NAME
                | tag::DATE_TIME_LOCAL_SECONDS
                | tag::DATE_TIME_ZONE_NAME_LOCAL_SECONDS,
                3,
            ) => self.date_time(tag)?,
            (tag::DURATION, 4) => self.duration()?,
            (tag::POINT_2D, 3) => self.point(&[7203, 4326], false)?,
            (tag::POINT_3D, 4) => self.point(&[9157, 4979], true)?,
            _ if self.entities.is_some() => self.entity(tag, fields)?,
            _ => return Err(DecodeError::UnknownStructure { tag, fields }),
        })
    }

    fn date_time(&mut self, tag: u8) -> Result<Value, DecodeError> {
        let seconds = self.seconds()?;
        let nanoseconds = self.nanoseconds()?;
        let is_local = matches!(tag, tag::DATE_TIME_LOCAL_SECONDS | tag::DATE_TIME_ZONE_NAME_LOCAL_SECONDS);
        let zone = if matches!(tag, tag::DATE_TIME | tag::DATE_TIME_LOCAL_SECONDS) {
            Zone::Offset(self.offset()?)
        } else {
            let name = self.string()?;
            let offset = if is_local {
                self.zones.offset_at_local(name, seconds)
            } else {
                self.zones.offset_at_instant(name, seconds)
            };
            let offset_seconds =
                offset.ok_or_else(|| DecodeError::InvalidValue(format!("unknown time zone '{name}'")))?;
            Zone::Named { name: self.interner.key(name), offset_seconds }
        };
        let offset = match &zone {
            Zone::Offset(offset_seconds) | Zone::Named { offset_seconds, .. } => i64::from(*offset_seconds),
        };
        let seconds = if is_local { seconds - offset } else { seconds };
        Ok(Value::DateTime(Arc::new(DateTime { seconds, nanoseconds, zone })))
    }

    /// Nanoseconds beyond a second are carried into the seconds, as a duration's value holds less than one.
    fn duration(&mut self) -> Result<Value, DecodeError> {
        let months = self.integer()?;
        let days = self.integer()?;
        let seconds = self.integer()?;
        let nanoseconds = self.integer()?;
        let seconds = seconds
            .checked_add(nanoseconds.div_euclid(NANOSECONDS_PER_SECOND))
            .ok_or_else(|| DecodeError::InvalidValue("a duration's seconds are out of range".to_owned()))?;
        let nanoseconds = nanoseconds.rem_euclid(NANOSECONDS_PER_SECOND) as i32;
        Ok(Value::Duration(Arc::new(Duration { months, days, seconds, nanoseconds })))
    }

    fn point(&mut self, known: &[i64; 2], has_z: bool) -> Result<Value, DecodeError> {
        let srid = self.integer()?;
        if !known.contains(&srid) {
            let text = format!("{srid} is not the number of a coordinate system; known here are {known:?}");
            return Err(DecodeError::InvalidValue(text));
        }
        let x = self.float()?;
        let y = self.float()?;
        let z = if has_z { Some(self.float()?) } else { None };
        Ok(Value::Point(Arc::new(Point { srid: srid as u32, x, y, z })))
    }

    fn entity(&mut self, tag: u8, fields: usize) -> Result<Value, DecodeError> {
        match (tag, fields) {
            (tag::NODE, 3 | 4) => Ok(Value::Node(self.node(fields == 4)?)),
            (tag::RELATIONSHIP, 5 | 8) => Ok(Value::Relationship(self.relationship(fields == 8)?)),
            (tag::PATH, 3) => self.path(),
            _ => Err(DecodeError::UnknownStructure { tag, fields }),
        }
    }

    fn node(&mut self, has_element_id: bool) -> Result<NodeId, DecodeError> {
        let id = NodeId(self.integer()?.cast_unsigned());
        let mut labels = Vec::new();
        for _ in 0..self.list()? {
            let label = self.string()?;
            labels.push(self.interner.key(label));
        }
        let record = NodeRecord { labels, properties: self.properties()? };
        let element_id = if has_element_id { self.string()? } else { "" };
        if let Some(entities) = self.entities.as_deref_mut() {
            entities.node(id, record, element_id);
        }
        Ok(id)
    }

    fn relationship(&mut self, has_element_ids: bool) -> Result<RelationshipId, DecodeError> {
        let id = RelationshipId(self.integer()?.cast_unsigned());
        let (start, end) = (self.integer()?, self.integer()?);
        let unbound = self.unbound_relationship(id, has_element_ids)?;
        if has_element_ids {
            // Those of its ends, which their ids say already.
            self.string()?;
            self.string()?;
        }
        self.take_relationship(unbound, NodeId(start.cast_unsigned()), NodeId(end.cast_unsigned()));
        Ok(id)
    }

    /// What follows the ids: type, properties, element id.
    fn unbound_relationship(
        &mut self,
        id: RelationshipId,
        has_element_id: bool,
    ) -> Result<Unbound, DecodeError> {
        let type_name = self.string()?;
        let type_name = self.interner.key(type_name);
        let properties = self.properties()?;
        let element_id = if has_element_id { self.string()? } else { "" };
        Ok(Unbound { id, type_name, properties, element_id: element_id.to_owned() })
    }

    /// One without a type was deleted by the statement that returned it: there is nothing to know of it.
    fn take_relationship(&mut self, unbound: Unbound, start: NodeId, end: NodeId) {
        let Unbound { id, type_name, properties, element_id } = unbound;
        if let Some(entities) = self.entities.as_deref_mut()
            && !type_name.is_empty()
        {
            entities.relationship(id, RelationshipRecord { start, end, type_name, properties }, &element_id);
        }
    }

    /// Distinct nodes and relationships, then for each step the number of its relationship (from 1; negative when walked
    /// against its direction) and that of the node it reaches (from 0).
    fn path(&mut self) -> Result<Value, DecodeError> {
        let mut nodes = Vec::new();
        for _ in 0..self.list()? {
            let fields = self.structure_tagged(tag::NODE, &[3, 4])?;
            nodes.push(self.node(fields == 4)?);
        }
        let mut relationships = Vec::new();
        for _ in 0..self.list()? {
            let fields = self.structure_tagged(tag::UNBOUND_RELATIONSHIP, &[3, 4])?;
            let id = RelationshipId(self.integer()?.cast_unsigned());
            relationships.push(self.unbound_relationship(id, fields == 4)?);
        }
        let wrong = || DecodeError::InvalidValue("a path refers to what it does not hold".to_owned());
        let start = *nodes.first().ok_or_else(wrong)?;
        let (mut steps, mut from) = (Vec::new(), start);
        for _ in 0..self.list()? / 2 {
            let (number, node) = (self.integer()?, self.integer()?);
            let forward = number > 0;
            let place = usize::try_from(number.unsigned_abs()).ok().and_then(|number| number.checked_sub(1));
            let relationship = place.and_then(|place| relationships.get(place)).ok_or_else(wrong)?.clone();
            let node = *usize::try_from(node).ok().and_then(|node| nodes.get(node)).ok_or_else(wrong)?;
            steps.push(PathStep { relationship: relationship.id, forward, node });
            let (start, end) = if forward { (from, node) } else { (node, from) };
            self.take_relationship(relationship, start, end);
            from = node;
        }
        Ok(Value::Path(Arc::new(Path { start, steps })))
    }

    fn structure_tagged(&mut self, expected: u8, lengths: &[usize]) -> Result<usize, DecodeError> {
        match self.structure()? {
            (tag, fields) if tag == expected && lengths.contains(&fields) => Ok(fields),
            (tag, fields) => Err(DecodeError::UnknownStructure { tag, fields }),
        }
    }

    fn properties(&mut self) -> Result<Vec<(Arc<str>, Value)>, DecodeError> {
        let mut properties = Vec::new();
        self.entries(|key, decoder| {
            let key = decoder.interner.key(key);
            properties.push((key, decoder.value()?));
            Ok(())
        })?;
        Ok(properties)
    }

    fn time_of_day(&mut self) -> Result<u64, DecodeError> {
        let nanoseconds = self.within("the nanoseconds of a time", 0..=NANOSECONDS_PER_DAY - 1)?;
        Ok(nanoseconds.unsigned_abs())
    }

    fn nanoseconds(&mut self) -> Result<u32, DecodeError> {
        let nanoseconds = self.within("nanoseconds", 0..=NANOSECONDS_PER_SECOND - 1)?;
        Ok(nanoseconds as u32)
    }

    fn seconds(&mut self) -> Result<i64, DecodeError> {
        self.within("the seconds of a datetime", -DAYS_MAX * 86_400..=DAYS_MAX * 86_400)
    }

    fn offset(&mut self) -> Result<i32, DecodeError> {
        let offset = self.within("an offset from UTC", -OFFSET_SECONDS_MAX..=OFFSET_SECONDS_MAX)?;
        Ok(offset as i32)
    }

    fn within(&mut self, what: &str, range: std::ops::RangeInclusive<i64>) -> Result<i64, DecodeError> {
        let number = self.integer()?;
        if !range.contains(&number) {
            let text = format!("{what} must be from {} to {}, not {number}", range.start(), range.end());
            return Err(DecodeError::InvalidValue(text));
        }
        Ok(number)
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)] // A test that cannot set itself up has failed.
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backend::Entities;
    use crate::packstream::{Encoder, Interner, UtcOnly, write_value};
    use crate::version::{Dialect, Version};

    /// Nodes 1 and 2, and relationship 7 from 1 to 2; 8 has been deleted.
    struct Graph;

    impl Entities for Graph {
        fn node(&self, id: NodeId) -> NodeRecord {
            let properties = vec![(Arc::from("n"), Value::Integer(id.0.cast_signed()))];
            NodeRecord { labels: vec![Arc::from("A")], properties }
        }

        fn relationship(&self, id: RelationshipId) -> Option<RelationshipRecord> {
            (id.0 == 7).then(|| RelationshipRecord {
                start: NodeId(1),
                end: NodeId(2),
                type_name: Arc::from("R"),
                properties: vec![(Arc::from("w"), Value::Float(0.5))],
            })
        }

        fn database_uuid(&self) -> &str {
            "uuid"
        }
    }

    #[derive(Default)]
    struct Sink {
        nodes: BTreeMap<u64, String>,
        relationships: BTreeMap<u64, String>,
    }

    impl EntitySink for Sink {
        fn node(&mut self, id: NodeId, record: NodeRecord, element_id: &str) {
            self.nodes.insert(id.0, format!("{element_id} {:?} {:?}", record.labels, record.properties));
        }

        fn relationship(&mut self, id: RelationshipId, record: RelationshipRecord, element_id: &str) {
            let RelationshipRecord { start, end, type_name, properties } = record;
            let text = format!("{element_id} {}-{type_name}->{} {properties:?}", start.0, end.0);
            self.relationships.insert(id.0, text);
        }
    }

    fn there_and_back(value: &Value) -> (Result<Value, DecodeError>, Sink) {
        let mut bytes = Vec::new();
        let dialect = Dialect::of(Version::new(5, 8), true);
        write_value(&mut bytes, value, dialect, &Graph, 8).expect("it does not nest");
        let (mut interner, mut sink) = (Interner::new(), Sink::default());
        let read = Decoder::new(&bytes, 8, &mut interner, &UtcOnly).with_entities(&mut sink).value();
        (read, sink)
    }

    #[test]
    fn a_path_comes_back_with_what_its_entities_hold() {
        // 2 <-[7]- 1 -[7]-> 2: against the direction, then with it.
        let step = |forward, node| PathStep { relationship: RelationshipId(7), forward, node: NodeId(node) };
        let path = Path { start: NodeId(2), steps: vec![step(false, 1), step(true, 2)] };
        let value = Value::Path(Arc::new(path));
        let (read, sink) = there_and_back(&value);
        assert_eq!(format!("{read:?}"), format!("{:?}", Ok::<_, DecodeError>(value)));
        assert_eq!(sink.nodes[&1], r#"4:uuid:1 ["A"] [("n", Integer(1))]"#);
        assert_eq!(sink.relationships[&7], r#"5:uuid:7 1-R->2 [("w", Float(0.5))]"#);
    }

    #[test]
    fn entities_alone_come_back_and_a_deleted_one_is_unknown() {
        let (read, sink) = there_and_back(&Value::Relationship(RelationshipId(7)));
        assert!(matches!(read, Ok(Value::Relationship(RelationshipId(7)))));
        assert_eq!(sink.relationships.len(), 1);
        let (read, sink) = there_and_back(&Value::Relationship(RelationshipId(8)));
        assert!(matches!(read, Ok(Value::Relationship(RelationshipId(8)))));
        assert!(sink.relationships.is_empty());
    }

    #[test]
    fn a_server_takes_no_entities_and_a_path_must_hold_what_it_refers_to() {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes);
        encoder.structure(tag::PATH, 3);
        for _ in 0..2 {
            encoder.list(0);
        }
        encoder.list(2);
        encoder.integer(1);
        encoder.integer(1);
        let mut interner = Interner::new();
        let refused = Decoder::new(&bytes, 8, &mut interner, &UtcOnly).value();
        assert!(matches!(refused, Err(DecodeError::UnknownStructure { .. })));
        let mut sink = Sink::default();
        let broken = Decoder::new(&bytes, 8, &mut interner, &UtcOnly).with_entities(&mut sink).value();
        assert!(matches!(broken, Err(DecodeError::InvalidValue(_))), "{broken:?}");
    }
}
