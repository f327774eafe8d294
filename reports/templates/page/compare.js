// What `reports/src/embed/variants.rs` wrote: on the page that compares, this stands for `data.js`.

const data = JSON.parse(document.getElementById("data").textContent);
const windows = data.faults.filter((f) => f.from >= 0 && f.harms).map((f) => ({ ...f, until: f.until < 0 ? data.end : f.until })).filter((f) => f.until > f.from);
