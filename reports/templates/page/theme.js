// Light or dark: what the reader's system prefers, unless the button says otherwise.

/** `then` repaints what is no picture of the shared axis. */
function startTheme(button, then) {
  const root = document.documentElement, prefers = window.matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefers.matches);
  const apply = () => { button.textContent = dark() ? "☀" : "☾"; button.title = dark() ? "light" : "dark"; mix(); then(); changed(); };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; apply(); });
  prefers.addEventListener("change", apply);
  apply();
}
