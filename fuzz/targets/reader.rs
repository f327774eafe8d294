//! Whatever a scenario file says, it is a scenario or a diagnosis: nothing panics, and neither memory nor time runs away. What
//! is read can be planned, and what is written of it says the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scenarios::{Registry, plan::Plan, read, write};
use std::sync::LazyLock;

static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::standard);

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = read::text("fuzz.ron", bytes) else { return };
    let Ok(all) = read::read_all("fuzz.ron", text, &*REGISTRY) else { return };
    for (_, scenario) in all {
        // A million nodes take as long to plan as they should.
        let clients = scenario.clients.as_ref().map_or(0, |clients| u64::from(clients.nodes));
        let servers: u64 = scenario.services.iter().map(|service| u64::from(service.nodes)).sum();
        if clients + servers < 1_000 {
            drop(Plan::new(&scenario, scenario.seed));
        }
        let written = write::write(&scenario);
        let again = read::read("again.ron", &written, &*REGISTRY).expect("what is written can be read");
        assert_eq!(write::write(&again), written);
    }
});
