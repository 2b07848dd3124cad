//! Reads the structures of the Bolt protocol into values.
//!
//! A server takes temporal values, durations and points. A client also meets entities, and gets them as maps:
//! `_kind` ("Node", "Relationship" or "Path") and then `id, labels, properties, element_id` /
//! `id, start, end, type, properties, element_id, start_element_id, end_element_id` / `nodes, relationships, indices`.
//! Datetimes are read in both forms, with UTC and with local seconds, whatever was negotiated.

use std::sync::Arc;

use samyama_graph::{Date, DateTime, Duration, LocalDateTime, LocalTime, Map, Point, Time, Value, Zone};

use super::decode::{DecodeError, Decoder};
use super::marker::tag;

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;
const NANOSECONDS_PER_DAY: i64 = 86_400 * NANOSECONDS_PER_SECOND;
const OFFSET_SECONDS_MAX: i64 = 18 * 3600;
/// ±999,999,999 years, the range of Cypher's dates.
const DAYS_MAX: i64 = 365_242_500_000;

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
            _ if self.entities_as_maps => self.entity(tag, fields)?,
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
        let (kind, keys): (&str, &[&str]) = match (tag, fields) {
            (tag::NODE, 3) => ("Node", &["id", "labels", "properties"]),
            (tag::NODE, 4) => ("Node", &["id", "labels", "properties", "element_id"]),
            (tag::RELATIONSHIP, 5) => ("Relationship", &["id", "start", "end", "type", "properties"]),
            (tag::RELATIONSHIP, 8) => (
                "Relationship",
                &[
                    "id",
                    "start",
                    "end",
                    "type",
                    "properties",
                    "element_id",
                    "start_element_id",
                    "end_element_id",
                ],
            ),
            (tag::UNBOUND_RELATIONSHIP, 3) => ("Relationship", &["id", "type", "properties"]),
            (tag::UNBOUND_RELATIONSHIP, 4) => ("Relationship", &["id", "type", "properties", "element_id"]),
            (tag::PATH, 3) => ("Path", &["nodes", "relationships", "indices"]),
            _ => return Err(DecodeError::UnknownStructure { tag, fields }),
        };
        let mut map = Map::new();
        map.insert(self.interner.key("_kind"), Value::from(kind));
        for key in keys {
            let value = self.value()?;
            map.insert(self.interner.key(key), value);
        }
        Ok(Value::from(map))
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
