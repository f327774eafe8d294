//! The command line of `sim`, with one protocol more.

mod primary;

fn main() -> std::process::ExitCode {
    let mut registry = sim::Registry::standard();
    registry.add::<primary::Primary>("primary-copy", "one server takes all requests and tells the others");
    sim::main(&registry)
}
