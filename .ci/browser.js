// Uses reports as a reader would: see `browser`.

const { chromium } = require("playwright-core");
const assert = require("assert");

const [program, ...reports] = process.argv.slice(2);

/** A page on which nothing may go wrong unseen. */
async function open(browser, report, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(message.text()); });
  page.on("pageerror", (error) => wrong.push(String(error.stack)));
  page.on("dialog", (dialog) => { wrong.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== `file://${report}`) wrong.push(`a request: ${request.url()}`); });
  const before = Date.now();
  await page.goto(`file://${report}`);
  return { page, wrong, took: Date.now() - before, close: () => context.close() };
}

const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const interval = async (page) => { await frames(page); return page.textContent("#interval"); };
const cursor = async (page) => Number((await interval(page)).match(/cursor ([\d.]+)s/)[1]);

/** Scrolls along the page: pictures are drawn when they come into view. How many colours each has. */
async function colours(page) {
  const canvases = await page.$$("#live canvas");
  const found = [];
  for (const canvas of canvases) {
    if (!(await canvas.isVisible())) continue;
    await canvas.scrollIntoViewIfNeeded();
    await frames(page);
    found.push(await canvas.evaluate((c) => {
      const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height), seen = new Set();
      for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 24) | (data[i + 1] << 16) | (data[i + 2] << 8) | data[i + 3]);
      return [c.getAttribute("aria-label") || c.id, seen.size];
    }));
  }
  return found;
}

/** Zoom by wheel, by dragging and by keys; all of it again. */
async function zooms(page) {
  await page.evaluate(() => window.scrollTo(0, document.getElementById("time").offsetTop));
  const whole = await interval(page), box = await (await page.$(".panel canvas")).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await frames(page);
  assert(await page.isVisible(".tip"), "nothing is said where something is pointed at");
  await page.keyboard.down("Control"); await page.mouse.wheel(0, -400); await page.keyboard.up("Control");
  const wheeled = await interval(page);
  assert.notStrictEqual(wheeled, whole, "the wheel does not zoom");
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40); await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 4 }); await page.mouse.up();
  const dragged = await interval(page);
  assert.notStrictEqual(dragged, wheeled, "dragging does not zoom");
  await page.keyboard.press("ArrowRight");
  assert.notStrictEqual(await interval(page), dragged, "arrows do not move");
  await page.click("#reset");
  assert.strictEqual(await interval(page), whole, "there is no way back");
}

/** Clicks into the picture of the messages until an event is hit: its causes and effects light up. */
async function clicks(page) {
  await page.keyboard.press("Escape"); await frames(page);
  const canvas = await page.$('canvas[aria-label^="Space–time"]');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox(), says = () => page.textContent(".stack .hint[aria-live]");
  assert.match(await says(), /Click one for its cause and its effects/);
  for (let y = 20; y < box.height - 20; y += 7) {
    for (let x = 100; x < box.width - 20; x += 60) {
      await page.mouse.click(box.x + x, box.y + y); await frames(page);
      if (/Orange: \d+ before it\. Green: \d+ after it/.test(await says())) {
        assert.match(await page.textContent(".inspector h3"), /-\d+ · /);
        return;
      }
    }
  }
  assert.fail("no event can be clicked");
}

/** Jumps, steps, asks for a cause, plays. */
async function plays(page) {
  const moments = await page.$$(".moments button");
  if (moments.length) await moments[Math.min(1, moments.length - 1)].click();
  for (let i = 0; i < 6; i++) await page.click("#step");
  const name = await page.textContent(".inspector h3");
  assert(/-\d+ · /.test(name), `no event after six steps: ${name}`);
  const at = await cursor(page);
  await page.click("#back");
  assert((await cursor(page)) <= at, "a step back goes forward");
  // An event that has a cause in the page, by steps.
  for (let i = 0; i < 30 && !(await page.$(".inspector button.link")); i++) await page.click("#step");
  const link = await page.$(".inspector button.link");
  assert(link, "no event leads to another");
  const before = await page.textContent(".inspector .head");
  await link.click(); await frames(page);
  assert.notStrictEqual(await page.textContent(".inspector .head"), before, "a cause or an effect is not shown");
  await clicks(page);
  await page.selectOption("#speed", { index: 5 });
  const from = await cursor(page);
  await page.click("#play"); await page.waitForTimeout(500); await page.click("#play");
  assert((await cursor(page)) > from, "the player stands still");
  await page.keyboard.press("Escape");
  await page.click("#reset");
}

