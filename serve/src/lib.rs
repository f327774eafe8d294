//! Scenarios in a browser: a page that lists them, plays one, and lets people interfere with it.
//!
//! ```text
//! page ─request─▶ guard (who asks?) ─▶ api (what for?) ─▶ workers (threads) ─▶ live, played (play it anew) ─▶ reports
//! ```
//!
//! The server listens on loopback only, writes no file, and reads none outside of its folder. An interference is an explicit
//! fault that is added to the scenario, at the moment that the page shows; the run is then played anew from its beginning, and
//! its past must be what it was. So whatever a class has done can be saved as a scenario file, which plays the same run.
//!
//! This crate is an edge, as the command line is: it looks at the clock to give up waiting, and never to decide what a run does.

#![forbid(unsafe_code)]

mod api;
mod film;
mod guard;
mod lines;
mod live;
mod played;
mod refusal;
mod shelf;
mod workers;

use axum::{extract::DefaultBodyLimit, middleware};
use scenarios::Registry;
use std::{
    future::{Future, IntoFuture},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{net::TcpListener, runtime, sync::oneshot, time};

pub use api::LIVES_MAX;
pub use live::ACTS_MAX;
pub use played::{NODES_MAX, UNTIL_MAX};
pub use shelf::{DEPTH_MAX, FILE_MAX, FILES_MAX, Shelf};
pub use workers::Limits;

/// The largest body of a request, in bytes.
pub const BODY_MAX: usize = 64 << 10;
/// So long open answers are waited for when the server is to stop.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is served.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The scenarios.
    pub shelf: Shelf,
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// So many runs are played at the same time.
    pub threads: usize,
    /// How much one answer may take.
    pub limits: Limits,
}

#[derive(Debug)]
pub(crate) struct App {
    names: guard::Names,
    shelf: Shelf,
    workers: workers::Workers,
    lives: api::Lives,
}

/// Serves until the process is asked to stop, by Ctrl-C or SIGTERM. `ready` is told where.
pub fn serve(registry: &Registry, terms: Terms, ready: impl FnOnce(SocketAddr)) -> Result<(), String> {
    serve_until(registry, terms, ready, asked_to_stop())
}

/// Serves until `stop` is over.
pub fn serve_until(
    registry: &Registry,
    terms: Terms,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), String> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot start a server: {error}"))?;
    let stopping = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let workers =
            workers::Workers::start(scope, registry, terms.threads, terms.limits, Arc::clone(&stopping));
        let served = runtime.block_on(listen(terms, workers, ready, stop, &stopping));
        // Whoever still works is told to stop, and the queue is closed with the last of the tasks: the threads end.
        stopping.store(true, Relaxed);
        drop(runtime);
        served
    })
}

async fn listen(
    terms: Terms,
    workers: workers::Workers,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
    stopping: &AtomicBool,
) -> Result<(), String> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, terms.port));
    let listener = TcpListener::bind(wanted).await.map_err(|error| {
        format!("cannot listen on {wanted}: {error}; choose another port with `--port N`, or any free one with `--port 0`")
    })?;
    let address = listener.local_addr().map_err(|error| format!("cannot listen: {error}"))?;
    let app = Arc::new(App {
        names: guard::Names::at(address.port()),
        shelf: terms.shelf,
        workers,
        lives: api::Lives::default(),
    });
    let router = api::routes()
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::guard))
        .with_state(app);
    ready(address);
    let (tell, told) = oneshot::channel::<()>();
    // Who waits for an answer is not silent.
    let silence = terms.limits.silence.max(terms.limits.patience + FAREWELL);
    let lines = lines::Lines::new(listener, terms.limits.lines_max, silence);
    let served = axum::serve(lines, router).with_graceful_shutdown(async {
        let _ = told.await;
    });
    let served = tokio::spawn(served.into_future());
    stop.await;
    stopping.store(true, Relaxed);
    let _ = tell.send(());
    // Answers that are under way are given; a browser that keeps its line open is not waited for.
    let _ = time::timeout(FAREWELL, served).await;
    Ok(())
}

async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The style: that of the reports, and what only this page has.
pub(crate) fn style() -> String {
    reports::css() + include_str!("../templates/serve.css")
}

/// The script of the page, in the order in which its parts need one another.
pub(crate) fn script() -> String {
    const PARTS: [&str; 6] = [
        reports::WORDS,
        include_str!("../templates/ask.js"),
        include_str!("../templates/film.js"),
        include_str!("../templates/stage.js"),
        include_str!("../templates/player.js"),
        include_str!("../templates/start.js"),
    ];
    format!("(() => {{\n\"use strict\";\n{}}})();\n", PARTS.concat())
}
