//! A whole graph as a stream of sections, each at most about 1 MiB, each with its CRC32C.
//!
//! `magic | version | header section | token, node, relationship, schema sections | end section`. Loading replays creation
//! through `Draft::apply`, so a snapshot is checked by the same rules as an effect, and compares the fingerprint that comes
//! out with the one in the header: damage that passes the checksums is still found.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::bytes::*;
use super::effect::*;
use crate::record::Life;
use crate::{Draft, Effect, Graph, KeyId, LabelId, NodeId, RelationshipId, TokenKind, TypeId, Value, View};

const MAGIC: &[u8; 8] = b"SAMYGRPH";
const VERSION: u16 = 1;
/// A section is closed when it has grown past this.
const SECTION_BYTES: usize = 1 << 20;
/// No honest section is longer: one record holds at most one transaction's worth of properties.
const SECTION_BYTES_MAX: usize = 1 << 30;

const HEADER: u8 = 1;
const TOKENS: u8 = 2;
const NODES: u8 = 3;
const RELATIONSHIPS: u8 = 4;
const SCHEMA: u8 = 5;
const END: u8 = 6;

/// Write the graph. Reads nothing but the view: writes may go on meanwhile.
///
/// # Errors
/// Whatever `out` says.
pub fn write_snapshot(view: &View, out: &mut dyn Write) -> io::Result<()> {
    let graph: &Graph = view;
    out.write_all(MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())?;
    let mut sections = Sections { out, buffer: Vec::new(), kind: HEADER };
    let header = &mut sections.buffer;
    header.extend(graph.fingerprint.to_le_bytes());
    for number in [graph.transaction_number, graph.schema_epoch, graph.next_node, graph.next_relationship] {
        put_uint(header, number);
    }
    put_uint(header, u64::from(graph.next_index));
    put_uint(header, graph.node_count());
    put_uint(header, graph.relationship_count());
    sections.begin(TOKENS)?;
    for kind in [TokenKind::Label, TokenKind::RelationshipType, TokenKind::PropertyKey] {
        for name in graph.tokens.of(kind).iter() {
            sections.buffer.push(token_kind_tag(kind));
            put_text(&mut sections.buffer, name);
            sections.flush_if_full()?;
        }
    }
    write_nodes(graph, &mut sections)?;
    write_relationships(graph, &mut sections)?;
    sections.begin(SCHEMA)?;
    for index in graph.indexes() {
        match graph.constraints.iter().find(|constraint| constraint.index == Some(index.id)) {
            None => {
                sections.buffer.push(0);
                put_index(&mut sections.buffer, index);
            }
            Some(constraint) => {
                sections.buffer.push(1);
                put_constraint(&mut sections.buffer, constraint, Some(index));
            }
        }
    }
    for constraint in graph.constraints.iter().filter(|constraint| constraint.index.is_none()) {
        sections.buffer.push(1);
        put_constraint(&mut sections.buffer, constraint, None);
    }
    sections.begin(END)?;
    sections.flush()?;
    sections.out.flush()
}

fn write_nodes(graph: &Graph, sections: &mut Sections<'_>) -> io::Result<()> {
    sections.begin(NODES)?;
    let mut result = Ok(());
    graph.nodes.for_each(|id, node| {
        if result.is_err() || node.life == Life::Never {
            return;
        }
        let out = &mut sections.buffer;
        put_uint(out, id);
        out.push(u8::from(node.life == Life::Alive));
        if node.life == Life::Alive {
            put_uint(out, node.labels.as_slice().len() as u64);
            node.labels.as_slice().iter().for_each(|label| put_uint(out, u64::from(label.0)));
            put_properties(out, node.properties.as_deref().unwrap_or_default());
        }
        result = sections.flush_if_full();
    });
    result
}

