"use strict";

const assert = require("node:assert/strict");
const { readFileSync, existsSync } = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { marks } = require("./marks.js");

test("lines by kind", () => {
  const functions = [
    { state: "native", line: 1, end_line: 3, left: [2] },
    { state: "python", line: 5, end_line: 5, left: [] },
    { state: "stale", line: 7, end_line: 8, left: [] },
    { state: "disabled", line: 9, end_line: 9, left: [] },
  ];
  assert.deepEqual(marks({ functions }), { native: [0, 2], left: [1], python: [4, 8], stale: [6, 7] });
});

test("every picture is there, and the matcher reads what `concise` prints", () => {
  for (const kind of Object.keys(marks({ functions: [] }))) assert.ok(existsSync(path.join(__dirname, "images", `${kind}.svg`)), kind);
  const manifest = JSON.parse(readFileSync(path.join(__dirname, "package.json"), "utf8"));
  const { regexp } = manifest.contributes.problemMatchers[0].pattern;
  const line = "src/kit/core.py:19:9: PYR0334 calling `print` is not supported (in `kit.core:show`)";
  const match = new RegExp(regexp).exec(line);
  assert.deepEqual(match.slice(1, 5), ["src/kit/core.py", "19", "9", "PYR0334"]);
  for (const file of manifest.files.filter((name) => name !== "node_modules")) assert.ok(existsSync(path.join(__dirname, file)), file);
});
