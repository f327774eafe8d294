// Uses the page of `sim serve` as a class would: see `serve`.

const { chromium } = require("playwright-core");
const { spawn, spawnSync } = require("child_process");
const assert = require("assert");
const fs = require("fs");

const [program, sim, work, pictures] = process.argv.slice(2);

/** A server, and where it is. */
function serve(folder) {
  const child = spawn(sim, ["serve", folder, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const stopped = new Promise((done) => child.on("exit", (code, signal) => done(signal || code)));
  const address = new Promise((done, failed) => {
    let said = "";
    child.stdout.on("data", (text) => { said += text; const found = said.match(/http:\/\/127\.0\.0\.1:\d+/); if (found) done(found[0]); });
    stopped.then((code) => failed(new Error(`the server ended with ${code}: ${said}`)));
  });
  return { child, address, stopped };
}

const text = (page, id) => page.textContent(`#${id}`);
const shoot = async (page, name) => { if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` }); };
const sortedLog = (page) => page.$$eval("#log li:not(.none)", (items) => items.map((item) => item.textContent));
/** Until the page has done what was asked. */
const idle = (page) => page.waitForFunction(() => !document.body.classList.contains("busy"));
const press = async (page, id) => { await page.click(`#${id}`); await idle(page); };

/** Everything that may not happen unseen. */
function watch(page, address) {
  const wrong = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(message.text()); });
  page.on("pageerror", (error) => wrong.push(String(error.stack)));
  page.on("dialog", (dialog) => { wrong.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(`${address}/`) && !request.url().startsWith("data:,")) wrong.push(`a request: ${request.url()}`); });
  page.on("response", (response) => { if (response.status() >= 400) wrong.push(`${response.status()}: ${response.url()}`); });
  return wrong;
}

