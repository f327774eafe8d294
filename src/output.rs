//! Writing results: each file aside first, then moved into place, so that nobody ever finds half of one.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Files of hundreds of megabytes are written in pieces of so many bytes.
const BUFFER: usize = 1 << 18;

/// Writes `name` into `folder`, which is made if it is not there.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    content: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), String> {
    let aside = folder.join(format!(".{name}.{}", std::process::id()));
    let place = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut file = BufWriter::with_capacity(BUFFER, fs::File::create(&aside)?);
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

/// Writes a file of its own.
pub(crate) fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<(), String> {
    let (folder, name) = split(path)?;
    write(folder, &name, |to| to.write_all(content.as_ref()))
}

/// Writes a picture: `NAME.svg`, and `NAME.png` where that is wanted. One that an earlier run left, and that is not written
/// now, goes.
pub(crate) fn picture(folder: &Path, name: &str, svg: Option<String>, png: bool) -> Result<(), String> {
    let names = ["svg", "png"].map(|kind| format!("{name}.{kind}"));
    clear(folder, &names.each_ref().map(String::as_str))?;
    let Some(svg) = svg else { return Ok(()) };
    if png {
        write_file(&folder.join(&names[1]), reports::png(&svg)?)?;
    }
    write_file(&folder.join(&names[0]), svg)
}

/// Removes a file that an earlier run left where this one is to write its own: nobody shall take that for this one's.
pub(crate) fn absent(path: &Path) -> Result<(), String> {
    let (folder, name) = split(path)?;
    clear(folder, &[&name])
}

/// Refuses to replace what was read, and what is no file.
pub(crate) fn replaceable(path: &Path, read: &str) -> Result<(), String> {
    let real = |path: &Path| path.canonicalize().ok();
    if path.exists() && (!path.is_file() || real(path) == real(Path::new(read))) {
        return Err(format!("{} is no file that may be replaced: choose another", path.display()));
    }
    Ok(())
}

/// The folder of a file, and its name in there.
pub(crate) fn split(path: &Path) -> Result<(&Path, String), String> {
    let name = path.file_name().ok_or_else(|| format!("{} names no file", path.display()))?;
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    Ok((folder, name.to_string_lossy().into_owned()))
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
