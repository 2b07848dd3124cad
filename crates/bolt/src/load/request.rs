//! Requests, encoded: RUN with its own parameters and a PULL of everything.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use samyama_graph::{Map, Value};

use super::spec::{Generator, Spec};
use crate::backend::TransactionOptions;
use crate::chunk::{begin_message, end_message};
use crate::message::{Summary, tag, write_options};
use crate::packstream::Encoder;
use crate::version::{Dialect, Version};

const VERSION: Version = Version::new(5, 8);

/// Makes the requests of a load; shared by its connections.
pub(super) struct Requests {
    /// RUN up to its parameters, without the chunk's header.
    head: Vec<u8>,
    parameters: Vec<Parameter>,
    /// The options of the transaction.
    tail: Vec<u8>,
    /// A whole PULL message.
    pull: Vec<u8>,
    seed: u64,
    /// Requests that may still be made.
    left: Option<AtomicU64>,
}

struct Parameter {
    /// The name, encoded.
    key: Vec<u8>,
    source: Source,
}

enum Source {
    Sequence(AtomicI64),
    Random {
        from: i64,
        span: u64,
    },
    /// Encoded already.
    Constant(Vec<u8>),
}

impl Requests {
    pub fn new(spec: &Spec) -> Result<Self, String> {
        let mut head = Vec::new();
        let mut encoder = Encoder::new(&mut head);
        encoder.structure(tag::RUN, 3);
        encoder.string(&spec.statement);
        encoder.dictionary(spec.parameters.len());
        let parameters = spec.parameters.iter().map(|(name, generator)| Parameter {
            key: encoded(|encoder| encoder.string(name)),
            source: Source::of(generator),
        });
        let parameters = parameters.collect();
        let mut options = TransactionOptions { read_only: spec.read_only, ..TransactionOptions::default() };
        if let Some(level) = &spec.read_level {
            let level = Value::from(level.as_str());
            options.metadata = Arc::new(Map::from_pairs([(Arc::from("samyama.read"), level)]));
        }
        let (mut tail, mut pull) = (Vec::new(), Vec::new());
        let dialect = Dialect::of(VERSION, false);
        write_options(&mut tail, &options, VERSION, dialect).map_err(|error| error.to_string())?;
        let mut all = Summary::begin(&mut pull, tag::PULL, dialect);
        all.key("n").integer(-1);
        all.end();
        Ok(Self {
            head,
            parameters,
            tail,
            pull,
            seed: spec.seed,
            left: spec.requests_max.map(AtomicU64::new),
        })
    }

    /// Take one from those that may be made. False: there are no more.
    pub fn take(&self) -> bool {
        let fewer = |left: u64| left.checked_sub(1);
        self.left
            .as_ref()
            .is_none_or(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok())
    }

    /// Append one request.
    pub fn write(&self, out: &mut Vec<u8>, random: &Random) {
        let message = begin_message(out);
        out.extend_from_slice(&self.head);
        for parameter in &self.parameters {
            out.extend_from_slice(&parameter.key);
            match &parameter.source {
                Source::Sequence(next) => Encoder::new(out).integer(next.fetch_add(1, Ordering::Relaxed)),
                Source::Random { from, span } => {
                    Encoder::new(out).integer(from.wrapping_add_unsigned(random.below(*span)));
                }
                Source::Constant(bytes) => out.extend_from_slice(bytes),
            }
        }
        out.extend_from_slice(&self.tail);
        end_message(out, message);
        out.extend_from_slice(&self.pull);
    }

    /// Randomness of one connection.
    pub fn random(&self, stream: u64) -> Random {
        Random(Cell::new(self.seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

impl Source {
    fn of(generator: &Generator) -> Self {
        match generator {
            Generator::Sequence { from } => Source::Sequence(AtomicI64::new(*from)),
            Generator::Random { from, until } => {
                Source::Random { from: *from, span: until.wrapping_sub(*from).cast_unsigned() }
            }
            Generator::Integer(value) => Source::Constant(encoded(|encoder| encoder.integer(*value))),
            Generator::Text(text) => Source::Constant(encoded(|encoder| encoder.string(text))),
            Generator::TextBytes(bytes) => {
                Source::Constant(encoded(|encoder| encoder.string(&"x".repeat(*bytes))))
            }
        }
    }
}

fn encoded(write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

/// SplitMix64: good enough to pick rows, and the same seed asks the same questions.
pub(super) struct Random(Cell<u64>);

impl Random {
    /// A number below `span`, by multiplication; the bias is below 2^-32 for the spans that a database has.
    fn below(&self, span: u64) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(mixed ^ (mixed >> 31)) * u128::from(span)) >> 64) as u64
    }
}
