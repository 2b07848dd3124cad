//! Web addresses that LOAD CSV may read: those that a list of the configuration names, and none where it is empty.
//!
//! A plain GET: no proxy of the environment, no credentials, no cookies, no compression. Redirects are followed as far as
//! the list allows where they lead. Bytes and time are bounded, and nothing is held in memory but what has been asked for.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use samyama_exec::ExecError;
use ureq::http::{Response, StatusCode, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, BodyReader};

use super::{percent_decoded, refused, unreadable};
use crate::config::{ConfigError, Load};
use crate::limits::CSV_REDIRECTS_MAX;

pub struct Web {
    allowed: Vec<Address>,
    bytes_max: u64,
    timeout: Duration,
    agent: Agent,
}

/// An address as it is compared: what is not written stands for what is meant.
#[derive(Debug)]
struct Address {
    scheme: String,
    host: String,
    port: u16,
    path: String,
}

impl Address {
    /// Err: why it is none.
    fn of(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "it is no valid URL")?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("it is no whole URL");
        };
        if authority.as_str().contains('@') {
            return Err("credentials in a URL are not supported");
        }
        let scheme = scheme.to_ascii_lowercase();
        let port = match (authority.port_u16(), scheme.as_str()) {
            (Some(port), "http" | "https") => port,
            (None, "http") => 80,
            (None, "https") => 443,
            _ => return Err("its scheme is not http or https"),
        };
        // What a server makes of them is not known here.
        let path = percent_decoded(uri.path()).ok_or("its escapes are no UTF-8 text")?;
        if path.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
            return Err("its path has . or .. in it");
        }
        let host = authority.host().trim_end_matches('.').to_ascii_lowercase();
        Ok(Self { scheme, host, port, path })
    }

    /// The same server, and the same path or one below.
    fn covers(&self, other: &Address) -> bool {
        let is_server = (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port);
        let below = other.path.strip_prefix(self.path.as_str());
        is_server
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'))
    }
}

pub fn is_web(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)))
}

impl Web {
    /// # Errors
    /// A text of the list that is no web address.
    pub fn new(load: &Load) -> Result<Self, ConfigError> {
        let address = |text: &String| {
            Address::of(text).map_err(|why| ConfigError(format!("load.csv_web_allowed: `{text}`: {why}")))
        };
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_idle_connections(0)
            .user_agent(concat!("samyama/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Ok(Self {
            allowed: load.csv_web_allowed.iter().map(address).collect::<Result<_, _>>()?,
            bytes_max: load.csv_web_bytes_max,
            timeout: Duration::from_millis(load.csv_web_timeout_ms),
            agent: agent.into(),
        })
    }

    /// Begin to read. `until`: when the statement's own time is up.
    ///
    /// # Errors
    /// It is not allowed, or is not there.
    pub fn open(&self, url: &str, until: Option<Instant>) -> Result<Box<dyn Read + Send>, ExecError> {
        let end = Instant::now() + self.timeout;
        let end = until.map_or(end, |until| until.min(end));
        let mut at = url.to_owned();
        for _ in 0..=CSV_REDIRECTS_MAX {
            self.admit(url, &at)?;
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let request = self.agent.get(&at).config().timeout_global(Some(left)).build();
            let response = request.call().map_err(|error| unreadable(url, self.told(error)))?;
            if !response.status().is_redirection() {
                return self.body(url, response);
            }
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            at = location.and_then(|location| redirected(&at, location)).ok_or_else(|| {
                unreadable(url, format!("a redirect ({}) leads nowhere", response.status()))
            })?;
        }
        Err(unreadable(url, format!("more than {CSV_REDIRECTS_MAX} redirects")))
    }

    /// `at`: the URL of the query, or where it was redirected to.
    ///
    /// # Errors
    /// It is not in the list.
    pub fn admit(&self, url: &str, at: &str) -> Result<(), ExecError> {
        if self.allowed.is_empty() {
            return Err(refused(format!(
                "LOAD CSV reads nothing from the web: `{url}` is not in load.csv_web_allowed, which is empty"
            )));
        }
        let address = Address::of(at).map_err(|why| refused(format!("Cannot read `{at}`: {why}")))?;
        if self.allowed.iter().any(|allowed| allowed.covers(&address)) {
            return Ok(());
        }
        let led = if url == at { String::new() } else { format!(" (`{url}` was redirected there)") };
        Err(refused(format!("`{at}` is not below an address of load.csv_web_allowed{led}")))
    }