async function light(browser, report) {
  const { page, wrong, took, close } = await open(browser, report, { colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert(await page.isVisible("#live"), "the script did not start");
  assert(!(await page.isVisible(".static")), "the pictures for those without script are there too");
  assert(took < 5000, `it took ${took} ms to open`);
  const painted = await colours(page);
  assert(painted.length >= 3, `only ${painted.length} pictures`);
  for (const [name, number] of painted) assert(number >= 4, `an empty picture: ${name}`);
  await zooms(page);
  if (await page.$("#step")) await plays(page);
  const bright = await ground();
  await page.click("#theme"); await frames(page);
  assert.notStrictEqual(await ground(), bright, "the button does not make it dark");
  await page.emulateMedia({ media: "print" });
  assert((await page.isVisible(".static")) && !(await page.isVisible("#live")), "paper does not show the pictures");
  await close();
  return { wrong, took, pictures: painted.length };
}

async function dark(browser, report) {
  const { page, wrong, close } = await open(browser, report, { colorScheme: "dark" });
  const [red] = (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).match(/\d+/g).map(Number);
  assert(red < 60, "a reader who prefers dark gets light");
  for (const [name, number] of await colours(page)) assert(number >= 4, `an empty picture in the dark: ${name}`);
  await close();
  return { wrong };
}

/** Without script: the pictures, and the same faults shaded in all of them. */
async function still(browser, report) {
  const { page, wrong, close } = await open(browser, report, { javaScriptEnabled: false });
  assert(await page.isVisible(".static"), "nothing is shown without script");
  const dom = await page.content();
  const charts = [...dom.matchAll(/aria-label="Chart: ([^"]*)">\s*(<svg[\s\S]*?<\/svg>)/g)].map(([, name, svg]) => [name, (svg.match(/<rect[^>]*class="band"/g) || []).length]);
  const bands = charts.filter(([name]) => /availability|latency|roles/.test(name)).map(([, number]) => number);
  assert(bands.length === 3 && new Set(bands).size === 1, `the charts shade different faults: ${JSON.stringify(charts)}`);
  await close();
  return { wrong };
}

/** Variants in one picture: all of them move together, and one that is hidden is not drawn. */
async function compared(browser, report) {
  const wrongs = [];
  for (const colorScheme of ["light", "dark"]) {
    const { page, wrong, close } = await open(browser, report, { colorScheme });
    assert(await page.isVisible("#live"), "the script did not start");
    const painted = await colours(page);
    assert(painted.length >= 3, `only ${painted.length} pictures`);
    for (const [name, number] of painted) assert(number >= 4, `an empty picture: ${name}`);
    await zooms(page);
    const picture = () => page.evaluate(() => document.querySelector(".panel canvas").toDataURL());
    const all = await picture();
    await page.click(".variants button"); await frames(page);
    const less = await picture();
    assert.notStrictEqual(less, all, "a variant cannot be hidden");
    await page.click(".variants button"); await frames(page);
    assert.strictEqual(await picture(), all, "and not be shown again");
    await page.click("#theme"); await frames(page);
    assert.notStrictEqual(await picture(), all, "the button changes no theme");
    await close();
    wrongs.push({ wrong, pictures: painted.length });
  }
  const { page, wrong, close } = await open(browser, report, { javaScriptEnabled: false });
  assert(!(await page.isVisible("#live")) && (await page.isVisible(".multiples svg")), "nothing is shown without script");
  await close();
  return [...wrongs, { wrong }];
}

(async () => {
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
  let failed = false;
  for (const report of reports) {
    try {
      if (report.endsWith("comparison.html")) {
        const seen = await compared(browser, report);
        for (const { wrong } of seen) assert.deepStrictEqual(wrong, []);
        console.log(`${report}: ${seen[0].pictures} pictures side by side`);
        continue;
      }
      const seen = await light(browser, report);
      for (const { wrong } of [seen, await dark(browser, report), await still(browser, report)]) assert.deepStrictEqual(wrong, []);
      console.log(`${report}: ${seen.pictures} pictures, open after ${seen.took} ms`);
    } catch (error) {
      failed = true;
      console.log(`${report}: ${error.stack}`);
    }
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
})();
