// Asking the server, and saying what went wrong.

const by = (id) => document.getElementById(id);

function complain(message) {
  const box = by("trouble");
  box.querySelector("pre").textContent = message;
  box.hidden = false;
  box.scrollIntoView({ block: "nearest" });
}
const content = () => { by("trouble").hidden = true; };

/** What the server answers, as text; or an error with its words. */
async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer: was it stopped?");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

let busy = false;
/** Does one thing at a time, and says so. */
async function doing(what, work) {
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  by("now").dataset.doing = what;
  try {
    content();
    await work();
  } catch (error) {
    complain(error.message);
  } finally {
    busy = false;
    document.body.classList.remove("busy");
    refresh();
  }
}
