"""The style sheet of report.html: readable on a phone, in the dark, in print and without colour."""

STYLE = """
:root { color-scheme: light dark; --page: #fff; --soft: #f5f6f8; --ink: #1b1f24; --quiet: #57606a; --rule: #d5dae0;
  --good: #11632d; --good-soft: #e6f4ea; --bad: #a40e26; --bad-soft: #fdeced; --wait: #0b57a4; --wait-soft: #e7f0fa;
  --training: #0b57a4; --validation: #b3470a; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --soft: #1e2329; --ink: #e6e9ed; --quiet: #a3adb8;
  --rule: #39414a; --good: #6fd08c; --good-soft: #15301e; --bad: #ff9aa2; --bad-soft: #3a191d; --wait: #8cc2ff;
  --wait-soft: #152a41; --training: #79b8ff; --validation: #ffab70; } }
@media print { :root { color-scheme: light; --page: #fff; --soft: #fff; --ink: #000; --quiet: #444; --rule: #aaa;
  --good: #11632d; --good-soft: #fff; --bad: #a40e26; --bad-soft: #fff; --wait: #0b57a4; --wait-soft: #fff;
  --training: #0b57a4; --validation: #b3470a; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", sans-serif;
  overflow-wrap: anywhere; }
main, footer { max-width: 58rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-top: 1.75rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; }
ul { margin: .5rem 0; padding-left: 1.25rem; }
code, pre, .id { font-family: ui-monospace, "Cascadia Mono", Consolas, monospace; font-size: .9em; }
code, .id { user-select: all; }
pre { background: var(--soft); border: 1px solid var(--rule); border-radius: .4rem; padding: .75rem 1rem;
  margin: .75rem 0; white-space: pre-wrap; user-select: all; }
.quiet, caption, footer { color: var(--quiet); }
.banner { border-left: .4rem solid var(--wait); background: var(--wait-soft); border-radius: .4rem;
  padding: .8rem 1.1rem; margin: 0 0 1rem; }
.banner p { margin: 0; }
.banner.succeeded { border-color: var(--good); background: var(--good-soft); }
.banner.failed, .banner.rejected, .failure { border-color: var(--bad); background: var(--bad-soft); }
.status { font-weight: 700; color: var(--wait); text-transform: capitalize; }
.succeeded .status, .passed { color: var(--good); }
.failed .status, .rejected .status, .missed { color: var(--bad); }
.failure { border-left: .4rem solid var(--bad); border-radius: .4rem; padding: .8rem 1.1rem; margin: 1rem 0; }
.failure h2 { border: 0; margin: 0 0 .5rem; padding: 0; }
.verdict { font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) minmax(0, 1fr); gap: .3rem 1.25rem;
  margin: .75rem 0; }
dl > div { display: contents; }
dt { color: var(--quiet); }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--rule); }
thead th { color: var(--quiet); font-weight: 600; font-size: .9rem; }
tbody th { font-weight: 600; }
.numbers td, .numbers thead th:not(:first-child) { text-align: right; }
.numbers th:last-child, .numbers td:last-child { padding-right: 0; }
.timeline td:last-child { width: 34%; padding-right: 0; vertical-align: middle; }
.timeline tbody th { text-transform: capitalize; }
.issues { table-layout: fixed; }
.issues th:nth-child(1) { width: 15%; }
.issues th:nth-child(2) { width: 6rem; }
.issues th:nth-child(3) { width: 22%; }
.bar { display: block; height: .6rem; min-width: 3px; border-radius: .3rem; background: var(--training); }
.bar.failed { background: var(--bad); }
figure { margin: 1rem 0; max-width: 44rem; }
.chart { display: block; width: 100%; height: auto; font: 12px system-ui, "Segoe UI", sans-serif; }
.chart text { fill: var(--ink); }
.chart .tick { fill: var(--quiet); }
.chart .value { text-anchor: end; }
.chart .step { text-anchor: middle; }
.chart .end { font-weight: 600; }
.chart .grid { stroke: var(--rule); }
.chart .axis { stroke: var(--quiet); }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.chart .line.training { stroke: var(--training); }
.chart .line.validation { stroke: var(--validation); stroke-dasharray: 7 4; }
.chart .dot.training { fill: var(--training); }
.chart .dot.validation { fill: var(--page); stroke: var(--validation); stroke-width: 2; }
.answered { border: 1px solid var(--rule); border-radius: .4rem; padding: .25rem 1.1rem .75rem; margin: 1rem 0; }
.answered h3 { margin-top: .75rem; }
.turn { margin: .6rem 0; padding-left: .8rem; border-left: 3px solid var(--rule); }
.turn.tuned { border-color: var(--training); }
.turn.base { border-left-style: dashed; border-color: var(--validation); }
.turn .role { color: var(--quiet); font-size: .9rem; margin: 0; }
.turn .text { white-space: pre-wrap; margin: 0; }
footer { padding-top: 2rem; padding-bottom: 2rem; font-size: .9rem; }
footer p { border-top: 1px solid var(--rule); padding-top: .75rem; }
@media (max-width: 40rem) {
  .chart { font-size: 15px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dl dd { margin-bottom: .5rem; }
  .stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; width: auto; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { border-bottom: 1px solid var(--rule); padding: .5rem 0; }
  .stack th, .stack tbody td { border: 0; padding: .1rem 0; width: auto; text-align: left; white-space: normal; }
  .stack td::before { content: attr(data-label) ": "; color: var(--quiet); }
  .numbers.stack td { display: inline-block; margin-right: 1rem; }
  .stack td:empty { display: none; }
  .issues.stack th, .timeline.stack td:last-child { width: auto; }
  .timeline td:last-child { padding: .3rem 0; }
  .timeline td:last-child::before { content: none; }
}
@media print {
  body { font-size: 10.5pt; }
  main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  h2, h3, caption, thead { break-after: avoid; }
  tr, figure, .failure, .answered, pre { break-inside: avoid; }
  figure { max-width: 28rem; }
  .bar { border: 1px solid var(--ink); }
}
"""
