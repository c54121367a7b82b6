//! The style sheet of the page.

/// Colours are custom properties, which all rules refer to.
pub const CSS: &str = "\
:root {
  --paper: #fbfaf7; --sheet: #ffffff; --ink: #1d2328; --soft: #5b656d; --rule: #dcdfe1;
  --bar: #3f7cac; --whisker: #10202c; --limit: #c2410c;
  --good: #1b6b3a; --good-paper: #e6f3ea; --bad: #9a2a12; --bad-paper: #fbe9e4;
  --c0: #2f6f9f; --c1: #b45309; --c2: #6d3fa0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --sheet: #1c2226; --ink: #e8ebed; --soft: #a3adb4; --rule: #343d43;
    --bar: #5b9bd0; --whisker: #f4f7f9; --limit: #fb923c;
    --good: #8fdba9; --good-paper: #16301f; --bad: #ffb4a0; --bad-paper: #3a1a12;
    --c0: #6db3e8; --c1: #f0a14a; --c2: #c3a0f2;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
}
main { max-width: 1440px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 40px 0 4px; }
.lead { margin: 4px 0 16px; color: var(--soft); font-size: 18px; }
.note { margin: 4px 0 12px; color: var(--soft); font-size: 14px; max-width: 80ch; }
.nobr { white-space: nowrap; }
.verdict {
  display: inline-block; margin: 0 8px 8px 0; padding: 6px 14px; border-radius: 6px;
  border: 1px solid currentColor; font-weight: 600;
}
.verdict.good { color: var(--good); background: var(--good-paper); }
.verdict.bad { color: var(--bad); background: var(--bad-paper); }
.mark { font-weight: 800; }
.unquotable { color: var(--bad); }
dl { margin: 12px 0 0; display: grid; gap: 2px; font-size: 15px; }
dl > div { display: grid; grid-template-columns: 90px minmax(0, 1fr); }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
figure {
  margin: 0; padding: 16px; background: var(--sheet); border: 1px solid var(--rule);
  border-radius: 8px; min-width: 0;
}
figcaption { font-weight: 650; font-size: 17px; }
.panels, .cards { display: grid; gap: 20px; margin: 12px 0 20px; }
.panels { grid-template-columns: repeat(auto-fit, minmax(min(100%, 560px), 1fr)); }
.cards { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.bars {
  display: grid; grid-template-columns: minmax(120px, 30%) minmax(0, 1fr) auto;
  grid-auto-flow: row dense; column-gap: 12px; align-items: center; margin-top: 10px;
}
.name { grid-column: 1; line-height: 1.2; padding: 3px 0; overflow-wrap: anywhere; }
.name b { display: block; font-size: 14px; font-weight: 600; }
.name span { font-size: 12px; color: var(--soft); }
.rate { grid-column: 3; text-align: right; font-size: 14px; white-space: nowrap; }
.rate span { display: inline-block; min-width: 52px; color: var(--soft); }
svg.bar { grid-column: 2; display: block; width: 100%; height: 38px; overflow: visible; }
.fill { fill: var(--bar); }
.grid { stroke: var(--rule); stroke-width: 1; vector-effect: non-scaling-stroke; }
.whisker { stroke: var(--whisker); stroke-width: 1.5; fill: none; }
.limit { stroke: var(--limit); stroke-width: 3; }
.key { vertical-align: -2px; }
.axis { grid-column: 2; }
.axis, .xmarks { position: relative; height: 22px; font-size: 12px; color: var(--soft); }
.axis span, .xmarks span {
  position: absolute; top: 3px; transform: translateX(-50%); white-space: nowrap;
}
.plot {
  display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 8px; font-size: 12px;
  color: var(--soft);
}
.plot.named { grid-template-columns: auto minmax(0, 1fr) auto; }
.ylabel { grid-column: 1 / -1; margin-bottom: 8px; }
.ymarks { position: relative; grid-column: 1; min-width: 52px; }
.ymarks span { position: absolute; right: 0; transform: translateY(-50%); white-space: nowrap; }
.curves { grid-column: 2; display: block; width: 100%; height: 230px; overflow: visible; }
.names { grid-column: 3; position: relative; min-width: 128px; color: var(--ink); }
.names span {
  position: absolute; left: 0; transform: translateY(-50%); white-space: nowrap; font-size: 13px;
}
.names svg { margin-right: 4px; vertical-align: 1px; }
.xmarks { grid-column: 2; }
.xlabel { grid-column: 2; text-align: center; }
.line { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.band { stroke: none; opacity: 0.18; }
.line.c0 { stroke: var(--c0); } .band.c0, .dot.c0 { fill: var(--c0); }
.line.c1 { stroke: var(--c1); stroke-dasharray: 7 3; } .band.c1, .dot.c1 { fill: var(--c1); }
.line.c2 { stroke: var(--c2); stroke-dasharray: 2 3; } .band.c2, .dot.c2 { fill: var(--c2); }
summary { cursor: pointer; font-weight: 600; font-size: 15px; padding: 4px 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; white-space: nowrap; }
th, td { padding: 4px 12px; text-align: right; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 500; }
footer { margin-top: 32px; color: var(--soft); font-size: 14px; }
footer p { max-width: 90ch; }
@media (max-width: 560px) {
  main { padding: 16px 12px 32px; }
  figure { padding: 12px; }
  .bars { grid-template-columns: minmax(0, 1fr) auto; }
  .name { padding-top: 8px; }
  .rate { grid-column: 2; align-self: end; }
  svg.bar { grid-column: 1 / -1; height: 24px; }
  .axis { grid-column: 1 / -1; }
  .names { min-width: 92px; }
  .names span { font-size: 12px; }
  .ymarks { min-width: 40px; }
}
@media print {
  :root {
    --paper: #ffffff; --sheet: #ffffff; --ink: #000000; --soft: #444444; --rule: #bbbbbb;
    --bar: #8fb3cf; --whisker: #000000; --limit: #c2410c;
    --c0: #2f6f9f; --c1: #b45309; --c2: #6d3fa0;
    --good: #1b6b3a; --good-paper: #ffffff; --bad: #9a2a12; --bad-paper: #ffffff;
  }
  main { padding: 0; }
  figure, tr { break-inside: avoid; }
  .fill, .band { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
";