fn write_relationships(graph: &Graph, sections: &mut Sections<'_>) -> io::Result<()> {
    sections.begin(RELATIONSHIPS)?;
    let mut result = Ok(());
    graph.relationships.for_each(|id, record| {
        if result.is_err() || record.life == Life::Never {
            return;
        }
        let out = &mut sections.buffer;
        put_uint(out, id);
        out.push(u8::from(record.life == Life::Alive));
        if record.life == Life::Alive {
            for number in [u64::from(record.start), u64::from(record.end), u64::from(record.type_id)] {
                put_uint(out, number);
            }
            let properties = graph.relationship_properties.get(id).and_then(|list| list.as_deref());
            put_properties(out, properties.unwrap_or_default());
        }
        result = sections.flush_if_full();
    });
    result
}

/// Collects records and writes `kind | length u32 | crc u32 | bytes`.
struct Sections<'a> {
    out: &'a mut dyn Write,
    buffer: Vec<u8>,
    kind: u8,
}

impl Sections<'_> {
    fn begin(&mut self, kind: u8) -> io::Result<()> {
        self.flush()?;
        self.kind = kind;
        Ok(())
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < SECTION_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.len() > SECTION_BYTES_MAX {
            return Err(io::Error::other("one record of the graph is larger than a snapshot section may be"));
        }
        self.out.write_all(&[self.kind])?;
        self.out.write_all(&(self.buffer.len() as u32).to_le_bytes())?;
        self.out.write_all(&section_crc(self.kind, &self.buffer).to_le_bytes())?;
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

fn section_crc(kind: u8, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[kind]), bytes)
}

/// Read and verify.
///
/// # Errors
/// `InvalidData` with what is wrong, or whatever `input` says.
pub fn read_snapshot(input: &mut dyn Read) -> io::Result<View> {
    let mut start = [0; 10];
    input.read_exact(&mut start)?;
    if &start[..8] != MAGIC {
        return Err(damaged("it does not begin with a graph snapshot's magic"));
    }
    let version = u16::from_le_bytes([start[8], start[9]]);
    if version != VERSION {
        return Err(damaged(format!("format version {version}; this program reads {VERSION}")));
    }
    let (kind, header) = read_section(input)?;
    if kind != HEADER {
        return Err(damaged("the header is missing"));
    }
    let header = Header::decode(&mut &header[..]).map_err(|error| damaged(format!("header: {error}")))?;
    let mut loader = Loader::default();
    loop {
        let (kind, section) = read_section(input)?;
        if kind == END {
            break;
        }
        loader.load(kind, &mut &section[..]).map_err(|error| damaged(error.to_string()))?;
    }
    header.finish(loader)
}

fn damaged(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the graph snapshot is damaged: {}", what.into()))
}

fn read_section(input: &mut dyn Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    input.read_exact(&mut head)?;
    let len = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let crc = u32::from_le_bytes([head[5], head[6], head[7], head[8]]);
    if len > SECTION_BYTES_MAX {
        return Err(damaged(format!("a section of {len} bytes")));
    }
    let mut bytes = Vec::new();
    input.take(len as u64).read_to_end(&mut bytes)?;
    if bytes.len() != len {
        return Err(damaged("it is cut short"));
    }
    if section_crc(head[0], &bytes) != crc {
        return Err(damaged(format!("a section of kind {} has the wrong checksum", head[0])));
    }
    Ok((head[0], bytes))
}

struct Header {
    fingerprint: u128,
    transaction_number: u64,
    schema_epoch: u64,
    next_node: u64,
    next_relationship: u64,
    next_index: u32,
    nodes: u64,
    relationships: u64,
}

impl Header {
    fn decode(bytes: &mut &[u8]) -> Result<Self, CodecError> {
        Ok(Header {
            fingerprint: u128::from_le_bytes(take_fixed(bytes)?),
            transaction_number: take_uint(bytes)?,
            schema_epoch: take_uint(bytes)?,
            next_node: take_uint(bytes)?,
            next_relationship: take_uint(bytes)?,
            next_index: take_small(bytes)?,
            nodes: take_uint(bytes)?,
            relationships: take_uint(bytes)?,
        })
    }

