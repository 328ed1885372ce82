//! Files that are written whole or not at all.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// The folder that a file is in.
#[must_use]
pub fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A new file beside another, to take its place once it is whole. Others may read it as any file, unlike what is usual
/// for temporary ones.
///
/// # Errors
/// Where none can be made there.
pub fn part(file: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_in_a_folder() {
        for (file, expected) in [("a", "."), ("./a", "."), ("b/a", "b"), ("/a", "/"), ("/", "."), ("", ".")] {
            assert_eq!(folder(Path::new(file)), Path::new(expected), "{file}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_part_is_beside_and_for_all() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("whole");
        let part = part(&file, ".part").unwrap();
        assert_eq!(part.path().parent(), Some(folder.path()));
        let mode = part.as_file().metadata().unwrap().permissions().mode();
        let usual = std::fs::File::create(&file).unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode, usual);
    }
}
