// What the command really prints and answers, against the problem matcher and the marks. `tests/editors` gathers it.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { marks } = require("./marks.js");

const file = process.env.PYRUST_REAL;

test("real output", { skip: file ? false : "PYRUST_REAL names no file" }, () => {
  const { concise, path: where, states, wanted } = JSON.parse(readFileSync(file, "utf8"));
  const manifest = JSON.parse(readFileSync(path.join(__dirname, "package.json"), "utf8"));
  const [matcher] = manifest.contributes.problemMatchers;
  const matched = concise.split("\n").map((line) => new RegExp(matcher.pattern.regexp).exec(line)).filter(Boolean);
  assert.ok(matched.length > 0, concise);
  for (const match of matched) {
    assert.equal(match[matcher.pattern.file], where);
    assert.ok(Number(match[matcher.pattern.line]) > 0 && Number(match[matcher.pattern.column]) > 0);
    assert.match(match[matcher.pattern.code], /^PYR\d{4}$/);
    assert.ok(match[matcher.pattern.message].length > 5);
  }
  assert.deepEqual(marks(states), wanted);
});
