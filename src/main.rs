//! The command line with the protocols of this project. Yours, with protocols of your own, looks the same: register
//! them and hand the registry over.

use std::process::ExitCode;

fn main() -> ExitCode {
    sim::main(&sim::Registry::standard())
}
