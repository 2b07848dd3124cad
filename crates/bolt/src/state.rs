//! The states of a server's session, as a table: what each state does with each request, and where success leads.
//!
//! Two things depart from the letter of the Bolt documents, both in the client's favour: ROLLBACK is taken while
//! results are open (it drops them), and RESET before authentication succeeds without letting anybody in.
//! COMMIT while results are open stays refused: a statement starts with its first PULL, so such a commit would
//! acknowledge a statement that never ran.

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The handshake is done, HELLO is awaited.
    Negotiation,
    /// LOGON is awaited.
    Authentication,
    Ready,
    /// The result of an auto-commit statement is open.
    Streaming,
    TxReady,
    /// In an explicit transaction, with results open.
    TxStreaming,
    /// Something failed; requests are ignored until RESET.
    Failed,
}

impl State {
    pub const ALL: [State; 7] = [
        State::Negotiation,
        State::Authentication,
        State::Ready,
        State::Streaming,
        State::TxReady,
        State::TxStreaming,
        State::Failed,
    ];

    pub fn in_transaction(self) -> bool {
        matches!(self, State::TxReady | State::TxStreaming)
    }

    pub fn is_authenticated(self) -> bool {
        !matches!(self, State::Negotiation | State::Authentication)
    }
}

/// What a request is, without its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Hello,
    Logon,
    Logoff,
    Telemetry,
    Goodbye,
    Reset,
    Run,
    Pull,
    Discard,
    Begin,
    Commit,
    Rollback,
    Route,
}

impl Kind {
    pub const ALL: [Kind; 13] = [
        Kind::Hello,
        Kind::Logon,
        Kind::Logoff,
        Kind::Telemetry,
        Kind::Goodbye,
        Kind::Reset,
        Kind::Run,
        Kind::Pull,
        Kind::Discard,
        Kind::Begin,
        Kind::Commit,
        Kind::Rollback,
        Kind::Route,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Hello => "HELLO",
            Kind::Logon => "LOGON",
            Kind::Logoff => "LOGOFF",
            Kind::Telemetry => "TELEMETRY",
            Kind::Goodbye => "GOODBYE",
            Kind::Reset => "RESET",
            Kind::Run => "RUN",
            Kind::Pull => "PULL",
            Kind::Discard => "DISCARD",
            Kind::Begin => "BEGIN",
            Kind::Commit => "COMMIT",
            Kind::Rollback => "ROLLBACK",
            Kind::Route => "ROUTE",
        }
    }

    /// A RESET behind this request keeps it from being run: statements and transactions, nothing else.
    pub fn is_interrupted_by_reset(self) -> bool {
        matches!(self, Kind::Run | Kind::Pull | Kind::Discard | Kind::Begin | Kind::Commit | Kind::Rollback)
    }
}

/// What to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Execute,
    /// Answer IGNORED.
    Ignore,
    /// Answer FAILURE and close.
    Refuse,
}

/// The table.
pub fn verdict(state: State, kind: Kind) -> Verdict {
    use Kind::*;
    use State::*;
    match (state, kind) {
        (_, Goodbye) => Verdict::Execute,
        (Negotiation, Hello) | (Authentication, Logon | Reset) => Verdict::Execute,
        (Ready | Streaming | TxReady | TxStreaming | Failed, Reset) => Verdict::Execute,
        (Ready, Run | Begin | Route | Telemetry | Logoff) => Verdict::Execute,
        (Streaming, Pull | Discard) => Verdict::Execute,
        (TxReady, Run | Commit | Rollback) => Verdict::Execute,
        (TxStreaming, Run | Pull | Discard | Rollback) => Verdict::Execute,
        (Failed, Hello) => Verdict::Refuse,
        (Failed, _) => Verdict::Ignore,
        _ => Verdict::Refuse,
    }
}

/// The state after a request has succeeded. `open_results` counts those open after it, its own included.
pub fn after_success(state: State, kind: Kind, authenticates_in_hello: bool, open_results: usize) -> State {
    match kind {
        Kind::Hello if authenticates_in_hello => State::Ready,
        Kind::Hello | Kind::Logoff => State::Authentication,
        Kind::Reset if state == State::Authentication => State::Authentication,
        Kind::Logon | Kind::Reset | Kind::Commit | Kind::Rollback => State::Ready,
        Kind::Begin => State::TxReady,
        Kind::Run | Kind::Pull | Kind::Discard => match (state.in_transaction(), open_results > 0) {
            (false, true) => State::Streaming,
            (false, false) => State::Ready,
            (true, true) => State::TxStreaming,
            (true, false) => State::TxReady,
        },
        Kind::Telemetry | Kind::Goodbye | Kind::Route => state,
    }
}
