"use strict";
// The explorer. Plain script: choose, load one series file, draw, read aloud, save. No state but the address and "my area".
const $ = id => document.getElementById(id), C = JSON.parse($("choices").textContent);
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" "), NS = "http://www.w3.org/2000/svg";
const by = new Map(C.indicators.map(i => [i.id, i])), place = new Map(C.areas.map((a, n) => [a[0], n]));
const got = {}, waiting = {};
const KIND = {i: "improvement", c: "concern", n: "neither", "-": "common-cause", "?": "unknown"};
const MARK = {i: "M0,-7.5L6,0L0,7.5L-6,0Z", c: "M0,-7L7,6H-7Z", n: "M-5,-5H5V5H-5Z", "-": "M3.4,0A3.4,3.4,0,1,1,-3.4,0A3.4,3.4,0,1,1,3.4,0Z"};
MARK["?"] = MARK["-"];
// in the list a dot is judged and within chance, a dash is not judged; in a chart each month is a point
const LISTED = {...MARK, "?": "M-5,-1H5V1H-5Z"};
const STATUS = {f: "final", p: "provisional", i: "incomplete"};
const now = {area: "", i: "", c: "all"};

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) if (v !== false && v != null) node.setAttribute(k, v === true ? "" : v);
  node.append(...children);
  return node;
}
function svg(tag, attributes, text) {
  const node = document.createElementNS(NS, tag);
  for (const [k, v] of Object.entries(attributes)) node.setAttribute(k, v);
  if (text != null) node.textContent = text;
  return node;
}
// in tables a dash stands for what is not known; why is in the last column
const dash = (v, unit) => v == null ? "–" : number(v, unit);
const month = at => MONTHS[at % 12] + " " + Math.floor(at / 12);
function number(v, unit) {
  if (v == null) return "not known";
  const size = Math.abs(v), digits = Number.isInteger(v) || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = v.toLocaleString("en-GB", {minimumFractionDigits: digits, maximumFractionDigits: digits}).replace("-", "−");
  return unit === "%" ? text + "%" : unit && unit.startsWith("£") ? "£" + text : text;
}

window.X = {put(indicator, cohort, areas, years, about) {
  const at = got[indicator] = got[indicator] || {};
  at[cohort] = areas;
  if (years) Object.assign(at, {years, about});
}};
function load(indicator, cohort) {
  const key = cohort === "all" ? indicator : indicator + "." + cohort;
  return waiting[key] = waiting[key] || new Promise((good, bad) => {
    const script = el("script", {src: "explorer/" + key + ".js"});
    script.onload = () => good();
    script.onerror = () => { delete waiting[key]; bad(new Error("The file explorer/" + key + ".js is missing beside this page.")); };
    document.head.append(script);
  });
}

// ---- choosing
function options(select, rows, chosen) {
  select.replaceChildren();
  let group = null, name = null;
  for (const [value, text, of] of rows) {
    if (of && of !== name) select.append(group = el("optgroup", {label: name = of}));
    (of ? group : select).append(el("option", {value, selected: value === chosen}, text));
  }
}
function sign(i) { return i.now[place.get(now.area)] || "?"; }
function list() {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean), theme = $("theme").value, only = $("attention").checked;
  const found = C.indicators.filter(i => (!theme || i.theme === theme) && (!only || "icn".includes(sign(i))) &&
    words.every(w => (i.title + " " + i.definition + " " + i.id + " " + i.numerator).toLowerCase().includes(w)));
  $("list").replaceChildren(...found.map(i => {
    const kind = KIND[sign(i)], mark = svg("svg", {class: "sym", viewBox: "-9 -9 18 18", "aria-hidden": "true"});
    mark.append(svg("path", {d: LISTED[sign(i)], fill: `var(--${kind})`}));
    const link = el("a", {href: address(i.id, now.area, "all"), "aria-current": i.id === now.i ? "true" : false}, mark, i.title);
    if ("ic".includes(sign(i))) link.append(el("span", {class: "vh"}, ", " + C.variations[kind]));
    return el("li", {}, link);
  }));
  $("count").textContent = found.length === 1 ? "1 indicator" : found.length + " indicators";
}
const address = (i, area, c) => "#" + new URLSearchParams({area, i, c});

