// The page: its state, which is in the address, and the list of services.

const ITEM = 56,
  PRINTED = 200;

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
    this.matrix = new Matrix(fleet, {
      onTeam: (team, topic) => this.change({ team: team, rule: topic }),
      onService: (row) => this.open(row),
    });
    this.begin();
  }

  begin() {
    const { fleet, form } = this;
    const regions = new Set(fleet.columns.region),
      accounts = new Set(fleet.columns.account);
    text(
      "subtitle",
      `${plural(accounts.size, "account")}, ${plural(regions.size, "region")} · standard ${fleet.standard} · ${when(fleet.at)}`,
    );
    text(
      "foot",
      `Made by Outrider ${fleet.release}. This file loads nothing from elsewhere; it has no environment values and no collector configurations.`,
    );
    for (const name of PLACES) {
      const found = [...new Set(fleet.columns[name])]
        .map((each) => fleet.names[each])
        .filter(Boolean)
        .sort();
      form[name].append(
        element("option", { value: "" }, "All"),
        ...found.map((each) => element("option", { value: each }, each)),
      );
    }
    form.state.append(...CHOICES.map(([value, shown]) => element("option", { value }, shown)));
    form.rule.append(element("option", { value: "" }, "All"));
    for (const topic of fleet.topics) {
      const rules = fleet.rules.filter((rule) => rule.topic === topic);
      form.rule.append(
        element(
          "optgroup",
          { label: topic },
          element("option", { value: topic }, `${topic}.*`),
          rules.map((rule) => element("option", { value: rule.id }, rule.id)),
        ),
      );
    }
    document
      .getElementById("legend")
      .append(
        ...[...STATES.keys()]
          .reverse()
          .map((state) =>
            element("li", {}, element("i", { style: { background: colour(STATES[state]) } }), STATE_NAMES[state]),
          ),
      );
    form.addEventListener("input", () => this.change(Object.fromEntries(new FormData(form))));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.change(EMPTY);
    });
    document.getElementById("csv").addEventListener("click", () => this.save());
    for (const button of document.querySelectorAll("[data-rows]"))
      button.addEventListener("click", () => {
        this.state.rows = button.dataset.rows;
        this.write();
        this.update();
      });
    // Sizes are remembered: to ask for one would lay out the page at once.
    this.height = this.top = 0;
    this.list.addEventListener("scroll", () => {
      this.top = this.list.scrollTop;
      this.draw();
    });
    new ResizeObserver(([seen]) => {
      this.height = seen.contentRect.height;
      this.draw();
    }).observe(this.list);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.dialog.addEventListener("close", () => {
      this.state.shown = "";
      this.write();
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    window.addEventListener("hashchange", () => this.read());
    window.addEventListener("beforeprint", () => {
      this.draw(true);
      this.matrix.draw(true);
    });
    window.addEventListener("afterprint", () => {
      this.draw();
      this.matrix.draw();
    });
    showComplete(fleet, this.all);
    showBetter(fleet);
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
    const { fleet, form } = this,
      { filter, rows } = this.state;
    this.rows = filtered(fleet, filter);
    for (const [name, value] of Object.entries(filter)) {
      if (form[name].value !== value) form[name].value = value;
      form[name].classList.toggle("set", value !== "");
    }
    text("count", `${number(this.rows.length)} of ${plural(fleet.count, "service")}`);
    for (const button of document.querySelectorAll("[data-rows]"))
      button.setAttribute("aria-pressed", button.dataset.rows === rows);
    const teams = byTeam(fleet, this.rows);
    this.matrix.show(rows === "team" ? teams : this.rows, rows);
    showWhose(fleet, teams, (team) => this.change({ team }));
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => showRules(fleet, this.rows, (rule) => this.change({ rule })), 80);
    this.selected = 0;
    if (this.top) this.list.scrollTop = this.top = 0;
    this.items.style.height = `${this.rows.length * ITEM}px`;
    this.draw();
  }

  // --- the list ------------------------------------------------------------------------------------------------------

  draw(whole = false) {
    const { list, rows } = this;
    const first = whole ? 0 : Math.max(0, Math.floor(this.top / ITEM) - 4);
    const last = whole
      ? Math.min(rows.length, PRINTED)
      : Math.min(rows.length, first + Math.ceil(this.height / ITEM) + 8);
    const drawn = [];
    for (let index = first; index < last; index++) drawn.push(this.item(index));
    if (!rows.length)
      drawn.push(element("p", { class: "note", style: { padding: "1rem" } }, "No service fits this filter."));
    if (whole && rows.length > last)
      drawn.push(element("p", { class: "note" }, `and ${number(rows.length - last)} more.`));
    this.items.replaceChildren(...drawn);
    list.setAttribute("aria-activedescendant", `row-${this.selected}`);
  }

  item(index) {
    const { fleet } = this,
      row = this.rows[index],
      cluster = named(fleet, "cluster", row),
      team = named(fleet, "team", row);
    const family = familyOf(fleet, row),
      revision = fleet.columns.revision[row],
      outside = fleet.columns.outside[row] >= 0;
    const outcome = outside
      ? "Not evaluated"
      : [
          fleet.drifts[row] ? plural(fleet.drifts[row], "rule") + " drifted" : "",
          fleet.unknowns[row] ? `${fleet.unknowns[row]} unknown` : "",
        ]
          .filter(Boolean)
          .join(", ") || "No drift";
    return element(
      "div",
      {
        class: "row",
        id: `row-${index}`,
        role: "option",
        "aria-selected": String(index === this.selected),
        style: { top: `${index * ITEM}px` },
        onclick: () => {
          this.selected = index;
          this.open(row);
        },
      },
      element("div", {}, outside ? element("span", {}, "–") : badge(fleet.worst[row])),
      element("div", {}, element("b", {}, element("bdi", {}, nameOf(fleet, row))), element("span", {}, outcome)),
      element("div", {}, element("bdi", {}, teamName(team)), element("span", {}, cluster || "no service")),
      element(
        "div",
        {},
        element("bdi", {}, revision ? `${family}:${revision}` : family),
        element("span", {}, `${named(fleet, "account", row)} ${named(fleet, "region", row)}`),
      ),
    );
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / ITEM) - 1),
      last = this.rows.length - 1;
    const to = {
      ArrowDown: this.selected + 1,
      ArrowUp: this.selected - 1,
      PageDown: this.selected + page,
      PageUp: this.selected - page,
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      if (last >= 0) this.open(this.rows[this.selected]);
    } else if (to !== undefined) {
      this.selected = Math.max(0, Math.min(last, to));
      const top = this.selected * ITEM,
        { scrollTop, clientHeight } = this.list;
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
    const link = element("a", {
      download: "outrider-report.csv",
      href: URL.createObjectURL(new Blob([csvOf(this.fleet, this.rows, this.state.filter)], { type: "text/csv" })),
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

function beginTheme() {
  const root = document.documentElement,
    dark = matchMedia("(prefers-color-scheme: dark)"),
    button = document.getElementById("theme");
  let chosen = "";
  const apply = () => {
    const theme = chosen || (dark.matches ? "dark" : "light");
    root.dataset.theme = theme;
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Change to the ${theme === "dark" ? "light" : "dark"} theme`);
    page?.matrix.draw();
  };
  button.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}

let page = null;
beginTheme();
readData().then(
  (fleet) => {
    page = new Page(fleet);
    performance.mark("outrider-ready");
  },
  () => {
    const failed = document.getElementById("failed");
    failed.textContent = "The data of this report cannot be read. It needs a browser of 2023 or later.";
    failed.hidden = false;
  },
);
