/** Light and dark follow the reader's system. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #fff; --ink: #1d2126; --faint: #6a7178; --line: #dfe2e5;
  --ok: #2f9e63; --failed: #d6342c; --pass-ink: #fff;
  --waiting: #e3e6e9; --building: #c9d3e6; --checking: #d5e3cf; --pre-deploy: #dccdea; --staging: #e8dcc0; --previewing: #ddd9f0; --canary: #f7e0a0; --replacing: #f6cf9b; --verifying: #cfe3c2; --baking: #e6cdb8; --retiring: #b8dcea; --run: #e9ebed; --band-ink: #26292d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181b; --card: #1d2125; --ink: #e6e8ea; --faint: #98a0a8; --line: #363c42;
    --ok: #43b97a; --failed: #f0564d; --pass-ink: #111;
    --waiting: #33383d; --building: #3a4763; --checking: #43563b; --pre-deploy: #55416b; --staging: #5a4e30; --previewing: #454063; --canary: #6b5a1c; --replacing: #7a5520; --verifying: #3d5a2c; --baking: #5f4433; --retiring: #235668; --run: #2c3136; --band-ink: #eceef0;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 24px 16px 64px; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0 0 12px; }
p { margin: 4px 0; }
.about, .legend { color: var(--faint); font-size: 13px; }
.legend { margin: 20px 0 8px; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-left: 8px; }
.legend i.ok { background: var(--ok); } .legend i.failed { background: var(--failed); }
.badge { font-size: 12px; font-weight: 700; letter-spacing: .04em; padding: 3px 8px; border-radius: 5px; color: var(--pass-ink); vertical-align: 2px; }
.badge.pass { background: var(--ok); } .badge.fail { background: var(--failed); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin-top: 16px; }
section ul { margin: 12px 0 0; padding-left: 20px; }
pre { overflow-x: auto; white-space: pre-wrap; margin: 12px 0 0; font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 16px; min-width: 60%; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 14px; text-align: right; white-space: nowrap; }
tbody th { text-align: left; font-weight: 400; padding-left: 22px; }
.level0 th, .level0 td { border-top: 1px solid var(--line); padding-top: 6px; font-weight: 600; }
.level0 th { padding-left: 0; }
.level2 th { padding-left: 44px; } .level2 { color: var(--faint); font-size: 13px; }
td.good { color: var(--ok); } td.bad { color: var(--failed); font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .unit, svg .tick { fill: var(--faint); font-size: 11px; }
svg .name { fill: var(--band-ink); font-size: 11.5px; }
svg .ok { fill: var(--ok); } svg .failed { fill: var(--failed); }
svg .base { stroke: var(--line); }
svg .mark { stroke: var(--ink); stroke-dasharray: 3 4; opacity: .6; }
svg .band { fill: var(--run); }
svg .waiting { fill: var(--waiting); } svg .building { fill: var(--building); } svg .pre-deploy { fill: var(--pre-deploy); }
svg .checking { fill: var(--checking); } svg .verifying { fill: var(--verifying); }
svg .replacing { fill: var(--replacing); } svg .retiring { fill: var(--retiring); }
`;
