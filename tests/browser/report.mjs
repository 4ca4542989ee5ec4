// Clicks through the page of `pyrust report --html` in a headless Chromium, and asks axe about it.
//
//   node report.mjs PAGE FOLDER_FOR_SCREENSHOTS
//
// Needs `puppeteer-core` and `axe-core` (NODE_PATH or node_modules beside this file), and `chromium` (CHROMIUM names another one).
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const base = process.env.PYRUST_NODE_MODULES ?? import.meta.url;
const require = createRequire(existsSync(base) ? pathToFileURL(path.join(path.resolve(base), "x.js")) : import.meta.url);
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [page, folder] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});

try {
  for (const width of [400, 1300]) {
    for (const scheme of ["light", "dark"]) {
      const tab = await browser.newPage();
      const wrong = [];
      tab.on("pageerror", (error) => wrong.push(String(error)));
      tab.on("request", (request) => request.url().startsWith("file:") || wrong.push(request.url()));
      await tab.setViewport({ width, height: 900 });
      await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await tab.goto(pathToFileURL(path.resolve(page)).href);

      // Order.
      const first = () => tab.$eval("#overview tbody tr a", (link) => link.textContent);
      const hottest = await first();
      await tab.click("[data-sort=state]");
      assert.equal(await tab.$eval("[data-sort=state]", (button) => button.getAttribute("aria-pressed")), "true");
      const states = await tab.$$eval("#overview .state", (all) => all.map((one) => one.textContent));
      assert.ok(states.lastIndexOf("native") < (states.indexOf("python") + 1 || Infinity), states.join());
      await tab.click("[data-sort=share]");
      assert.equal(await first(), hottest);

      // Filter.
      const visible = () => tab.$$eval("main > details", (all) => all.filter((one) => !one.hidden).length);
      const whole = await visible();
      await tab.type("#filter", hottest.split(":")[1]);
      assert.ok((await visible()) >= 1 && (await visible()) < whole);
      await tab.$eval("#filter", (field) => { field.value = ""; field.dispatchEvent(new Event("input")); });
      assert.equal(await visible(), whole);

      // Open all, close all.
      await tab.click("#open");
      assert.equal(await tab.$$eval("main > details", (all) => all.every((one) => one.open)), true);

      // Everything that may hide something can be read now.
      await tab.screenshot({ path: path.join(folder, `report-${width}-${scheme}.png`), fullPage: true });
      const wide = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} pixels wider than the window of ${width}`);
      await tab.evaluate(axe);
      const found = await tab.evaluate(() => window.axe.run());
      const said = found.violations.map((one) => `${one.id}: ${one.help}\n  ${one.nodes.slice(0, 3).map((node) => node.html).join("\n  ")}`);
      assert.equal(said.join("\n"), "");
      await tab.click("#open");
      assert.equal(await tab.$$eval("main > details", (all) => all.some((one) => one.open)), false);

      // From the table to the function, by keyboard.
      await tab.focus("#overview tbody tr a");
      await tab.keyboard.press("Enter");
      await new Promise((done) => setTimeout(done, 100));
      assert.equal(await tab.evaluate(() => document.activeElement.tagName), "SUMMARY");
      assert.equal(await tab.evaluate(() => document.activeElement.parentElement.open), true);

      // The flame graph, by mouse and by keyboard.
      const boxes = await tab.$$("svg.flame .box");
      assert.ok(boxes.length > 1);
      const last = boxes[boxes.length - 1];
      const widthOf = (box) => box.$eval("rect", (rect) => parseFloat(rect.getAttribute("width")));
      const before = await widthOf(last);
      await last.click();
      assert.ok((await widthOf(last)) >= before);
      assert.ok((await widthOf(last)) > 990);
      await tab.keyboard.press("Escape");
      assert.ok(Math.abs((await widthOf(last)) - before) < 1);
      await last.evaluate((box) => box.focus());
      await tab.keyboard.press("Enter");
      assert.ok((await widthOf(last)) > 990);

      assert.deepEqual(wrong, []);
      await tab.close();
    }
  }
  console.log("ok");
} finally {
  await browser.close();
}
