R"css(
:root{color-scheme:light dark;--paper:#ffffff;--ground:#f5f7f9;--ink:#1b2126;--soft:#57616b;--quiet:#9aa4ad;--grid:#e6e9ec;--edge:#d5dadf;--tint:#f5f7f9;--field:#8b959e;
--series-1:#0072b2;--series-2:#d55e00;--on-series:#ffffff;--high-ink:#a84600;--low-ink:#00629a;--high-tint:#fdeee3;--low-tint:#e6f2f9;
--warn-ink:#8a4b00;--warn-tint:#fff6e8;--warn-edge:#f0c98a;--good-ink:#1c6b47}
@media (prefers-color-scheme:dark){:root{--paper:#191e23;--ground:#12161a;--ink:#e6eaee;--soft:#a3adb7;--quiet:#6d7780;--grid:#2a3138;--edge:#353d45;--tint:#20262c;--field:#66717b;
--series-1:#5cb3e8;--series-2:#f08a4b;--on-series:#12161a;--high-ink:#f5a673;--low-ink:#8bcbf3;--high-tint:#33231a;--low-tint:#17293a;
--warn-ink:#f2bd74;--warn-tint:#2b2317;--warn-edge:#5f4a24;--good-ink:#7fd3aa}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
.inner,main,footer{max-width:1180px;margin:0 auto;padding-left:28px;padding-right:28px}
main{padding-top:24px;padding-bottom:40px}main:focus{outline:none}
.top{background:var(--paper);border-bottom:1px solid var(--edge)}
.top .inner{padding-top:24px}
.eyebrow{font-size:12px;letter-spacing:.09em;text-transform:uppercase;color:var(--soft);margin:0 0 2px}
h1{font-size:28px;line-height:1.2;margin:0;font-weight:650;letter-spacing:-.012em;overflow-wrap:anywhere}
h2{font-size:18px;font-weight:650;margin:0;letter-spacing:-.005em}
h3{font-size:14.5px;font-weight:650;margin:0}
.sub{color:var(--soft);margin:4px 0 0;overflow-wrap:anywhere}
nav{display:flex;gap:4px;margin:16px 0 0 -12px}
nav a{padding:9px 12px 10px;color:var(--soft);text-decoration:none;border-bottom:3px solid transparent;font-weight:550}
nav a:hover{color:var(--ink)}nav a[aria-current]{color:var(--ink);border-color:var(--series-1)}
.skip{position:absolute;left:-9999px;top:8px;background:var(--paper);color:var(--ink);padding:8px 14px;border-radius:6px;z-index:9}.skip:focus{left:8px}
:focus-visible{outline:2px solid var(--series-1);outline-offset:2px}
.panel{background:var(--paper);border:1px solid var(--edge);border-radius:10px;padding:20px 22px;margin:0 0 20px;min-width:0}
.narrow{max-width:560px}
.head{display:flex;justify-content:space-between;align-items:baseline;gap:8px 16px;flex-wrap:wrap}
.line{display:flex;gap:10px;align-items:center;flex-wrap:wrap}.line.end{justify-content:flex-end;margin-top:20px}
.lead{color:var(--soft);margin:4px 0 16px;max-width:78ch}
.hint{color:var(--soft);font-size:12.5px;margin:3px 0 0;overflow-wrap:anywhere}.hint.right{text-align:right;margin:0 0 8px}
.split{display:grid;grid-template-columns:minmax(0,1fr) 372px;gap:20px;align-items:start}
.aside{position:sticky;top:16px}
.fields{display:grid;grid-template-columns:repeat(auto-fill,minmax(216px,1fr));gap:16px 18px;align-items:start}
.field{min-width:0;position:relative}
label,.label{display:block;font-weight:550;font-size:13.5px;margin:0 0 4px;overflow-wrap:anywhere}
input,select{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--field);border-radius:6px;padding:7px 10px;width:100%;min-height:39px;min-width:0}
.line input{flex:1 1 200px;width:auto}.line select{width:auto;min-height:34px;padding:4px 8px}.line label,label.line{margin:0}
input::placeholder{color:var(--soft);opacity:.8;font-style:italic}
.missing{color:var(--soft)}
.changed input,.changed select{border-color:var(--series-1);box-shadow:inset 3px 0 0 var(--series-1)}
[aria-invalid=true]{border-color:var(--series-2)!important;box-shadow:inset 3px 0 0 var(--series-2)!important}
.wrong{color:var(--high-ink);font-size:12.5px;margin:4px 0 0;overflow-wrap:anywhere}
.list{position:absolute;z-index:5;left:0;right:0;top:66px;max-height:252px;overflow-y:auto;margin:0;padding:4px;list-style:none;background:var(--paper);border:1px solid var(--field);border-radius:8px;box-shadow:0 8px 24px rgba(0,0,0,.18)}
.list li{padding:6px 9px;border-radius:5px;cursor:pointer;overflow-wrap:anywhere}.list li[aria-selected=true]{background:var(--low-tint)}.list li.none{color:var(--soft);cursor:default}
button,.button{font:inherit;font-weight:600;border:1px solid transparent;border-radius:6px;padding:8px 18px;min-height:39px;background:var(--series-1);color:var(--on-series);cursor:pointer;display:inline-block;text-decoration:none}
button:hover,.button:hover{filter:brightness(1.08)}button:disabled{opacity:.6;cursor:default}
button.plain{background:none;color:var(--low-ink);border-color:var(--edge);font-weight:550;padding:5px 12px;min-height:34px}button.plain:hover{border-color:var(--low-ink)}button.small{font-size:12.5px;min-height:28px;padding:2px 10px}
#score{min-width:132px}
.finding{border:1px solid var(--warn-edge);border-left-width:4px;background:var(--warn-tint);border-radius:6px;padding:10px 16px;margin:0 0 20px;overflow-wrap:anywhere}
#gauge svg{max-width:318px;margin:0 auto}
.gauge{fill:none;stroke-width:17}.zone-low{stroke:var(--series-1);opacity:.2}.zone-high{stroke:var(--series-2);opacity:.24}.is-low{stroke:var(--series-1)}.is-high{stroke:var(--series-2)}
.tick-line{stroke:var(--ink);stroke-width:2}.ring{fill:var(--paper);stroke:var(--ink);stroke-width:2}
svg .big{font-size:40px;font-weight:650;letter-spacing:-.02em;fill:var(--ink)}
.risk{text-align:center;margin:6px 0 0;display:flex;gap:10px;justify-content:center;align-items:center;flex-wrap:wrap}
.pill{border-radius:99px;padding:3px 14px;font-weight:650;font-size:14px;white-space:nowrap}.pill.high{background:var(--high-tint);color:var(--high-ink)}.pill.low{background:var(--low-tint);color:var(--low-ink)}
#delta{font-weight:600}.spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;margin:0}
.stale{opacity:.45}
#reasons-box,#what-if{border-top:1px solid var(--grid);margin-top:16px;padding-top:13px}
.reasons{list-style:none;margin:8px 0 0;padding:0}.reasons li{margin:0 0 9px}.reasons .row{display:flex;justify-content:space-between;gap:12px;font-size:13.5px}.reasons .row span:first-child{overflow-wrap:anywhere;min-width:0}
.track{height:6px;border-radius:3px;background:var(--grid);position:relative;margin-top:3px}.fill{height:100%;border-radius:3px;background:var(--series-2)}
.tries{list-style:none;margin:8px 0 0;padding:0;font-size:13px}.tries li{display:flex;justify-content:space-between;gap:14px;border-bottom:1px solid var(--grid);padding:5px 0}.tries span:first-child{overflow-wrap:anywhere;min-width:0}.tries b{white-space:nowrap;font-weight:600}
.facts{margin:14px 0 0;border-top:1px solid var(--grid);padding-top:9px;font-size:12.5px}.facts div{display:flex;justify-content:space-between;gap:16px;padding:2px 0}
dt{color:var(--soft);white-space:nowrap}dd{margin:0;text-align:right;overflow-wrap:anywhere;min-width:0}.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:11.5px;line-height:1.7}
.drop{border:2px dashed var(--field);border-radius:10px;padding:26px 16px;text-align:center;margin-bottom:18px}.drop p{margin:0 0 6px;color:var(--soft)}.drop strong{color:var(--ink)}.drop.over{border-color:var(--series-1);background:var(--low-tint)}
.drop .button{margin:0;line-height:1.5}.drop input{position:absolute;opacity:0;width:1px;height:1px;min-height:0;padding:0}.drop input:focus-visible{outline:none}.drop:focus-within .button{outline:2px solid var(--series-1);outline-offset:2px}
progress{width:100%;height:12px;accent-color:var(--series-1);margin:10px 0 4px;display:block}
#job-chart svg{max-width:640px}#job-state{margin:0 0 14px;color:var(--soft);font-size:13.5px}#job figure,#job-errors{margin-top:20px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;border:1px solid var(--edge);border-radius:10px;overflow:hidden;background:var(--edge);margin:0 0 20px}
.tile{background:var(--paper);padding:13px 18px 14px;min-width:0}.tile .k,.tile .n{font-size:12.5px;color:var(--soft);overflow-wrap:anywhere}.tile .v{font-size:26px;line-height:1.3;font-weight:600;letter-spacing:-.015em;overflow-wrap:anywhere}.tile .v.long{font-size:17px;line-height:1.95}
.charts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 20px;align-items:stretch}
figure{margin:0 0 20px;min-width:0}figcaption{font-size:12.5px;color:var(--soft);margin:1px 0 8px}
svg{display:block;width:100%;height:auto;overflow:visible;font:11.5px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
svg text{fill:var(--soft)}svg .key{fill:var(--ink)}.grid{stroke:var(--grid)}.axis{stroke:var(--quiet)}.rule{stroke:var(--ink);stroke-dasharray:4 3}
.curve{fill:none;stroke-width:2;stroke-linejoin:round}.one{stroke:var(--series-1)}.two{stroke:var(--series-2)}.bar-live,.bar-one{fill:var(--series-1);opacity:.85}.bar-two{fill:var(--series-2);opacity:.85}.bar-training{fill:var(--quiet);opacity:.6}.line-one{fill:var(--series-1)}.line-two{fill:var(--series-2)}
.empty{color:var(--soft);font-size:13.5px;padding:34px 0;text-align:center;margin:0}
.drift{display:grid;grid-template-columns:minmax(110px,230px) minmax(0,1fr) 52px 76px;gap:0 14px;align-items:center;border-bottom:1px solid var(--grid);padding:3px 0;font-size:13.5px}
.drift button{background:none;color:var(--ink);border:0;padding:3px 0;min-height:0;font-weight:500;text-align:left;overflow-wrap:anywhere;text-decoration:underline;text-decoration-color:var(--edge);text-underline-offset:3px}.drift button[aria-pressed=true]{font-weight:650;text-decoration-color:var(--series-1)}
.drift .track{margin:0;height:9px}.drift .fill{background:var(--series-1);max-width:100%}.drift.alarm .fill{background:var(--series-2)}.drift .mark{position:absolute;top:-3px;bottom:-3px;width:2px;background:var(--soft)}.drift .n{text-align:right}.drift .pill{font-size:12px;padding:1px 9px;justify-self:start}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px;margin:6px 0 0}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top}thead th{font-weight:600;font-size:12px;color:var(--soft);border-bottom-color:var(--quiet)}tbody th{font-weight:500;min-width:9em;overflow-wrap:anywhere}td.n,th.n{text-align:right;white-space:nowrap}
footer{color:var(--soft);font-size:12.5px;padding-bottom:28px}footer p{border-top:1px solid var(--edge);margin:0;padding-top:12px}
#small-answer{display:none!important}
@media (max-width:900px){.split,.charts{grid-template-columns:minmax(0,1fr)}.aside{position:static}
#small-answer:not([hidden],.seen){display:flex!important;position:fixed;left:12px;right:12px;bottom:12px;z-index:6;justify-content:space-between;align-items:center;gap:12px;background:var(--paper);color:var(--ink);border:1px solid var(--field);border-radius:10px;padding:10px 16px;box-shadow:0 6px 22px rgba(0,0,0,.22);text-decoration:none;font-weight:600}[data-view=applicant] main{padding-bottom:84px}body:not([data-view=applicant]) #small-answer{display:none!important}}
@media (max-width:520px){.inner,main,footer{padding-left:14px;padding-right:14px}.panel{padding:16px 14px}h1{font-size:23px}.fields{grid-template-columns:minmax(0,1fr)}.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.tile{padding:11px 13px}.tile .v{font-size:22px}
.drift{grid-template-columns:minmax(0,1fr) 44px 70px}.drift .track{grid-column:1/-1;grid-row:2}}
@media (prefers-reduced-motion:no-preference){.fill{transition:width .25s}}
@media print{nav,#small-answer,.skip,button{display:none!important}}
)css"
