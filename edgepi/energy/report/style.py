"""How pages look: the colours of the dashboard, told apart by brightness as well as by hue."""

from __future__ import annotations

from edgepi.energy.report.kinds import TONES

__all__ = ["DARK", "LIGHT", "STYLE"]

LIGHT = {
    "page": "#f4f2ec",
    "card": "#fffefb",
    "ink": "#22282b",
    "muted": "#636b70",
    "line": "#e7e2d7",
    "soft": "#f0ede4",
    "shade": "#e8e3d5",
    "sun": "#d28a0c",
    "store": "#2f8560",
    "load": "#3a6db4",
    "price": "#8558b0",
    "lost": "#c0b9aa",
    "spilled": "#e2c27c",
    "warn": "#a8480f",
    "bad": "#b3261e",
    "tone0": "#2b5a9c",
    "tone1": "#8bb8e4",
    "tone2": "#6d3f94",
    "tone3": "#dd9db9",
    "tone4": "#1b6e73",
    "tone5": "#b9c46a",
}

DARK = {
    "page": "#111517",
    "card": "#191e21",
    "ink": "#e9e6df",
    "muted": "#9aa3a7",
    "line": "#2a3135",
    "soft": "#20272a",
    "shade": "#2b3438",
    "sun": "#f0b13c",
    "store": "#5fc397",
    "load": "#7eaff0",
    "price": "#c4a2ea",
    "lost": "#7b817f",
    "spilled": "#8a6a24",
    "warn": "#f0935a",
    "bad": "#f2827a",
    "tone0": "#4a7fd0",
    "tone1": "#a9d0f5",
    "tone2": "#9a68c4",
    "tone3": "#f0b7cd",
    "tone4": "#24868c",
    "tone5": "#cdd88a",
}


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _tones() -> str:
    return "".join(
        f".f-{t}{{fill:var(--{t})}}.s-{t}{{stroke:var(--{t})}}.b-{t}{{background:var(--{t})}}" for t in TONES
    )


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
h1,h2,h3,p,dl,dd,figure{margin:0}
header,main,footer{max-width:58rem;margin:0 auto;padding:0 1.25rem}
header{padding-block:1.75rem 1.25rem}
h1{display:flex;align-items:center;gap:.55rem;font-size:1.5rem;font-weight:650;letter-spacing:-.01em}
.logo{flex:none;width:1.7rem;fill:var(--sun);stroke:var(--sun);stroke-width:2.6;stroke-linecap:round}
header p,footer,.muted{color:var(--muted)}
section{margin-bottom:1rem;padding:1.1rem 1.25rem 1.25rem;border:1px solid var(--line);border-radius:.9rem;
background:var(--card)}
section>*+*{margin-top:1.1rem}
h2{font-size:1.125rem;font-weight:650;letter-spacing:-.01em}
h2+p{margin-top:.35rem}
h3{font-size:.9375rem;font-weight:600}
p{max-width:44rem}
footer{padding-block:.5rem 2rem;font-size:.8125rem}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.25rem,1fr));gap:.9rem 1.25rem}
.facts dt{color:var(--muted);font-size:.8125rem}
.facts dd{font-size:1.25rem;font-weight:600;letter-spacing:-.01em}
.facts small{display:block;color:var(--muted);font-size:.8125rem;font-weight:400;line-height:1.35;
letter-spacing:0}
figure svg{display:block;width:100%;height:auto;margin-top:.5rem;font-size:12px;overflow:visible}
.narrow{display:none}
.key{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:.35rem 0 0;padding:0;list-style:none;
font-size:.8125rem}
.key i{display:inline-block;width:.7rem;height:.7rem;margin-right:.4rem;border-radius:.2rem}
.key .tick{width:2px;background:var(--ink)}
ul.key.narrow{display:none}
.key .shaded{background:var(--shade)}
.key b{font-weight:600}
svg text{fill:var(--ink)}
svg .tick{fill:var(--muted)}
.grid,.zero{stroke:var(--line);stroke-width:1;fill:none}
.zero{stroke:var(--muted);opacity:.55}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.thin{stroke-width:1.2}
.area{opacity:.16}
.band{opacity:.2}
.shade{fill:var(--shade)}
.mark{fill:none;stroke-width:1.2;stroke-dasharray:5 4}
.halo{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
.label,.value{font-weight:600}
.block{stroke:var(--card);stroke-width:.6}
.cover{fill:transparent}
.stated{stroke:var(--ink);stroke-width:2;fill:none}
.unknown{fill:var(--soft)}
.cell{fill:none}
.h0{opacity:.08}.h1{opacity:.22}.h2{opacity:.38}.h3{opacity:.54}.h4{opacity:.7}.h5{opacity:.85}.h6{opacity:1}
svg text.label{paint-order:stroke;stroke:var(--card);stroke-width:3px}
table{width:100%;border-collapse:collapse}
th,td{padding:.35rem 0 .35rem .75rem;border-top:1px solid var(--line);text-align:right;font-weight:400}
th:first-child,td:first-child{padding-left:0;text-align:left}
thead th{border:0;color:var(--muted);font-size:.8125rem;vertical-align:bottom}
td{white-space:nowrap}
td.words{white-space:normal;text-align:left}
tr.sum>*{font-weight:600}
.scroll{overflow-x:auto}
summary{color:var(--muted);font-size:.8125rem;cursor:pointer}
ul.said{margin:0;padding:0;list-style:none}
ul.said li{display:grid;grid-template-columns:9rem 1fr;gap:1rem;padding:.45rem 0;
border-top:1px solid var(--line)}
ul.said li:first-child{border-top:0}
ul.said time{color:var(--muted)}
:focus-visible{outline:2px solid var(--load);outline-offset:2px}
@media (max-width:620px){
header,main,footer{padding-inline:.75rem}
section{padding:1rem}
.wide{display:none}.narrow{display:block}ul.key.narrow{display:flex}
.facts{grid-template-columns:repeat(2,minmax(0,1fr));gap:.8rem 1rem}
ul.said li{grid-template-columns:1fr;gap:0}
ul.said time{font-size:.8125rem}
table{font-size:.875rem}
}
@media print{
@page{margin:14mm}
body{background:none;font-size:10.5pt}
header,main,footer{max-width:none;padding-inline:0}
header{padding-top:0}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:.9rem 0 0;background:none}
figure,.facts,tr,li{break-inside:avoid}
h2,h3{break-after:avoid}
summary{display:none}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
"""

STYLE = (
    f":root{{color-scheme:light dark;{_variables(LIGHT)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    f"{_tones()}{_RULES}"
)
