// Which lines get which mark. In: what the server says of the hotspots of a file (`pyrust/states`). Out: line numbers from
// zero, by kind. Knows nothing of the editor, so that it can be tested without one.
"use strict";

/** @param {{functions: {state: string, line: number, end_line: number, left: number[]}[]}} states */
function marks(states) {
  const found = { native: [], left: [], python: [], stale: [] };
  for (const one of states.functions) {
    const left = new Set(one.left);
    for (let line = one.line; line <= one.end_line; line += 1) {
      const kind = one.state === "native" ? (left.has(line) ? "left" : "native") : one.state === "stale" ? "stale" : "python";
      found[kind].push(line - 1);
    }
  }
  return found;
}

module.exports = { marks };