    fn finish(self, loader: Loader) -> io::Result<View> {
        let mut graph = loader.draft.freeze_graph();
        if (graph.node_count(), graph.relationship_count()) != (self.nodes, self.relationships) {
            return Err(damaged("it holds another number of nodes or relationships than its header says"));
        }
        if graph.fingerprint != self.fingerprint {
            return Err(damaged("its content does not have the fingerprint that its header says"));
        }
        if self.next_node < graph.next_node || self.next_relationship < graph.next_relationship {
            return Err(damaged("its next free ids are in use"));
        }
        graph.transaction_number = self.transaction_number;
        graph.schema_epoch = self.schema_epoch;
        graph.next_node = self.next_node;
        graph.next_relationship = self.next_relationship;
        graph.next_index = self.next_index;
        Ok(View::from_graph(graph))
    }
}

#[derive(Default)]
struct Loader {
    draft: Draft,
    tokens: [u32; 3],
}

impl Loader {
    fn load(&mut self, kind: u8, bytes: &mut &[u8]) -> Result<(), CodecError> {
        while !bytes.is_empty() {
            match kind {
                TOKENS => self.load_token(bytes)?,
                NODES => self.load_node(bytes)?,
                RELATIONSHIPS => self.load_relationship(bytes)?,
                SCHEMA => self.load_index(bytes)?,
                _ => return fail(format!("unknown section kind {kind}")),
            }
        }
        Ok(())
    }

    fn apply(&mut self, effect: &Effect) -> Result<(), CodecError> {
        self.draft.apply(effect).or_else(|error| fail(error.to_string()))
    }

    fn load_token(&mut self, bytes: &mut &[u8]) -> Result<(), CodecError> {
        let kind = take_token_kind(bytes)?;
        let next = &mut self.tokens[usize::from(token_kind_tag(kind))];
        let id = *next;
        *next += 1;
        let name = take_text(bytes)?;
        self.apply(&Effect::CreateToken { kind, id, name })
    }

    fn load_node(&mut self, bytes: &mut &[u8]) -> Result<(), CodecError> {
        let id = NodeId(take_uint(bytes)?);
        if take_byte(bytes)? == 0 {
            return self.draft.mark_deleted_node(id).or_else(|error| fail(error.to_string()));
        }
        let count = take_count(bytes)?;
        let labels: Result<Vec<_>, CodecError> = (0..count).map(|_| take_small(bytes).map(LabelId)).collect();
        let effect = Effect::CreateNode { id, labels: labels?, properties: take_properties(bytes)? };
        self.apply(&effect)
    }

    fn load_relationship(&mut self, bytes: &mut &[u8]) -> Result<(), CodecError> {
        let id = RelationshipId(take_uint(bytes)?);
        if take_byte(bytes)? == 0 {
            return self.draft.mark_deleted_relationship(id).or_else(|error| fail(error.to_string()));
        }
        let (start, end) = (NodeId(take_uint(bytes)?), NodeId(take_uint(bytes)?));
        let type_id = TypeId(take_small(bytes)?);
        let properties: Vec<(KeyId, Value)> = take_properties(bytes)?;
        self.apply(&Effect::CreateRelationship { id, start, end, type_id, properties })
    }

    fn load_index(&mut self, bytes: &mut &[u8]) -> Result<(), CodecError> {
        let effect = if take_byte(bytes)? == 0 {
            Effect::CreateIndex(take_index(bytes)?)
        } else {
            let (constraint, index) = take_constraint(bytes)?;
            Effect::CreateConstraint { constraint, index }
        };
        self.apply(&effect)
    }
}

/// Bytes of a snapshot, for tests and tools.
impl View {
    /// The snapshot as one buffer.
    ///
    /// # Errors
    /// Only if a record is too large for a section.
    pub fn to_snapshot_bytes(&self) -> io::Result<Arc<[u8]>> {
        let mut bytes = Vec::new();
        write_snapshot(self, &mut bytes)?;
        Ok(bytes.into())
    }
}
