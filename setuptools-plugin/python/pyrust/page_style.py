"""How the pages look, and what can be done on them: data only."""

from __future__ import annotations

STYLE = """\
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --back: #fff; --line: #d0d7de; --block: #f6f8fa; --link: #0550ae;
  --native: #116329; --native-back: #c7f0d0; --python: #57606a; --python-back: #e4e7eb; --stale: #7d4e00; --stale-back: #fbe6b0;
  --bad: #a40e26; --bar: #2da44e; --bar-python: #8c959f }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a0abb7; --back: #0d1117; --line: #3d444d; --block: #161b22;
  --link: #79b8ff; --native: #9be9a8; --native-back: #12391f; --python: #c3ccd6; --python-back: #30363d; --stale: #f2cc60;
  --stale-back: #473709; --bad: #ff9a94; --bar: #3fb950; --bar-python: #6e7681 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; color: var(--ink); background: var(--back) }
main { max-width: 90rem; margin: 0 auto; padding: 1rem }
a { color: var(--link) }
h3 { font-size: 1em; margin: .8rem 0 .3rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
code, pre { font: 13px/1.5 ui-monospace, monospace }
pre { background: var(--block); padding: .6rem; margin: 0 }
.scroll { overflow-x: auto; max-width: 100% }
.bad, .why { color: var(--bad) } .good, .type { color: var(--native) } i.may { color: var(--stale) }
.state { display: inline-block; padding: 0 .5rem; border-radius: 1rem; color: var(--python); background: var(--python-back) }
.state.native { color: var(--native); background: var(--native-back) }
.state.stale, .state.pending { color: var(--stale); background: var(--stale-back) }
.state.other { border: 1px dashed var(--soft); background: none; color: var(--ink) }
.controls { display: flex; flex-wrap: wrap; gap: .8rem; align-items: center; margin: .6rem 0 }
button, input { font: inherit; color: inherit; background: var(--block); border: 1px solid var(--soft); border-radius: .3rem; padding: .2rem .6rem }
button[aria-pressed=true] { background: var(--native-back); color: var(--native) }
:focus-visible { outline: 3px solid var(--link); outline-offset: 1px }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .3rem .8rem }
summary { cursor: pointer; padding: .2rem 0; overflow-wrap: anywhere }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem }
.sides > div { min-width: 0 }
.sides .scroll { max-height: 40rem; overflow-y: auto }
.source td { border: 0; padding: 0 .4rem } .source code { white-space: pre }
.source i { display: block; font-size: 12px; font-style: normal; padding-left: 2rem }
.source td:first-child { text-align: right; color: var(--soft) } .source td:nth-child(2) { white-space: nowrap; font-size: 12px }
.source .on td:nth-child(2) { color: var(--native) } .source .may td:nth-child(2) { color: var(--stale) }
.source .left td:nth-child(2), .source .off td:nth-child(2) { color: var(--bad) }
.source .left { background: var(--block) }
figure { margin: .6rem 0 } .bars { width: min(30rem, 100%); height: auto } .bars text, .flame text { font: 12px system-ui, sans-serif; fill: var(--ink) }
.bars .python { fill: var(--bar-python) } .bars .native { fill: var(--bar) }
.flame { width: 100%; min-width: 40rem; height: auto; display: block } .flame rect { fill: var(--python-back); stroke: var(--soft); stroke-width: .5 }
.flame .native rect { fill: var(--native-back) } .flame .stale rect, .flame .pending rect { fill: var(--stale-back) }
.flame .other rect, .flame .all rect { fill: var(--block) } .flame .box { cursor: pointer } .flame .box:focus rect { stroke: var(--link); stroke-width: 3 }
.flame .box:focus { outline: none }
[hidden] { display: none !important }
#overview td:last-child { min-width: 14rem }
@media (max-width: 40rem) { #overview th:nth-child(4), #overview td:nth-child(4), #overview th:nth-child(6), #overview td:nth-child(6) { display: none } }
"""

SCRIPT = """\
(function () {
  const all = (query, inside) => Array.from((inside || document).querySelectorAll(query));
  const filter = document.getElementById("filter");
  const body = document.querySelector("#overview tbody");
  const functions = all("main > details");
  if (filter) {
    filter.addEventListener("input", () => {
      const text = filter.value.toLowerCase();
      let seen = 0;
      for (const one of [...body.rows, ...functions]) one.hidden = !one.dataset.name.includes(text);
      for (const row of body.rows) seen += row.hidden ? 0 : 1;
      document.getElementById("found").textContent = text ? seen + " found" : "";
    });
  }
  for (const button of all("[data-sort]")) {
    button.addEventListener("click", () => {
      const key = button.dataset.sort;
      const rank = (row) => (key === "share" ? -row.dataset.share : +row.dataset.state);
      const rows = [...body.rows].sort((a, b) => rank(a) - rank(b) || b.dataset.share - a.dataset.share);
      body.append(...rows);
      for (const other of all("[data-sort]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
  const open = document.getElementById("open");
  if (open) {
    open.addEventListener("click", () => {
      const closed = functions.some((one) => !one.open && !one.hidden);
      for (const one of functions) if (!one.hidden) one.open = closed;
      open.textContent = closed ? "close all" : "open all";
    });
  }
  const show = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); target.querySelector("summary").focus(); }
  };
  window.addEventListener("hashchange", show);
  for (const link of all("#overview a")) link.addEventListener("click", () => setTimeout(show));
  show();
  for (const svg of all("svg.flame")) {
    const boxes = all(".box", svg);
    const number = (box, key) => parseFloat(box.dataset[key]);
    const zoom = (to) => {
      const left = number(to, "x"), scale = 1000 / number(to, "w"), depth = number(to, "d");
      for (const box of boxes) {
        const x = number(box, "x"), w = number(box, "w"), above = number(box, "d") < depth;
        const within = above ? x <= left + 0.01 && x + w >= left + 1000 / scale - 0.01 : x >= left - 0.01 && x + w <= left + 1000 / scale + 0.01;
        box.style.display = within ? "" : "none";
        if (!within) continue;
        const at = above ? 0 : (x - left) * scale, width = above ? 1000 : w * scale;
        const rect = box.querySelector("rect");
        rect.setAttribute("x", at);
        rect.setAttribute("width", Math.max(0.5, width - 0.5));
        let text = box.querySelector("text");
        if (!text && width > 24) {
          text = document.createElementNS("http://www.w3.org/2000/svg", "text");
          text.setAttribute("y", +rect.getAttribute("y") + 15);
          box.append(text);
        }
        if (text) {
          const fits = Math.floor((width - 6) / 7.2), name = box.dataset.t;
          text.setAttribute("x", at + 4);
          text.textContent = name.length <= fits ? name : "";
        }
      }
      svg.dataset.zoomed = to.dataset.t;
    };
    for (const box of boxes) {
      box.addEventListener("click", () => zoom(box));
      box.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); zoom(box); }
      });
    }
    svg.addEventListener("keydown", (event) => { if (event.key === "Escape") { zoom(boxes[0]); boxes[0].focus(); } });
  }
})();
"""
