//! The warnings of a plan as they are about one text and one graph.
//!
//! A plan is made from one text and serves all that differ from it in literals, blanks and comments, so the places of its
//! warnings move from text to text; and it outlives the moment in which a name was unknown.

use std::sync::Arc;

use samyama_exec::{NameKind, Notification};
use samyama_graph::Graph;

/// A place as all texts with one key have it: so many characters behind the beginning of this token.
pub type Place = (usize, usize);

/// Where the warnings stand in the text that they were made from.
pub fn places(made: &[Notification], tokens: &[usize]) -> Arc<[Place]> {
    let place = |one: &Notification| {
        let offset = usize::try_from(one.offset).unwrap_or_default();
        let token = tokens.partition_point(|start| *start <= offset).saturating_sub(1);
        (token, offset - tokens.get(token).copied().unwrap_or_default())
    };
    made.iter().map(place).collect()
}

/// The same warnings about another text.
pub fn placed(made: &[Notification], places: &[Place], text: &str, tokens: &[usize]) -> Arc<[Notification]> {
    let place = |(one, (token, behind)): (&Notification, &Place)| {
        let offset = tokens.get(*token).copied().unwrap_or_default() + behind;
        let next = |(line, column), c| if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        let (line, column) = text.chars().take(offset).fold((1, 1), next);
        Notification { offset: offset as i64, line, column, ..one.clone() }
    };
    made.iter().zip(places).map(place).collect()
}

/// Those that still hold.
pub fn holding(notifications: &Arc<[Notification]>, graph: &Graph) -> Arc<[Notification]> {
    let holds = |one: &&Notification| {
        one.unknown.as_ref().is_none_or(|unknown| !is_known(graph, unknown.kind, &unknown.name))
    };
    if notifications.iter().all(|one| holds(&one)) {
        return Arc::clone(notifications);
    }
    notifications.iter().filter(holds).cloned().collect()
}

fn is_known(graph: &Graph, kind: NameKind, name: &str) -> bool {
    match kind {
        NameKind::Label => graph.label(name).is_some(),
        NameKind::Type => graph.relationship_type(name).is_some(),
        NameKind::Key => graph.property_key(name).is_some(),
    }
}
