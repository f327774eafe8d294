//! Who may ask: the page that this server serves, and nobody else.
//!
//! A page of another site can make a browser send requests to 127.0.0.1, and by a name of its own that it lets point here it can
//! even read the answers. So every request must name this server in `Host`, and what changes anything must come from a page of
//! it (`Origin`), as JSON, which a form cannot send.

use crate::{App, refusal::Refusal};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// What a page of this server may do: run its own script and style, ask this server, and show a report in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A report runs its script, as its own policy has it, with no origin: it cannot ask this server for anything.
pub(crate) const REPORT_POLICY: &str = "sandbox allow-scripts; frame-ancestors 'self'";

/// Beside what a run may take, so long a request may take to be sent.
const GRACE: Duration = Duration::from_secs(2);

/// The names by which this server may be called.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<String>);

impl Names {
    pub(crate) fn at(port: u16) -> Names {
        let hosts = ["127.0.0.1", "localhost", "[::1]"];
        let mut names: Vec<String> = hosts.iter().map(|host| format!("{host}:{port}")).collect();
        if port == 80 {
            names.extend(hosts.map(String::from));
        }
        Names(names)
    }

    fn include(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let response = match check(&app.names, &request) {
        // Whoever does not go on speaking is not waited for either.
        Ok(()) => timeout(app.workers.patience() + GRACE, next.run(request)).await.unwrap_or_else(|_| {
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "the request did not come to its end").into_response()
        }),
        Err(refusal) => refusal.into_response(),
    };
    with_headers(response)
}

fn check(names: &Names, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = only(headers, header::HOST)?.unwrap_or_default();
    let called = request.uri().authority().map_or(host, |authority| authority.as_str());
    if !names.include(host) || !names.include(called) {
        return Err(Refusal::forbidden("this server answers only to 127.0.0.1, localhost and [::1]"));
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    match only(headers, header::ORIGIN)? {
        Some(origin) if origin.strip_prefix("http://") == Some(host) => {}
        Some(_) => return Err(Refusal::forbidden("another site may not drive this server")),
        None if changes => {
            return Err(Refusal::forbidden("no Origin: only a page of this server may drive it"));
        }
        None => {}
    }
    // A link from elsewhere may lead to the front page, which does nothing by itself.
    let site = only(headers, HeaderName::from_static("sec-fetch-site"))?;
    let own = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    if !own && (changes || request.uri().path() != "/") {
        return Err(Refusal::forbidden("another site may not ask this server"));
    }
    let json = |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
    if changes && !only(headers, header::CONTENT_TYPE)?.is_some_and(json) {
        return Err(Refusal::forbidden("a request must be application/json"));
    }
    Ok(())
}

/// The value of a header that may not come twice.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(&name).iter();
    let text = |value: &HeaderValue| value.to_str().is_ok();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if text(value) => Ok(value.to_str().ok()),
        (Some(_), _) => Err(Refusal::malformed(format!("the header {name} is not one plain text"))),
    }
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asks(method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&Names::at(7878), &request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn only_this_server_is_meant() {
        let host = |host| asks("GET", "/", &[("host", host)]);
        for own in ["127.0.0.1:7878", "localhost:7878", "LOCALHOST:7878", "[::1]:7878"] {
            assert!(host(own), "{own}");
        }
        for other in ["", "127.0.0.1", "127.0.0.1:7879", "evil.example:7878", "127.0.0.1:7878.evil.example"] {
            assert!(!host(other), "{other}");
        }
        assert!(!asks("GET", "/", &[]), "no host");
        assert!(!asks("GET", "/", &[("host", "localhost:7878"), ("host", "evil.example")]), "two hosts");
        assert!(!asks("GET", "http://evil.example/", &[("host", "localhost:7878")]), "two names");
    }

    #[test]
    fn only_its_own_page_drives_it() {
        let own = [("host", "localhost:7878"), ("content-type", "application/json")];
        let post = |more: &[(&str, &str)]| asks("POST", "/api/runs", &[&own[..], more].concat());
        assert!(post(&[("origin", "http://localhost:7878")]));
        assert!(post(&[("origin", "http://localhost:7878"), ("sec-fetch-site", "same-origin")]));
        assert!(!post(&[]), "no origin");
        for other in ["null", "http://localhost:3000", "https://localhost:7878", "http://127.0.0.1:7878"] {
            assert!(!post(&[("origin", other)]), "{other}");
        }
        assert!(!post(&[("origin", "http://localhost:7878"), ("sec-fetch-site", "same-site")]));
        let form = [("host", "localhost:7878"), ("origin", "http://localhost:7878")];
        assert!(!asks("POST", "/api/runs", &[&form[..], &[("content-type", "text/plain")]].concat()));
        assert!(!asks("POST", "/api/runs", &form), "no type");
    }

    #[test]
    fn another_page_reads_nothing() {
        let get = |path, site| asks("GET", path, &[("host", "localhost:7878"), ("sec-fetch-site", site)]);
        assert!(get("/", "cross-site"), "a link to the front page");
        assert!(!get("/api/scenarios", "cross-site"));
        assert!(!get("/api/scenarios", "same-site"), "another port of this machine");
        assert!(get("/api/scenarios", "same-origin"));
    }
}
