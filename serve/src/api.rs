//! What the page asks for, request by request.

use crate::{
    App,
    guard::REPORT_POLICY,
    live::{Choice, Live, Wish},
    played::{self, Until},
    refusal::Refusal,
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Serialize, de::DeserializeOwned};
use sim_core::time::Time;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many runs are kept; the one that was left alone longest goes first.
pub const LIVES_MAX: usize = 32;

type Answer = Result<Response, Refusal>;
type Body = Result<Bytes, BytesRejection>;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(|| async { asset("text/html", include_str!("../templates/serve.html")) }))
        .route("/serve.js", get(|| async { asset("text/javascript", crate::script()) }))
        .route("/serve.css", get(|| async { asset("text/css", crate::style()) }))
        .route("/api/scenarios", get(list))
        .route("/api/scenarios/{id}", get(source))
        .route("/api/runs", post(run))
        .route("/api/runs/{id}/at/{moment}", get(moment))
        .route("/api/runs/{id}/report", get(report))
        .route("/api/runs/{id}/report/{moment}", get(report_until))
        .route("/api/runs/{id}/scenario", get(saved))
        .route("/api/runs/{id}/interfere", post(interfere))
        .route("/api/runs/{id}/undo", post(undo))
        .fallback(|| async { Refusal::unknown("there is nothing here") })
}

fn asset(kind: &str, content: impl Into<String>) -> Response {
    ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], content.into()).into_response()
}

fn json(value: &impl Serialize) -> Answer {
    let text = serde_json::to_string(value).map_err(|error| Refusal::bug(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

fn parsed<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let bytes = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    serde_json::from_slice(&bytes).map_err(|error| Refusal::malformed(format!("not understood: {error}")))
}

async fn list(State(app): State<Arc<App>>) -> Answer {
    let shelf = app.shelf.clone();
    json(&app.workers.ask(move |registry, _| Ok(shelf.list(registry))).await?)
}

async fn source(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let shelf = app.shelf.clone();
    let text = app
        .workers
        .ask(move |_, _| shelf.find(&id)?.text().map_err(|problems| Refusal::unfit(problems.render(false))));
    Ok(asset("text/plain", text.await?))
}

async fn run(State(app): State<Arc<App>>, body: Body) -> Answer {
    let choice: Choice = parsed(body)?;
    let shelf = app.shelf.clone();
    let played = app.workers.ask(move |registry, wanted| {
        let mut live = Live::read(registry, &shelf.find(&choice.scenario)?, choice)?;
        let film = live.play(registry, wanted)?;
        Ok((live, film))
    });
    let (live, mut film) = played.await?;
    film.id = app.lives.add(live).to_string();
    json(&film)
}

async fn interfere(State(app): State<Arc<App>>, Path(id): Path<String>, body: Body) -> Answer {
    let wish: Wish = parsed(body)?;
    let live = app.lives.get(&id)?;
    let revision = wish.revision;
    let (live, film) =
        app.workers.ask(move |registry, wanted| live.interfere(registry, &wish, wanted)).await?;
    app.lives.replace(live, revision)?;
    json(&film)
}

async fn undo(State(app): State<Arc<App>>, Path(id): Path<String>, body: Body) -> Answer {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Undo {
        revision: usize,
    }
    let Undo { revision } = parsed(body)?;
    let live = app.lives.get(&id)?;
    let (live, film) = app.workers.ask(move |registry, wanted| live.undo(registry, wanted)).await?;
    app.lives.replace(live, revision)?;
    json(&film)
}

async fn moment(State(app): State<Arc<App>>, Path((id, at)): Path<(String, String)>) -> Answer {
    let (live, at) = app.lives.at(&id, &at)?;
    json(&app.workers.ask(move |registry, wanted| played::moment(registry, &live, at, wanted)).await?)
}

async fn report(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let live = app.lives.get(&id)?;
    page(app.workers.ask(move |registry, wanted| played::report(registry, &live, Until::End, wanted)).await?)
}

async fn report_until(State(app): State<Arc<App>>, Path((id, at)): Path<(String, String)>) -> Answer {
    let (live, at) = app.lives.at(&id, &at)?;
    page(
        app.workers
            .ask(move |registry, wanted| played::report(registry, &live, Until::Before(at), wanted))
            .await?,
    )
}

fn page(html: String) -> Answer {
    let mut response = asset("text/html", html);
    let policy = HeaderValue::from_static(REPORT_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

async fn saved(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let live = app.lives.get(&id)?;
    let name = live.saved_name();
    let text = app.workers.ask(move |registry, _| Ok(live.saved(registry))).await?;
    let mut response = asset("text/plain", text);
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let value = value.map_err(|error| Refusal::bug(error.to_string()))?;
    response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    Ok(response)
}

/// The runs that are kept, the one that was asked for last at the end.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    kept: Mutex<(u64, VecDeque<Arc<Live>>)>,
}

impl Lives {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Arc<Live>>)> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, mut live: Live) -> u64 {
        let mut kept = self.lock();
        kept.0 += 1;
        let id = kept.0;
        live.id = id;
        kept.1.push_back(Arc::new(live));
        if kept.1.len() > LIVES_MAX {
            kept.1.pop_front();
        }
        id
    }

    fn get(&self, id: &str) -> Result<Arc<Live>, Refusal> {
        let mut kept = self.lock();
        let place = kept.1.iter().position(|live| live.id.to_string() == id);
        let live = place.and_then(|place| kept.1.remove(place)).ok_or_else(gone)?;
        kept.1.push_back(Arc::clone(&live));
        Ok(live)
    }

    /// A run, and a moment of it in nanoseconds.
    fn at(&self, id: &str, at: &str) -> Result<(Arc<Live>, Time), Refusal> {
        let live = self.get(id)?;
        let at = at.parse().ok().map(Time).filter(|at| *at <= live.scenario.until);
        let at = at
            .ok_or_else(|| Refusal::malformed("a moment is a whole number of nanoseconds, within the run"))?;
        Ok((live, at))
    }

    /// Puts a run in the place of itself, unless that has changed since.
    fn replace(&self, live: Live, revision: usize) -> Result<(), Refusal> {
        let mut kept = self.lock();
        let old = kept.1.iter_mut().find(|old| old.id == live.id).ok_or_else(gone)?;
        if old.acts.len() != revision {
            return Err(Refusal::conflict("somebody else was faster: look at what was done, and try again"));
        }
        *old = Arc::new(live);
        Ok(())
    }
}

fn gone() -> Refusal {
    Refusal::unknown(format!("this run is not kept any more: the last {LIVES_MAX} are. Run it again"))
}
