//! Requests, as a server reads them.

use std::sync::Arc;

use samyama_graph::{Map, Value};

use super::options::{Pull, RouteRequest, read_commit, read_options};
use super::tag;
use crate::backend::{Failure, TransactionOptions};
use crate::limits::Limits;
use crate::packstream::{DecodeError, Decoder, Interner, Zones};
use crate::state::Kind;
use crate::version::Version;

/// A message from a client.
#[derive(Clone, Debug)]
pub enum Request {
    Hello(Map),
    Logon(Map),
    Logoff,
    Telemetry(i64),
    Goodbye,
    Reset,
    Run {
        query: Arc<str>,
        parameters: Arc<Map>,
        options: TransactionOptions,
    },
    Pull(Pull),
    Discard(Pull),
    Begin(TransactionOptions),
    /// With what a member that relays adds; Null from anybody else.
    Commit(Value),
    Rollback,
    Route(RouteRequest),
    /// In order as a message, but it cannot be done.
    Rejected(Rejected),
}

/// A message that was understood, with something in it that cannot be taken.
#[derive(Clone, Debug)]
pub struct Rejected {
    pub kind: Kind,
    pub failure: Failure,
}

impl Request {
    pub fn kind(&self) -> Kind {
        match self {
            Request::Hello(_) => Kind::Hello,
            Request::Logon(_) => Kind::Logon,
            Request::Logoff => Kind::Logoff,
            Request::Telemetry(_) => Kind::Telemetry,
            Request::Goodbye => Kind::Goodbye,
            Request::Reset => Kind::Reset,
            Request::Run { .. } => Kind::Run,
            Request::Pull(_) => Kind::Pull,
            Request::Discard(_) => Kind::Discard,
            Request::Begin(_) => Kind::Begin,
            Request::Commit(_) => Kind::Commit,
            Request::Rollback => Kind::Rollback,
            Request::Route(_) => Kind::Route,
            Request::Rejected(rejected) => rejected.kind,
        }
    }

    /// Reads one message. An error means that the client does not speak the protocol: the connection cannot go on.
    /// `from_member`: another member relays for its client, and may say more than clients may.
    pub fn read(
        message: &[u8],
        version: Version,
        from_member: bool,
        limits: &Limits,
        interner: &mut Interner,
        zones: &dyn Zones,
    ) -> Result<Request, DecodeError> {
        let mut decoder = Decoder::new(message, limits.nesting_depth_max, interner, zones);
        let (tag, fields) = decoder.structure()?;
        let (kind, fields_expected) = known(tag, version, from_member)
            .ok_or_else(|| DecodeError::Field(format!("0x{tag:02X} is not a message of Bolt {version}")))?;
        if fields != fields_expected {
            let name = kind.name();
            let text = format!("{name} has {fields_expected} fields in Bolt {version}, not {fields}");
            return Err(DecodeError::Field(text));
        }
        match read_fields(kind, &mut decoder, limits, from_member)
            .and_then(|request| decoder.finish().map(|()| request))
        {
            Err(error) if error.concerns_one_value() => {
                let failure = Failure::new("Neo.ClientError.Statement.TypeError", "22N01", error.to_string());
                Ok(Request::Rejected(Rejected { kind, failure }))
            }
            other => other,
        }
    }
}

fn known(tag: u8, version: Version, from_member: bool) -> Option<(Kind, usize)> {
    Some(match tag {
        tag::HELLO => (Kind::Hello, 1),
        tag::LOGON if version.has_logon() => (Kind::Logon, 1),
        tag::LOGOFF if version.has_logon() => (Kind::Logoff, 0),
        tag::TELEMETRY if version.has_telemetry() => (Kind::Telemetry, 1),
        tag::GOODBYE => (Kind::Goodbye, 0),
        tag::RESET => (Kind::Reset, 0),
        tag::RUN => (Kind::Run, 3),
        tag::PULL => (Kind::Pull, 1),
        tag::DISCARD => (Kind::Discard, 1),
        tag::BEGIN => (Kind::Begin, 1),
        tag::COMMIT => (Kind::Commit, usize::from(from_member)),
        tag::ROLLBACK => (Kind::Rollback, 0),
        tag::ROUTE => (Kind::Route, 3),
        _ => return None,
    })
}

fn read_fields(
    kind: Kind,
    decoder: &mut Decoder<'_, '_>,
    limits: &Limits,
    from_member: bool,
) -> Result<Request, DecodeError> {
    Ok(match kind {
        Kind::Hello => Request::Hello(decoder.dictionary()?),
        Kind::Logon => Request::Logon(decoder.dictionary()?),
        Kind::Logoff => Request::Logoff,
        Kind::Telemetry => Request::Telemetry(decoder.integer()?),
        Kind::Goodbye => Request::Goodbye,
        Kind::Reset => Request::Reset,
        Kind::Run => read_run(decoder, limits, from_member)?,
        Kind::Pull => Request::Pull(Pull::read(decoder)?),
        Kind::Discard => Request::Discard(Pull::read(decoder)?),
        Kind::Begin => Request::Begin(read_options(decoder, from_member)?),
        Kind::Commit if from_member => Request::Commit(read_commit(decoder)?),
        Kind::Commit => Request::Commit(Value::Null),
        Kind::Rollback => Request::Rollback,
        Kind::Route => Request::Route(RouteRequest::read(decoder)?),
    })
}

fn read_run(
    decoder: &mut Decoder<'_, '_>,
    limits: &Limits,
    from_member: bool,
) -> Result<Request, DecodeError> {
    let text = decoder.string()?;
    if text.len() > limits.query_bytes_max {
        let (length, most) = (text.len(), limits.query_bytes_max);
        return Err(DecodeError::InvalidValue(format!(
            "the query's text has {length} bytes; at most {most} are allowed. Pass data as parameters instead"
        )));
    }
    let query = decoder.interner_mut().text(text);
    let parameters = decoder.dictionary()?;
    if parameters.len() > limits.parameters_max {
        let (length, most) = (parameters.len(), limits.parameters_max);
        return Err(DecodeError::InvalidValue(format!(
            "the query has {length} parameters; at most {most} are allowed. Pass one list or map instead"
        )));
    }
    Ok(Request::Run { query, parameters: Arc::new(parameters), options: read_options(decoder, from_member)? })
}