// ---- drawing
const L = 50, T = 18, W = 430, H = 200;
function ticks(low, high) {
  if (!(high > low)) { const by = Math.abs(low) * 0.2 || 1; low -= by; high += by; }
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].find(m => m * power >= raw * 0.999) * power;
  const out = [];
  for (let n = Math.floor(low / step + 1e-9); n <= Math.ceil(high / step - 1e-9); n++) out.push(+(n * step).toPrecision(12));
  return out;
}
function runs(series, same) {
  const out = [];
  for (let n = 0; n < series.v.length; n++) {
    const key = same(n);
    if (key == null) continue;
    const last = out[out.length - 1];
    if (last && last.key === key && last.to === n - 1) last.to = n; else out.push({key, from: n, to: n});
  }
  return out;
}
// what average, limits and signals are of: the value after season and working days where there is one
const judged = (series, at) => series.a[at] ?? series.v[at];
function chart(indicator, series, title) {
  const n = series.v.length, values = series.v.map((v, at) => judged(series, at)), all = [...series.v, ...values, ...series.c, ...series.l, ...series.u, ...series.t].filter(v => v != null);
  const marks = ticks(Math.min(...all), Math.max(...all)), low = marks[0], high = marks[marks.length - 1];
  const x = at => L + (at + 0.7) / (n + 0.4) * W, y = v => T + (high - v) / (high - low) * H;
  const root = svg("svg", {class: "spc", viewBox: `0 0 ${L + W + 10} ${T + H + 26}`, tabindex: 0, role: "group", "aria-roledescription": "chart",
    "aria-label": title + ". Arrow keys read it month by month."});
  const add = (tag, a, text) => root.append(svg(tag, a, text));
  const digits = Math.max(0, -Math.floor(Math.log10(marks[1] - marks[0]) + 1e-9));
  for (const v of marks) {
    add("path", {d: `M${L},${y(v)}h${W}`, stroke: "var(--grid)"});
    add("text", {x: L - 6, y: y(v) + 4, "text-anchor": "end", fill: "var(--ink)"}, v.toLocaleString("en-GB", {minimumFractionDigits: digits, maximumFractionDigits: digits}));
  }
  const box = (r, a, b, style) => add("path", {d: `M${x(r.from - 0.5)},${y(b)}H${x(r.to + 0.5)}V${y(a)}H${x(r.from - 0.5)}Z`, ...style});
  const level = (r, v, style) => add("path", {d: `M${x(r.from - 0.5)},${y(v)}H${x(r.to + 0.5)}`, fill: "none", "stroke-width": 1.4, ...style});
  const phases = runs(series, at => series.c[at] == null || series.u[at] == null ? null : [series.l[at], series.u[at], series.c[at]].join());
  const dashed = {stroke: "var(--limit)", "stroke-dasharray": "5,3"};
  for (const r of phases) box(r, series.l[r.from], series.u[r.from], {fill: "var(--band)"});
  for (const r of runs(series, at => series.s[at] === "f" ? null : "open")) box(r, low, high, {fill: "url(#hatch)"});
  for (const r of phases) { level(r, series.l[r.from], dashed); level(r, series.u[r.from], dashed); level(r, series.c[r.from], {stroke: "var(--centre)"}); }
  for (const r of runs(series, at => series.t[at])) level(r, r.key, {stroke: "var(--target)", "stroke-dasharray": "2,3"});
  add("path", {d: `M${L},${T + H}h${W}`, stroke: "var(--rule)"});
  for (let at = 0; at < n; at++) if ((series.m + at) % 6 === 0) {
    const words = month(series.m + at);
    add("text", {x: x(at), y: T + H + 18, "text-anchor": at < 2 ? "start" : at > n - 3 ? "end" : "middle", fill: "var(--ink)"}, words.slice(0, 4) + words.slice(-2));
  }
  const line = (of, style) => {
    let d = "", pen = "M";
    of.forEach((v, at) => { if (v == null) pen = "M"; else { d += `${pen}${x(at)},${y(v)}`; pen = "L"; } });
    add("path", {d, fill: "none", stroke: "var(--line)", ...style});
  };
  if (series.a.some(v => v != null)) line(series.v, {"stroke-width": 1, opacity: 0.4});
  line(values, {"stroke-width": 1.6});
  values.forEach((v, at) => {
    if (v == null) return;
    const k = series.s[at] === "i" ? "?" : series.k[at], colour = `var(--${KIND[k]})`;
    add("path", {transform: `translate(${x(at)},${y(v)})`, d: MARK[k], fill: series.s[at] === "f" ? colour : "var(--paper)", stroke: colour, "stroke-width": 1.6});
  });
  const ring = svg("circle", {r: 9, fill: "none", stroke: "var(--ink)", "stroke-width": 2, visibility: "hidden"});
  root.append(ring);
  let here = n;
  const read = at => {
    here = Math.max(0, Math.min(n - 1, at));
    const v = values[here];
    ring.setAttribute("visibility", v == null ? "hidden" : "visible");
    if (v != null) { ring.setAttribute("cx", x(here)); ring.setAttribute("cy", y(v)); }
    $("live").textContent = point(indicator, series, here);
  };
  root.addEventListener("keydown", event => {
    const go = {ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: n - 1}[event.key];
    if (go == null) return;
    event.preventDefault();
    read(go);
  });
  root.addEventListener("pointermove", event => {
    const at = (event.clientX - root.getBoundingClientRect().left) / root.getBoundingClientRect().width * (L + W + 10);
    read(Math.round((at - L) / W * (n + 0.4) - 0.7));
  });
  return root;
}
function point(indicator, series, at) {
  const v = series.v[at], parts = [month(series.m + at) + ": " + number(v, indicator.unit)];
  if (v == null) return parts[0] + (series.w[at] ? " (" + series.w[at].replaceAll("_", " ") + ")" : "");
  if (series.a[at] != null && series.a[at] !== v) parts.push(`counts as ${number(series.a[at], indicator.unit)} after season and working days`);
  if (series.lo[at] != null) parts.push(`95% limits ${number(series.lo[at])} to ${number(series.hi[at])}`);
  if (series.n[at] != null) parts.push(`count ${number(series.n[at])}`);
  if (series.x[at] && series.s[at] !== "i") parts.push(C.causes[series.x[at]]);
  parts.push(STATUS[series.s[at]] + {f: "", p: ", may still change", i: ", not judged"}[series.s[at]]);
  return parts.join("; ");
}
function table(caption, head, rows) {
  const body = rows.map(r => el("tr", {}, ...r.map((c, n) => n ? el("td", {}, c) : el("th", {scope: "row"}, c))));
  return el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head.map(h => el("th", {scope: "col"}, h)))), el("tbody", {}, ...body));
}

