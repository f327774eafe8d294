// The selected event, or packet: what it says, where it comes from, what came of it, and how the node's values changed.

function startInspector(parent) {
  if (!events.count) return;
  const box = make("div", { class: "inspector", "aria-live": "polite" });
  parent.append(box);
  let shown = null;
  onChange(() => {
    const key = `${view.selected}|${view.packet ?? -1}`;
    if (key === shown) return;
    shown = key;
    box.replaceChildren(...(view.selected >= 0 ? inspectEvent(view.selected) : view.packet >= 0 ? inspectPacket(view.packet) : [make("h3", {}, "Event"), make("p", { class: "hint" }, "Click an event in the picture of the messages, or step with the player (keys . and ,).")]));
  });
}

const eventLink = (place, text) => make("button", { type: "button", class: "link", onclick: () => { view.packet = -1; select(place); } }, text ?? `${moment(events.at[place], 1e3)} ${cut(eventWords(place), 90)}`);

function list(title, items, most = 8) {
  if (!items.length) return [];
  const more = items.length - most;
  return [make("h4", {}, title), make("ul", {}, items.slice(0, most).map((item) => make("li", {}, item)), more > 0 ? make("li", { class: "muted" }, `and ${more} more`) : null)];
}

function inspectEvent(i) {
  const node = events.node[i], number = events.number[i], packet = events.packet[i], text = texts[events.text[i]];
  const near = (step) => { for (let k = i + step; k >= 0 && k < events.count; k += step) if (events.node[k] === node) return k; return -1; };
  const hop = (step, sign) => { const k = near(step); return make("button", { type: "button", disabled: k < 0, title: step < 0 ? "the node's event before (k)" : "the node's next event (j)", onclick: () => select(k) }, sign); };
  const cause = events.causeAt[i] >= 0 ? [eventLink(events.causeAt[i])] : events.cause[i] ? [`event ${count(number - events.cause[i])}, which is not in this page`] : [];
  const lost = sentBy[i].filter((p) => packets.fate[p] !== 1).map((p) => packetWords(p));
  return [
    make("div", { class: "head" }, make("h3", {}, `${nodeName(node)} · ${KINDS[events.kind[i]]}`), make("span", { class: "muted" }, `${moment(events.at[i], 1)} · event ${count(number)}`), make("span", { class: "hops" }, hop(-1, "◂"), hop(1, "▸"))),
    text ? make("pre", {}, text) : null,
    packet >= 0 ? make("p", { class: "muted" }, packetWords(packet)) : null,
    ...violationsOf(number),
    ...list(KINDS[events.kind[i]] === "timeout" ? "The timer was set by" : "Caused by", cause),
    ...list(`Led to ${counted(effects[i].length, "event")}`, effects[i].map((k) => eventLink(k))),
    ...list("Sent, and never taken", lost, 6),
    ...valuesAround(i),
  ].filter(Boolean);
}

const violationsOf = (number) => data.violations.filter((v) => v.event === number).map((v) => make("p", { class: "bad" }, `✘ ${v.property}: ${v.found}`));

function inspectPacket(p) {
  const cause = placeOf.get(packets.cause[p]), there = packets.event[p] ? placeOf.get(packets.event[p]) : undefined;
  return [
    make("div", { class: "head" }, make("h3", {}, `${nodeName(packets.from[p])} → ${nodeName(packets.to[p])}`), make("span", { class: "muted" }, `${moment(packets.sent[p], 1)} · ${size(packets.bytes[p])} · ${FATES[packets.fate[p]]}`)),
    make("pre", {}, texts[packets.text[p]]), make("p", { class: "muted" }, packetWords(p)),
    ...list("Sent by", [cause === undefined ? `event ${count(packets.cause[p])}, which is not in this page` : eventLink(cause)]),
    ...list("Arrived as", there === undefined ? [] : [eventLink(there)]),
  ];
}

/** The node's values before and after an event, those that changed in front of the eyes. */
function valuesAround(i) {
  const after = states.after.get(events.number[i]), node = events.node[i], all = states.by.get(node) || [];
  const now = after || stateAt(node, events.at[i]);
  if (!now) return [];
  const before = after ? all[after.place - 1] : null;
  const row = (label, value, old) => make("tr", { class: old !== undefined && old !== value ? "changed" : "" }, make("th", { scope: "row" }, label), make("td", {}, old !== undefined && old !== value ? make("s", {}, cut(old, 60)) : null, old !== undefined && old !== value ? " " : null, cut(value, 120)));
  const rows = [row("role", now.role, before ? before.role : undefined), ...(now.epoch || (before && before.epoch) ? [row("epoch", String(now.epoch), before ? String(before.epoch) : undefined)] : [])];
  for (const [label, value] of now.values) if (label !== "role" || value !== now.role) rows.push(row(label, value, before ? before.values.get(label) : undefined));
  return [make("h4", {}, after ? `${nodeName(node)}: what changed` : `${nodeName(node)}: nothing changed`), make("table", { class: "values" }, make("tbody", {}, rows))];
}
