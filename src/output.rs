//! Writing results: each file aside first, then moved into place, so that nobody ever finds half of one.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Writes `name` into `folder`, which is made if it is not there.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    let aside = folder.join(format!(".{name}.{}", std::process::id()));
    let place = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut file = BufWriter::new(fs::File::create(&aside)?);
        content(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&aside, &place)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&aside);
        format!(
            "cannot write {}: {error}; choose another folder with `--out DIR`, or see that this one can be written",
            place.display()
        )
    })
}

/// Removes files of an earlier run, where there are any.
pub(crate) fn clear(folder: &Path, names: &[&str]) -> Result<(), String> {
    for name in names {
        match fs::remove_file(folder.join(name)) {
            Err(error)
                if error.kind() != io::ErrorKind::NotFound
                    && error.kind() != io::ErrorKind::NotADirectory =>
            {
                return Err(format!("cannot replace {}: {error}", folder.join(name).display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