async function finds(page) {
  await page.waitForSelector("#list button");
  const all = await page.$$eval("#list button", (buttons) => buttons.length);
  assert(all > 50, `only ${all} scenarios are listed`);
  await page.fill("#search", "leader-crash");
  const left = await page.$$eval("#list button b", (names) => names.map((name) => name.textContent));
  assert(left.length < all && left.includes("leader-crash"), `the search found ${left}`);
  await page.click("#list button:has(b:text-is('leader-crash'))");
  assert.match(await text(page, "about"), /leader's process is killed/);
  await page.click("#source summary");
  await page.waitForFunction(() => document.querySelector("#source pre").textContent.includes("Crash([Role(\"leader\")])"));
}

async function runs(page) {
  await page.fill("#seed", "7");
  await page.fill("#set", "services.db.nodes=5; network.loss=0.001");
  await page.click("#run");
  await page.waitForSelector("#ran:not([hidden])");
  await idle(page);
  const frame = page.frameLocator("#frame");
  await frame.locator("h1").first().waitFor();
  assert.match(await frame.locator("body").textContent(), /leader-crash/);
  await frame.locator("#live canvas").first().waitFor();
}

/** Does what a class does; what the page then says of it. */
async function interferes(page) {
  await page.click("#tab-stage");
  const before = await text(page, "fingerprint");
  assert(await page.isDisabled("#act-leader"), "there is no leader yet, and it can be crashed");
  for (let i = 0; i < 3; i++) await page.click("#forward");
  const leader = (await text(page, "act-leader")).match(/: (db-\d)$/);
  assert(leader, `nobody leads after three seconds: ${await text(page, "act-leader")}`);
  await shoot(page, "before");
  await press(page, "act-leader");
  assert.match(await page.getAttribute(`#nodes button:has(b:text-is('${leader[1]}'))`, "aria-label"), /down/);
  assert.deepStrictEqual((await sortedLog(page)).map((line) => line.trim()), [`3s crash of ${leader[1]} (leader)`]);
  assert.notStrictEqual(await text(page, "fingerprint"), before, "the crash changes nothing");
  // On to whoever leads next, of whom nobody knew before.
  while (!/: db-\d$/.test(await text(page, "act-leader"))) await page.click("#next");
  // Time runs, and stops.
  await page.selectOption("#speed", "5");
  const now = async () => Number((await text(page, "now")).match(/^[\d.]+/)[0]);
  const from = await now();
  await page.click("#play"); await page.waitForTimeout(500); await page.click("#play");
  assert((await now()) > from + 1, "time stands still");
  const others = [1, 2, 3, 4, 5].map((n) => `db-${n}`).filter((name) => name !== leader[1]).slice(0, 2);
  for (const name of others) await page.click(`#nodes button:has(b:text-is('${name}'))`);
  await press(page, "act-cut");
  await page.waitForSelector("#links .cut");
  assert.match(await text(page, "verdicts-title"), /^As it stands at/);
  await shoot(page, "cut");
  await page.click("#forward");
  await press(page, "act-heal");
  assert.strictEqual(await page.$("#links .cut"), null, "the link is still cut");
  await page.click("#forward");
  await page.click(`#nodes button:has(b:text-is('${others[0]}'))`);
  await press(page, "act-pause");
  await press(page, "undo");
  await page.click("#forward");
  await page.click(`#nodes button:has(b:text-is('${leader[1]}'))`);
  await press(page, "act-restart");
  assert.strictEqual((await sortedLog(page)).length, 4);
  assert.doesNotMatch(await page.getAttribute(`#nodes button:has(b:text-is('${leader[1]}'))`, "aria-label"), /down/);
}

/** Saves, and plays what was saved. */
async function saves(page) {
  const shown = await text(page, "fingerprint");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  const file = `${work}/${download.suggestedFilename()}`;
  assert.match(file, /leader-crash-class\.ron$/);
  await download.saveAs(file);
  assert.match(fs.readFileSync(file, "utf8"), /at: "3s".*do: Crash\(\[Role\("leader"\)\]\)/);
  const replayed = spawnSync(sim, ["fingerprint", file], { encoding: "utf8" });
  assert.strictEqual(replayed.status, 0, replayed.stderr);
  assert.strictEqual(replayed.stdout.split(" ")[0], shown, "what was saved is another run");
  return shown;
}

/** Names and texts that would be markup, if anything let them: in the list, on the stage, in the log and in what is saved. */
async function hostile(browser, folder, address) {
  const evil = "</script><img src=x onerror=alert(1)><b>";
  fs.mkdirSync(`${folder}/<img src=x onerror=alert(2)>`, { recursive: true });
  fs.writeFileSync(`${folder}/<img src=x onerror=alert(2)>/'"&.ron`, `(about: "${evil}", seed: 1, until: "5s",
    services: { "db": (run: "raft", nodes: 3) }, clients: (nodes: 2, of: "db", load: Open(Poisson(50.0))), network: (delay: Constant("1ms")),
    faults: [(name: "${evil}", at: "1s", lasts: "1s", do: Isolate([Node("db-1")]), say: "${evil}")], expect: [Linearizable])`);
  fs.writeFileSync(`${folder}/broken.ron`, `(about: "${evil}", sede: "${evil}")`);
  const page = await browser.newPage(), wrong = watch(page, address);
  page.setDefaultTimeout(8000);
  await page.goto(`${address}/`);
  await page.click("#list button.broken");
  assert.match(await text(page, "trouble"), /onerror/);
  await page.click("#list button:not(.broken)");
  assert.strictEqual(await text(page, "about"), evil);
  await page.click("#run"); await idle(page);
  await page.click("#tab-stage");
  await page.click("#next"); await page.click("#next");
  await page.click("#nodes button >> nth=0"); await press(page, "act-crash");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  assert.match(download.suggestedFilename(), /^[-a-z0-9.]+$/);
  assert.strictEqual(await page.$("main img, nav img"), null, "a text became markup");
  await page.close();
  return wrong;
}

(async () => {
  const server = serve("scenarios"), address = await server.address;
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
  let failed = false;
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme, acceptDownloads: true });
    const page = await context.newPage(), wrong = watch(page, address);
    page.setDefaultTimeout(8000);
    try {
      await page.goto(`${address}/`);
      await finds(page);
      await shoot(page, `${colorScheme}-chosen`);
      await runs(page);
      await shoot(page, `${colorScheme}-report`);
      if (colorScheme === "light") {
        await interferes(page);
        await shoot(page, "after");
        const shown = await saves(page);
        await page.click("#tab-report");
        await page.frameLocator("#frame").locator("h1").first().waitFor();
        console.log(`a class crashed the leader; what it saved plays the same run, ${shown}`);
      } else {
        await page.click("#tab-stage");
        for (let i = 0; i < 12; i++) await page.click("#forward");
        const [red] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
        assert(red < 60, "a reader who prefers dark gets light");
        await page.waitForSelector("#verdicts li");
        await shoot(page, "dark-stage");
      }
      assert.deepStrictEqual(wrong, []);
    } catch (error) {
      failed = true;
      await shoot(page, "failed");
      console.log(`${colorScheme}: ${error.stack}\n${wrong.join("\n")}`);
    }
    await context.close();
  }
  fs.mkdirSync(`${work}/evil`);
  const evil = serve(`${work}/evil`);
  try {
    assert.deepStrictEqual(await hostile(browser, `${work}/evil`, await evil.address), []);
  } catch (error) {
    failed = true;
    console.log(`hostile names: ${error.stack}`);
  }
  evil.child.kill("SIGTERM");
  server.child.kill("SIGINT");
  const ended = await Promise.race([server.stopped, new Promise((done) => setTimeout(() => done("nothing, after 8 s"), 8000))]);
  if (ended !== 0) { failed = true; console.log(`Ctrl-C ended the server with ${ended}`); server.child.kill("SIGKILL"); }
  await browser.close();
  process.exit(failed ? 1 : 0);
})();
