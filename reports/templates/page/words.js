// Words and figures, and elements made of them. Texts only ever become text nodes: none is read as markup.

const count = (n) => Math.round(n).toLocaleString("en-US");

/** Three significant digits, and no zeros behind them. */
const digits = (x) => (x >= 99.95 ? x.toFixed(0) : (x >= 9.995 ? x.toFixed(1) : x.toFixed(2)).replace(/0+$/, "").replace(/\.$/, ""));

/** A span of nanoseconds with three significant digits. */
function span(ns) {
  const abs = Math.abs(ns);
  if (abs < 1e3) return `${Math.round(ns)}ns`;
  if (abs < 1e6) return `${digits(ns / 1e3)}µs`;
  if (abs < 1e9) return `${digits(ns / 1e6)}ms`;
  if (abs < 600e9) return `${digits(ns / 1e9)}s`;
  if (abs < 36000e9) return `${digits(ns / 60e9)}min`;
  return `${digits(ns / 3600e9)}h`;
}

/** A moment, as fine as `step` nanoseconds ask for. */
function moment(ns, step = 1e6) {
  const places = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / 1e9) - 1e-9)));
  return `${(ns / 1e9).toFixed(places)}s`;
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return `${digits(bytes)}${units[unit]}`;
}

const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** An element with attributes, or listeners under `on…`, and children. */
function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

/** A step of 1, 2 or 5 times a power of ten that is at least `least`. */
function nice(least) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(least, 1e-12)));
  return [1, 2, 5, 10].map((n) => n * ten).find((step) => step >= least * (1 - 1e-9));
}

/** The first place at which `test` holds, in a list where it holds from some place on. */
function first(length, test) {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) high = middle; else low = middle + 1;
  }
  return low;
}