    fn body(&self, url: &str, response: Response<Body>) -> Result<Box<dyn Read + Send>, ExecError> {
        let status = response.status();
        if status != StatusCode::OK {
            return Err(unreadable(url, format!("the server answered {status}")));
        }
        let coding =
            response.headers().get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap_or("?"));
        if let Some(coding) = coding.filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return Err(unreadable(url, format!("it comes as {coding}, which was not asked for")));
        }
        let body = response.into_body();
        if body.content_length().is_some_and(|bytes| bytes > self.bytes_max) {
            return Err(unreadable(url, self.too_large()));
        }
        let (too_large, late) = (self.too_large(), self.late());
        Ok(Box::new(Bounded { reader: body.into_reader(), left: self.bytes_max, too_large, late }))
    }

    fn told(&self, error: ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(_) => self.late(),
            error => error.to_string(),
        }
    }

    fn too_large(&self) -> String {
        format!("it has more than load.csv_web_bytes_max ({}) bytes", self.bytes_max)
    }

    fn late(&self) -> String {
        format!(
            "it takes longer than load.csv_web_timeout_ms ({}), or than the transaction may",
            self.timeout.as_millis()
        )
    }
}

/// A body, as much of it as may be.
struct Bounded {
    reader: BodyReader<'static>,
    left: u64,
    too_large: String,
    late: String,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The client's own errors come wrapped.
        let read = self.reader.read(buffer).map_err(|error| match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => io::Error::new(io::ErrorKind::TimedOut, self.late.clone()),
            ureq::Error::Io(error) => error,
            error => io::Error::other(error),
        })?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(self.too_large.clone())),
        }
        Ok(read)
    }
}

/// Where a redirect leads: a URL, one without scheme, a path, or a path from here.
fn redirected(from: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    if location.contains("://") && !location.starts_with(['/', '?']) {
        return Some(location.to_owned());
    }
    let uri: Uri = from.parse().ok()?;
    let (scheme, authority, path) = (uri.scheme_str()?, uri.authority()?, uri.path());
    let directory = &path[..=path.rfind('/')?];
    Some(match location {
        "" => return None,
        _ if location.starts_with("//") => format!("{scheme}:{location}"),
        _ if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
        _ if location.starts_with('?') => format!("{scheme}://{authority}{path}{location}"),
        _ => format!("{scheme}://{authority}{directory}{location}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(allowed: &str, url: &str) -> bool {
        let allowed = Address::of(allowed).expect("an address");
        Address::of(url).is_ok_and(|address| allowed.covers(&address))
    }

    #[test]
    fn an_address_covers_itself_and_what_is_below() {
        for url in [
            "https://data.example/exports/",
            "https://data.example/exports/a.csv",
            "HTTPS://Data.Example:443/exports/deep/a.csv?day=1",
            "https://data.example./exports/%61.csv",
        ] {
            assert!(covers("https://data.example/exports/", url), "{url}");
        }
        for url in [
            "https://data.example/exports",
            "https://data.example/exports2/a.csv",
            "https://data.example/",
            "http://data.example/exports/a.csv",
            "https://data.example:8443/exports/a.csv",
            "https://data.example.org/exports/a.csv",
            "https://evil.example/exports/a.csv",
            "https://data.example@evil.example/exports/a.csv",
            "https://data.example/exports/../secret.csv",
            "https://data.example/exports/%2e%2e/secret.csv",
            "https://data.example/exports/..%2fsecret.csv",
            "https://data.example/exports/..\\secret.csv",
            "ftp://data.example/exports/a.csv",
            "/exports/a.csv",
        ] {
            assert!(!covers("https://data.example/exports/", url), "{url}");
        }
        assert!(covers("http://h", "http://h/any/thing"));
        assert!(
            covers("http://h/a.csv", "http://h/a.csv?x=1") && !covers("http://h/a.csv", "http://h/a.csvx")
        );
        assert!(covers("http://[::1]:80/", "http://[::1]/a") && !covers("http://[::1]/", "http://[::2]/a"));
    }

    #[test]
    fn where_a_redirect_leads() {
        let from = "http://h:8000/a/b.csv?x=1";
        for (location, expected) in [
            ("https://other/c.csv#top", Some("https://other/c.csv")),
            ("//other/c.csv", Some("http://other/c.csv")),
            ("/c.csv?to=http://x", Some("http://h:8000/c.csv?to=http://x")),
            ("c.csv", Some("http://h:8000/a/c.csv")),
            ("?x=2", Some("http://h:8000/a/b.csv?x=2")),
            ("../c.csv", Some("http://h:8000/a/../c.csv")),
            ("", None),
        ] {
            assert_eq!(redirected(from, location).as_deref(), expected, "{location}");
        }
    }
}