// ---- showing what was chosen
let turn = 0;
async function show(focus) {
  const mine = ++turn, indicator = by.get(now.i), name = C.areas[place.get(now.area)][1];
  $("name").textContent = indicator.title;
  $("unit").textContent = name + " · " + indicator.unit + ", each month";
  if (!indicator.cohorts.includes(now.c)) now.c = "all";
  options($("cohort"), indicator.cohorts.map(c => [c, C.cohorts[c]]), now.c);
  list();
  // beside a group stands the same group, or it is said that everybody does
  const beside = indicator.balancing.filter(b => by.has(b)), group = b => by.get(b).cohorts.includes(now.c) ? now.c : "all";
  try {
    await load(indicator.id, "all");
    if (now.c !== "all") await load(indicator.id, now.c);
    for (const b of beside) { await load(b, "all"); if (group(b) !== "all") await load(b, group(b)); }
  } catch (problem) { if (mine === turn) { $("charts").replaceChildren(); $("said").textContent = problem.message; } return; }
  if (mine !== turn) return;
  const series = (got[indicator.id][now.c] || {})[now.area], about = got[indicator.id].about;
  $("ask").replaceChildren(...about.ask.map(q => el("li", {}, q)));
  $("meaning").replaceChildren(el("p", {}, indicator.definition), el("p", {}, "Counted: " + indicator.numerator), el("p", {}, "Out of: " + about.denominator), el("p", {}, about.limits));
  $("said").textContent = now.c === "all" ? about.said[now.area] || "Nothing here stands out from chance in the newest complete month." :
    "Charts with an average and limits of chance are made for everybody only; this is the figure of the group, with its 95% limits in the tables.";
  const draw = (i, s, words) => el("figure", {}, el("figcaption", {class: "small"}, words), s && s.v.some(v => v != null) ? chart(i, s, words + ", " + name) :
    el("p", {}, (s ? "Nothing is known here" : "No figures by month here") + (s && s.w.find(Boolean) ? ": " + s.w.find(Boolean).replaceAll("_", " ") : "") + "."));
  $("charts").replaceChildren(draw(indicator, series, indicator.title + (now.c === "all" ? "" : ", " + C.cohorts[now.c])),
    ...beside.map(b => draw(by.get(b), (got[b][group(b)] || {})[now.area], "Beside it" + (now.c === "all" ? "" : ", " + C.cohorts[group(b)]) + ": " + by.get(b).title)));
  years(indicator, name);
  $("months").replaceChildren(series ? table(indicator.title + ", " + name + ", " + C.cohorts[now.c], HEAD, rows(indicator, series).reverse()) : "");
  if (focus) $("name").focus();
}
const HEAD = ["Month", "Value", "Adjusted", "95% from", "95% to", "Count", "Out of", "Average", "Chance from", "Chance to", "Signal", "Status", "Why not known"];
function rows(indicator, s) {
  return s.v.map((v, n) => [month(s.m + n), ...[v, s.a[n], s.lo[n], s.hi[n], s.n[n], s.d[n], s.c[n], s.l[n], s.u[n]].map(f => dash(f)),
    s.x[n] && s.s[n] !== "i" ? C.causes[s.x[n]] : "", STATUS[s.s[n]], (s.w[n] || "").replaceAll("_", " ")]);
}
function years(indicator, name) {
  const found = got[indicator.id].years || {};
  const made = indicator.cohorts.filter(c => found[c] && found[c][now.area]).map(c => {
    const [at, v, lo, hi, n, before, rest, standard, target, path, status] = found[c][now.area];
    return [C.cohorts[c], month(at) + (status === "p" ? " (provisional)" : ""), dash(v, indicator.unit), lo == null ? "–" : number(lo) + " to " + number(hi), ...[n, before, rest, standard].map(f => dash(f)),
      target == null ? "–" : number(target) + (path == null ? "" : " (by now " + number(path) + ")")];
  });
  const box = el("div", {class: "scroll", role: "region", "aria-label": "12 months by group", tabindex: 0});
  if (made.length) box.append(table("12 months, by group of people: " + indicator.title + ", " + name,
    ["Group", "To", "Value", "95% limits", "Count", "A year before", "Rest of the ICB", "Age-standardised", "Target"], made));
  $("years").replaceChildren(box);
}
function save(name, type, text) {
  const link = el("a", {href: URL.createObjectURL(new Blob([text], {type})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
function csv() {
  const s = got[now.i][now.c][now.area];
  if (!s) return;
  const cell = v => v == null ? "" : /[",\n]/.test(v) ? '"' + String(v).replaceAll('"', '""') + '"' : v;
  const head = "indicator_id,cohort_id,area,month,value,adjusted_value,value_lower_95,value_upper_95,numerator,denominator,centre_line,lower_process_limit,upper_process_limit,special_cause,period_status,null_reason";
  const lines = s.v.map((v, n) => [now.i, now.c, now.area, Math.floor((s.m + n) / 12) + "-" + String((s.m + n) % 12 + 1).padStart(2, "0") + "-01", v, s.a[n], s.lo[n], s.hi[n],
    s.n[n], s.d[n], s.c[n], s.l[n], s.u[n], s.x[n], STATUS[s.s[n]], s.w[n]].map(cell).join());
  save(`${now.i}-${now.c}-${now.area.replace(":", "-")}.csv`, "text/csv", [head, ...lines].join("\r\n") + "\r\n");
}
function picture() {
  const shown = document.querySelector("#charts svg");
  if (!shown) return;
  const copy = shown.cloneNode(true), style = getComputedStyle(document.documentElement);
  copy.setAttribute("xmlns", NS);
  copy.setAttribute("font-family", "Arial, sans-serif");
  copy.setAttribute("font-size", "13");
  const hatch = document.getElementById("hatch").cloneNode(true);
  copy.prepend(hatch);
  save(`${now.i}-${now.area.replace(":", "-")}.svg`, "image/svg+xml", new XMLSerializer().serializeToString(copy).replace(/var\((--[a-z0-9-]+)\)/g, (_, v) => style.getPropertyValue(v).trim()));
}

// ---- start
function kept() { try { return localStorage.getItem("int-marts-area"); } catch { return null; } }
function read() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const area = wanted.get("area") || kept();
  now.area = place.has(area) ? area : C.areas[0][0];
  now.i = by.has(wanted.get("i")) ? wanted.get("i") : C.indicators[0].id;
  now.c = wanted.get("c") || "all";
  options($("area"), C.areas, now.area);
}
const go = (focus) => { history.replaceState(null, "", address(now.i, now.area, now.c)); show(focus); };
options($("theme"), [["", "All themes"], ...[...new Set(C.indicators.map(i => i.theme))].map(t => [t, t.replaceAll("_", " ")])], "");
$("area").onchange = () => { now.area = $("area").value; go(); };
$("cohort").onchange = () => { now.c = $("cohort").value; go(); };
$("find").oninput = $("theme").onchange = $("attention").onchange = list;
$("mine").onclick = () => { try { localStorage.setItem("int-marts-area", now.area); $("live").textContent = "Kept as your area on this computer."; } catch { $("live").textContent = "This browser keeps nothing for files; bookmark the address instead."; } };
$("csv").onclick = csv;
$("picture").onclick = picture;
$("choose").onsubmit = event => event.preventDefault();
window.onhashchange = () => { read(); show(true); };
$("choose").hidden = $("explore").hidden = false;
read();
show();
