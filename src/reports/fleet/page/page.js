// The page: the three answers, the filter, the rules and the list of services.

const ITEM = 56, PRINTED = 200;

class Page {
  constructor(fleet) {
    this.fleet = fleet;
    this.all = Uint32Array.from({ length: fleet.count }, (_, row) => row);
    this.keys = null;
    this.selected = 0;
    this.form = document.getElementById("filters");
    this.list = document.getElementById("list");
    this.items = document.getElementById("list-size");
    this.dialog = document.getElementById("detail");
    this.matrix = new Matrix(fleet, { onTeam: (team, topic) => this.change({ team: team, rule: topic }), onService: (row) => this.open(row) });
    this.begin();
  }

  begin() {
    const { fleet, form } = this;
    const regions = new Set(fleet.columns.region), accounts = new Set(fleet.columns.account);
    text("subtitle", `${plural(accounts.size, "account")}, ${plural(regions.size, "region")} · standard ${fleet.standard} · ${when(fleet.at)}`);
    text("foot", `Made by Outrider ${fleet.release}. This file loads nothing from elsewhere; it has no environment values and no collector configurations.`);
    for (const name of PLACES) {
      const found = [...new Set(fleet.columns[name])].map((each) => fleet.names[each]).filter(Boolean).sort();
      form[name].append(element("option", { value: "" }, "All"), ...found.map((each) => element("option", { value: each }, each)));
    }
    form.state.append(...CHOICES.map(([value, shown]) => element("option", { value }, shown)));
    form.rule.append(element("option", { value: "" }, "All"));
    for (const topic of fleet.topics) {
      const rules = fleet.rules.filter((rule) => rule.topic === topic);
      form.rule.append(element("optgroup", { label: topic }, element("option", { value: topic }, `${topic}.*`), rules.map((rule) => element("option", { value: rule.id }, rule.id))));
    }
    document.getElementById("legend").append(...[...STATES.keys()].reverse().map((state) => element("li", {}, element("i", { style: { background: colour(STATES[state]) } }), STATE_NAMES[state])));
    form.addEventListener("input", () => this.change(Object.fromEntries(new FormData(form))));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => { event.preventDefault(); this.change(EMPTY); });
    document.getElementById("csv").addEventListener("click", () => this.save());
    for (const button of document.querySelectorAll("[data-rows]")) button.addEventListener("click", () => { this.state.rows = button.dataset.rows; this.write(); this.update(); });
    // Sizes are remembered: to ask for one would lay out the page at once.
    this.height = this.top = 0;
    this.list.addEventListener("scroll", () => { this.top = this.list.scrollTop; this.draw(); });
    new ResizeObserver(([seen]) => { this.height = seen.contentRect.height; this.draw(); }).observe(this.list);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("close", () => { this.state.shown = ""; this.write(); });
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    window.addEventListener("hashchange", () => this.read());
    window.addEventListener("beforeprint", () => { this.draw(true); this.matrix.draw(true); });
    window.addEventListener("afterprint", () => { this.draw(); this.matrix.draw(); });
    this.complete();
    this.better();
    document.getElementById("main").hidden = false;
    this.read();
  }

  // --- state, in the address ---------------------------------------------------------------------------------------

  read() {
    if (location.hash === this.written) return;
    this.state = filterOfAddress();
    this.update();
    if (this.state.shown) {
      this.keys ??= new Map(Array.from(this.all, (row) => [keyOf(this.fleet, row), row]));
      const row = this.keys.get(this.state.shown);
      if (row !== undefined) this.open(row);
    } else if (this.dialog.open) this.dialog.close();
  }

  write() {
    this.written = addressOf(this.state);
    if (this.written === "#" && !location.hash) this.written = "";
    history.replaceState(null, "", this.written || "#");
    this.written = location.hash;
  }

  change(changes) {
    Object.assign(this.state.filter, changes);
    this.write();
    this.update();
  }

  update() {
    const { fleet, form } = this, { filter, rows } = this.state;
    this.rows = filtered(fleet, filter);
    for (const [name, value] of Object.entries(filter)) {
      if (form[name].value !== value) form[name].value = value;
      form[name].classList.toggle("set", value !== "");
    }
    text("count", `${number(this.rows.length)} of ${plural(fleet.count, "service")}`);
    for (const button of document.querySelectorAll("[data-rows]")) button.setAttribute("aria-pressed", button.dataset.rows === rows);
    const teams = byTeam(fleet, this.rows);
    this.matrix.show(rows === "team" ? teams : this.rows, rows);
    this.whose(teams);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.byRule(), 80);
    this.selected = 0;
    if (this.top) this.list.scrollTop = this.top = 0;
    this.items.style.height = `${this.rows.length * ITEM}px`;
    this.draw();
  }

  // --- the three answers -------------------------------------------------------------------------------------------

  complete() {
    const { fleet } = this, box = document.getElementById("complete"), counts = byRule(fleet, this.all);
    const missed = sum(counts.map((each) => each[UNKNOWN])), asked = sum(counts.map((each) => sum(each.subarray(1))));
    const share = asked ? (asked - missed) / asked : 1;
    const missing = fleet.coverage.filter(([, , , found, read, unread]) => read < found || unread.length);
    const headline = missing.length ? ["warn", `Not complete: ${plural(missing.length, "gap")}`] : missed ? ["warn", "All was read"] : ["good", "Complete"];
    const places = new Set(fleet.coverage.map(([account, region]) => `${account} ${region}`));
    const evaluated = fleet.columns.outside.filter((each) => each < 0).length;
    box.append(
      element("p", { class: `big ${headline[0]}` }, headline[1]),
      element("div", { class: "gauge", role: "img", "aria-label": `${percent(share)} of the verdicts are known` }, element("i", { style: { width: `${share * 100}%`, background: "var(--c)" } }), element("i", { style: { width: `${(1 - share) * 100}%`, background: "var(--u)" } })),
      element("p", { class: "note" }, `${percent(share)} of ${number(asked)} verdicts are known. ${number(evaluated)} of ${number(fleet.count)} evaluated in ${plural(places.size || 1, "place")}.`),
      element("details", { open: missing.length > 0 && missing.length < 5 }, element("summary", {}, missing.length ? "What could not be read" : "What was read"), this.coverage(missing.length ? missing : fleet.coverage)));
  }

  coverage(rows) {
    const shown = rows.slice(0, 200);
    return element("div", { class: "wide-table" }, element("table", {},
      element("thead", {}, element("tr", {}, ["Where", "What"].map((title) => element("th", {}, title)), element("th", { class: "number" }, "Read"))),
      element("tbody", {}, shown.map(([account, region, kind, found, read, unread]) => element("tr", {},
        element("td", {}, `${account} ${region}`),
        element("td", {}, kind, unread.map(([call, code, resource, count]) => element("div", { class: "note" }, element("code", {}, call), ` ${code}: `, element("bdi", {}, resource), count > 1 ? ` and ${number(count - 1)} more` : ""))),
        element("td", { class: "number" }, `${number(read)} of ${number(found)}`))))));
  }

  better() {
    const { runs } = this.fleet, box = document.getElementById("better"), last = runs.at(-1);
    const [, services, drifted, unknown] = last, rate = services ? drifted / services : 0;
    const week = Date.parse(last[0]) - 6.5 * 86400e3, earlier = runs.slice(0, -1).filter((run) => Date.parse(run[0]) <= week).at(-1) ?? (runs.length > 1 ? runs[0] : null);
    const rest = `${number(services - drifted - unknown)} compliant, ${number(unknown)} unknown`;
    box.append(element("p", { class: "big" }, `${number(drifted)} of ${number(services)} drifted`));
    if (!earlier) {
      box.append(element("p", { class: "note" }, `${percent(rate)}; ${rest}. No earlier run was given to compare with.`));
      return;
    }
    const before = earlier[1] ? earlier[2] / earlier[1] : 0, change = rate - before, good = change <= 0;
    const changed = Math.abs(change) < 0.0005 ? "unchanged" : `${good ? "▼" : "▲"} ${Math.abs(change * 100).toFixed(1)} points`;
    box.append(element("p", { class: "note" }, element("b", { style: { color: good ? "var(--good)" : "var(--bad)" } }, changed), ` since ${when(earlier[0]).slice(0, 11)}: from ${percent(before)} to ${percent(rate)}; ${rest}.`), trendOf(runs),
      element("p", { class: "ends" }, element("span", {}, when(runs[0][0]).slice(0, 11)), element("span", {}, "share that drifted"), element("span", {}, when(last[0]).slice(0, 11))));
  }

  whose(ranked) {
    const { fleet } = this;
    const nobody = ranked.find((each) => !fleet.names[each.team]);
    document.getElementById("whose").replaceChildren(
      element("ul", { class: "teams" }, ranked.slice(0, 6).map((each) => {
        const name = fleet.names[each.team];
        return element("li", { title: stateSentence(each.counts) }, name ? element("button", { type: "button", class: "link", onclick: () => this.change({ team: name }) }, element("bdi", {}, name)) : element("bdi", {}, "No team"), stackOf(each.counts), element("span", {}, `${number(each.drifted)} / ${number(each.count)}`));
      })),
      element("p", { class: "note" }, ranked.length > 6 ? `and ${plural(ranked.length - 6, "more team")}, in the map below.` : "", nobody ? ` ${plural(nobody.count, "service")} without a team tag.` : ""));
  }

  // --- rules ---------------------------------------------------------------------------------------------------------

  byRule() {
    const { fleet } = this, counts = byRule(fleet, this.rows);
    const drifted = (each) => each[4] + each[5] + each[6] + each[7];
    const ranked = counts.map((each, rule) => ({ rule, each })).filter(({ each }) => drifted(each) || each[UNKNOWN]).sort((one, other) => drifted(other.each) - drifted(one.each) || other.each[UNKNOWN] - one.each[UNKNOWN]);
    const box = document.getElementById("rules");
    if (!ranked.length) box.replaceChildren(element("p", { class: "note" }, "Nothing drifted, and nothing is unknown."));
    else box.replaceChildren(element("div", { class: "wide-table" }, element("table", { class: "by-rule" },
      element("thead", {}, element("tr", {}, element("th", {}, "Rule"), element("th", { class: "number" }, "Drifted"), element("th", { class: "number" }, "Unknown"), element("th", {}, "Services"))),
      element("tbody", {}, ranked.map(({ rule, each }) => element("tr", {},
        element("td", { class: "rule-name" }, element("button", { type: "button", class: "link mono", title: fleet.rules[rule].title, onclick: () => this.change({ rule: fleet.rules[rule].id }) }, fleet.rules[rule].id), element("div", { class: "note" }, fleet.rules[rule].title)),
        element("td", { class: "number" }, number(drifted(each))), element("td", { class: "number" }, number(each[UNKNOWN])), element("td", {}, stackOf(each))))))));
  }

  // --- the list ------------------------------------------------------------------------------------------------------

  draw(whole = false) {
    const { list, rows } = this;
    const first = whole ? 0 : Math.max(0, Math.floor(this.top / ITEM) - 4);
    const last = whole ? Math.min(rows.length, PRINTED) : Math.min(rows.length, first + Math.ceil(this.height / ITEM) + 8);
    const drawn = [];
    for (let index = first; index < last; index++) drawn.push(this.item(index));
    if (!rows.length) drawn.push(element("p", { class: "note", style: { padding: "1rem" } }, "No service fits this filter."));
    if (whole && rows.length > last) drawn.push(element("p", { class: "note" }, `and ${number(rows.length - last)} more.`));
    this.items.replaceChildren(...drawn);
    list.setAttribute("aria-activedescendant", `row-${this.selected}`);
  }

  item(index) {
    const { fleet } = this, row = this.rows[index], cluster = named(fleet, "cluster", row), team = named(fleet, "team", row);
    const family = familyOf(fleet, row), revision = fleet.columns.revision[row], outside = fleet.columns.outside[row] >= 0;
    const outcome = outside ? "Not evaluated" : [fleet.drifts[row] ? plural(fleet.drifts[row], "rule") + " drifted" : "", fleet.unknowns[row] ? `${fleet.unknowns[row]} unknown` : ""].filter(Boolean).join(", ") || "No drift";
    return element("div", { class: "row", id: `row-${index}`, role: "option", "aria-selected": String(index === this.selected), style: { top: `${index * ITEM}px` }, onclick: () => { this.selected = index; this.open(row); } },
      element("div", {}, outside ? element("span", {}, "–") : badge(fleet.worst[row])),
      element("div", {}, element("b", {}, element("bdi", {}, nameOf(fleet, row))), element("span", {}, outcome)),
      element("div", {}, element("bdi", {}, teamName(team)), element("span", {}, cluster || "no service")),
      element("div", {}, element("bdi", {}, revision ? `${family}:${revision}` : family), element("span", {}, `${named(fleet, "account", row)} ${named(fleet, "region", row)}`)));
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / ITEM) - 1), last = this.rows.length - 1;
    const to = { ArrowDown: this.selected + 1, ArrowUp: this.selected - 1, PageDown: this.selected + page, PageUp: this.selected - page, Home: 0, End: last }[event.key];
    if (event.key === "Enter" || event.key === " ") { if (last >= 0) this.open(this.rows[this.selected]); }
    else if (to !== undefined) {
      this.selected = Math.max(0, Math.min(last, to));
      const top = this.selected * ITEM, { scrollTop, clientHeight } = this.list;
      if (top < scrollTop) this.list.scrollTop = top;
      else if (top + ITEM > scrollTop + clientHeight) this.list.scrollTop = top + ITEM - clientHeight;
      this.draw();
    } else return;
    event.preventDefault();
  }

  open(row) {
    this.state.shown = keyOf(this.fleet, row);
    this.write();
    this.dialog.replaceChildren(detailOf(this.fleet, row, () => this.dialog.close()));
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  save() {
    const link = element("a", { download: "outrider-report.csv", href: URL.createObjectURL(new Blob([csvOf(this.fleet, this.rows, this.state.filter)], { type: "text/csv" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

// --- small parts -------------------------------------------------------------------------------------------------------

const text = (id, content) => { document.getElementById(id).textContent = content; };
const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
const when = (at) => `${new Date(at).toLocaleString("en-GB", { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" })} UTC`;
const stateSentence = (counts) => [...counts.keys()].reverse().filter((state) => counts[state]).map((state) => `${number(counts[state])} ${STATE_NAMES[state].toLowerCase()}`).join(", ");

function stackOf(counts) {
  const all = sum(counts) || 1;
  const parts = [...counts.keys()].reverse().filter((state) => counts[state]);
  return element("div", { class: "stack", role: "img", "aria-label": stateSentence(counts), title: stateSentence(counts) }, parts.map((state) => element("i", { style: { width: `${(counts[state] / all) * 100}%`, background: colour(STATES[state]) } })));
}

function trendOf(runs) {
  const wide = 320, tall = 84, times = runs.map((run) => Date.parse(run[0])), first = times[0], span = times.at(-1) - first || 1;
  const rates = runs.map((run) => (run[1] ? run[2] / run[1] : 0)), most = Math.max(...rates, 0.01);
  const points = runs.map((_, index) => [4 + ((times[index] - first) / span) * (wide - 8), tall - 6 - (rates[index] / most) * (tall - 14)]);
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return element("svg", { class: "trend", viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", role: "img" },
    element("title", {}, runs.map((run, index) => `${when(run[0])}: ${percent(rates[index])} drifted`).join("\n")),
    element("polygon", { points: `4,${tall} ${line} ${wide - 4},${tall}`, fill: "var(--m)", opacity: ".18" }),
    element("polyline", { points: line, fill: "none", stroke: "var(--h)", "stroke-width": 2, "vector-effect": "non-scaling-stroke" }));
}

function beginTheme() {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)"), button = document.getElementById("theme");
  let chosen = "";
  const apply = () => {
    const theme = chosen || (dark.matches ? "dark" : "light");
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Change to the ${theme === "dark" ? "light" : "dark"} theme`);
    page?.matrix.draw();
  };
  button.addEventListener("click", () => { chosen = root.dataset.theme === "dark" ? "light" : "dark"; apply(); });
  dark.addEventListener("change", apply);
  apply();
}

let page = null;
beginTheme();
readData().then(
  (fleet) => { page = new Page(fleet); performance.mark("outrider-ready"); },
  () => { const failed = document.getElementById("failed"); failed.textContent = "The data of this report cannot be read. It needs a browser of 2023 or later."; failed.hidden = false; },
);
