//! The schema of `summary.json` against its documentation, which `robust.rs` holds against the real thing: a key that is
//! missing in one of the three is seen. `.ci/schema` has summaries of every scenario read by a validator that we did not write.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test says what went wrong by failing")]

use serde_json::Value;

const SCHEMA: &str = include_str!("../schema/sim-summary-1.json");

/// Parts of a summary that not every run has.
const OPTIONAL: [&str; 2] = ["readings", "tasks"];

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// Path, type and meaning of every key that holds no object or list of objects, in order.
fn keys(schema: &Value, path: &str, found: &mut Vec<[String; 3]>) {
    let kind = kind(schema);
    let items = &schema["items"];
    if kind == "array" && items["type"] == "object" {
        return keys(items, &format!("{path}[]"), found);
    }
    if let Some(properties) = schema["properties"].as_object() {
        let dot = if path.is_empty() { "" } else { "." };
        return properties.iter().for_each(|(key, schema)| keys(schema, &format!("{path}{dot}{key}"), found));
    }
    let meaning = |schema: &Value| schema["description"].as_str().unwrap_or_default().to_string();
    found.push(match (kind.as_str(), items["type"].as_str()) {
        ("array", Some("string")) => [path.into(), "list of strings".into(), meaning(schema)],
        ("array", Some("array")) => [path.into(), "list of lists of strings".into(), meaning(schema)],
        ("array", _) => [format!("{path}[]"), word(items), meaning(items)],
        _ => [path.into(), word(schema), meaning(schema)],
    });
}

fn kind(schema: &Value) -> String {
    let either = schema["type"].as_array().and_then(|list| list.first());
    either.unwrap_or(&schema["type"]).as_str().unwrap_or("string").to_string()
}

fn word(schema: &Value) -> String {
    let word = kind(schema).replace("boolean", "bool");
    let missing = schema["type"].as_array().is_some_and(|types| types.contains(&"null".into()));
    if missing { format!("{word} or null") } else { word }
}

fn documented() -> Vec<[String; 3]> {
    let rows = include_str!("../SUMMARY.md").lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| {
        let mut cells = row.trim_matches('|').splitn(3, '|').map(|cell| cell.trim().to_string());
        [(); 3].map(|()| cells.next().unwrap())
    };
    rows.map(cells).map(|[key, kind, meaning]| [key.trim_matches('`').into(), kind, meaning]).collect()
}

#[test]
fn the_schema_and_the_documentation_say_the_same() {
    let mut found = Vec::new();
    keys(&schema(), "", &mut found);
    let mut documented = documented();
    documented.sort();
    found.sort();
    assert_eq!(found.len(), documented.len());
    for (found, documented) in found.iter().zip(&documented) {
        assert_eq!(found, documented);
    }
}

/// Holds `check` against every object of the schema.
fn objects(schema: &Value, path: &str, check: &mut impl FnMut(&str, &Value)) {
    if let Some(properties) = schema["properties"].as_object() {
        check(path, schema);
        properties.iter().for_each(|(key, schema)| objects(schema, &format!("{path}.{key}"), check));
    }
    if schema["items"].is_object() {
        objects(&schema["items"], &format!("{path}[]"), check);
    }
}

#[test]
fn nothing_else_may_be_in_a_summary_and_nothing_may_be_missing() {
    let mut seen = 0;
    objects(&schema(), "", &mut |path, object| {
        seen += 1;
        assert_eq!(object["additionalProperties"], Value::Bool(false), "{path}");
        let required = object["required"].as_array().unwrap();
        for key in object["properties"].as_object().unwrap().keys() {
            let may_lack = path.is_empty() && OPTIONAL.contains(&key.as_str());
            assert_eq!(required.contains(&key.as_str().into()), !may_lack, "{path}.{key}");
        }
    });
    assert!(seen > 20, "{seen}");
    assert_eq!(schema()["properties"]["schema"]["const"], reports::SCHEMA);
}
