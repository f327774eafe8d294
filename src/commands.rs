//! Small commands, and what all commands have in common.

use crate::asked::read_variants;
use reports::counted;
use scenarios::{Registry, vocabulary};
use std::{io::IsTerminal, path::PathBuf};

/// Says a line on standard output. Who reads no further is not told the rest, and that is no error.
macro_rules! say {
    ($($part:tt)*) => {
        drop(std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($part)*))))
    };
}
pub(crate) use say;

/// Bad input or usage.
pub(crate) const BAD_INPUT: u8 = 2;

pub(crate) fn check(registry: &Registry, files: &[PathBuf], set: &[String]) -> u8 {
    let mut code = 0;
    for file in files {
        let Some(variants) = read_variants(registry, file, set) else {
            code = BAD_INPUT;
            continue;
        };
        for one in variants {
            let servers = one.scenario.services.iter().map(|s| u64::from(s.nodes)).sum::<u64>();
            let nodes = servers + one.scenario.clients.as_ref().map_or(0, |c| u64::from(c.nodes));
            let faults = one.scenario.faults.len() + one.scenario.nemesis.len();
            say!(
                "{}: ok: {}, {}, {}, until {}",
                one.file,
                counted(nodes, "node"),
                counted(faults as u64, "fault"),
                counted(one.scenario.expect.len() as u64, "expectation"),
                one.scenario.until
            );
        }
    }
    code
}

pub(crate) fn list(registry: &Registry) -> u8 {
    for protocol in registry.listing() {
        say!("{}\n    {}", protocol.name, protocol.about);
        say!("    roles       {}", protocol.roles.join(", "));
        let names = |wanted: bool| {
            let of = protocol.properties.iter().filter(|(_, always)| *always == wanted);
            of.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        };
        say!("    always      {}", names(true));
        say!("    sometimes   {}", names(false));
        say!("    operations  {}", protocol.mix);
        if !protocol.calls.is_empty() {
            say!("    calls       {}", protocol.calls.join(" or "));
        }
        say!("    with        {}", protocol.config);
        if !protocol.flaws.is_empty() {
            say!("    flaws       {}", protocol.flaws.join(", "));
        }
    }
    say!("\nfaults, links, delays, expectations and how to write them: sim list faults");
    0
}

pub(crate) fn list_faults(markdown: bool) -> u8 {
    let table = if markdown { vocabulary::markdown() } else { vocabulary::text() };
    say!("{}", table.trim_end());
    0
}

pub(crate) fn colored() -> bool {
    #[allow(clippy::disallowed_methods)]
    // The only variable that is read: the custom by which people switch colours off (no-color.org).
    let unwanted = std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !unwanted
}
