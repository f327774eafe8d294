//! Our engine as a program among those that are compared.

fn main() {
    harness::main("sim", |task| Some(engine::run(task)));
}
