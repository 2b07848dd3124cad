//! Files that LOAD CSV may read: those below one directory.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use samyama_exec::ExecError;

use super::{percent_decoded, refused, unreadable};

pub struct Files {
    directory: Option<PathBuf>,
}

impl Files {
    /// Empty: no file may be read.
    pub fn below(directory: &str) -> Self {
        Self { directory: (!directory.is_empty()).then(|| directory.into()) }
    }

    /// `file:///name.csv`, or a path; both are meant below the directory.
    ///
    /// # Errors
    /// It is not allowed, or cannot be opened.
    pub fn open(&self, url: &str) -> Result<Box<dyn Read + Send>, ExecError> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let path = match scheme.as_deref() {
            None => url,
            Some("file") => url.get("file://".len()..).unwrap_or_default(),
            Some(other) => {
                return Err(refused(format!(
                    "LOAD CSV reads file://, http:// and https://; {other}:// is not supported"
                )));
            }
        };
        let Some(directory) = &self.directory else {
            return Err(refused(
                "LOAD CSV is off: set load.csv_directory to the directory whose files queries may read"
                    .into(),
            ));
        };
        let decoded = percent_decoded(path)
            .ok_or_else(|| refused(format!("`{url}` is no valid URL: its escapes are no UTF-8 text")))?;
        let relative = Path::new(decoded.trim_start_matches('/'));
        if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(refused(format!("`{url}` does not stay below load.csv_directory")));
        }
        let unreadable = |error: std::io::Error| unreadable(url, error);
        // A link may lead out of the directory: what counts is where it ends.
        let root = directory.canonicalize().map_err(unreadable)?;
        let found = root.join(relative).canonicalize().map_err(unreadable)?;
        if !found.starts_with(&root) {
            return Err(refused(format!("`{url}` does not stay below load.csv_directory")));
        }
        let file = File::open(&found).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(refused(format!("`{url}` is not a file")));
        }
        Ok(Box::new(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(files: &Files, url: &str) -> Result<String, String> {
        let mut text = String::new();
        files.open(url).map_err(|error| error.message)?.read_to_string(&mut text).expect("a text file");
        Ok(text)
    }

    #[test]
    fn only_files_below_the_directory_are_read() {
        let outside = tempfile::tempdir().expect("a directory");
        let inside = outside.path().join("in");
        std::fs::create_dir_all(inside.join("deep")).expect("a directory");
        std::fs::write(outside.path().join("secret.csv"), "secret").expect("a file");
        std::fs::write(inside.join("deep/a b.csv"), "1,2").expect("a file");
        std::os::unix::fs::symlink(outside.path().join("secret.csv"), inside.join("link.csv"))
            .expect("a link");
        let files = Files::below(inside.to_str().expect("a readable path"));
        assert_eq!(text(&files, "file:///deep/a%20b.csv").as_deref(), Ok("1,2"));
        assert_eq!(text(&files, "deep/a b.csv").as_deref(), Ok("1,2"));
        for url in ["../secret.csv", "file:///deep/../../secret.csv", "file:///%2e%2e/secret.csv", "link.csv"]
        {
            let refused = text(&files, url).expect_err("it lies outside");
            assert!(refused.contains("does not stay below"), "{url}: {refused}");
        }
        assert!(text(&files, "ftp://h/a.csv").expect_err("a scheme").contains("ftp:// is not supported"));
        assert!(text(&files, "deep").expect_err("a directory").contains("is not a file"));
        assert!(text(&Files::below(""), "deep/a b.csv").expect_err("off").contains("load.csv_directory"));
    }
}
