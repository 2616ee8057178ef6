// The three answers at the top, and the table of rules.

// Is everything read?
function showComplete(fleet, all) {
  const box = document.getElementById("complete"),
    counts = byRule(fleet, all);
  const missed = sum(counts.map((each) => each[UNKNOWN])),
    asked = sum(counts.map((each) => sum(each.subarray(1))));
  const share = asked ? (asked - missed) / asked : 1;
  const missing = fleet.coverage.filter(([, , , found, read, unread]) => read < found || unread.length);
  const headline = missing.length
    ? ["warn", `Not complete: ${plural(missing.length, "gap")}`]
    : missed
      ? ["warn", "All was read"]
      : ["good", "Complete"];
  const places = new Set(fleet.coverage.map(([account, region]) => `${account} ${region}`));
  const evaluated = fleet.columns.outside.filter((each) => each < 0).length;
  box.append(
    element("p", { class: `big ${headline[0]}` }, headline[1]),
    element(
      "div",
      { class: "gauge", role: "img", "aria-label": `${percent(share)} of the verdicts are known` },
      element("i", { style: { width: `${share * 100}%`, background: "var(--c)" } }),
      element("i", { style: { width: `${(1 - share) * 100}%`, background: "var(--u)" } }),
    ),
    element(
      "p",
      { class: "note" },
      `${percent(share)} of ${number(asked)} verdicts are known. ${number(evaluated)} of ${number(fleet.count)} evaluated in ${plural(places.size || 1, "place")}.`,
    ),
    element(
      "details",
      { open: missing.length > 0 && missing.length < 5 },
      element("summary", {}, missing.length ? "What could not be read" : "What was read"),
      coverageTable(missing.length ? missing : fleet.coverage),
    ),
  );
}

function coverageTable(rows) {
  const shown = rows.slice(0, 200);
  return element(
    "div",
    { class: "wide-table" },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ["Where", "What"].map((title) => element("th", {}, title)),
          element("th", { class: "number" }, "Read"),
        ),
      ),
      element(
        "tbody",
        {},
        shown.map(([account, region, kind, found, read, unread]) =>
          element(
            "tr",
            {},
            element("td", {}, `${account} ${region}`),
            element(
              "td",
              {},
              kind,
              unread.map(([call, code, resource, count]) =>
                element(
                  "div",
                  { class: "note" },
                  element("code", {}, call),
                  ` ${code}: `,
                  element("bdi", {}, resource),
                  count > 1 ? ` and ${number(count - 1)} more` : "",
                ),
              ),
            ),
            element("td", { class: "number" }, `${number(read)} of ${number(found)}`),
          ),
        ),
      ),
    ),
  );
}

// Did it become better since a week ago, or since the first run that is known?
function showBetter(fleet) {
  const { runs } = fleet,
    box = document.getElementById("better"),
    last = runs.at(-1);
  const [, services, drifted, unknown] = last,
    rate = services ? drifted / services : 0;
  const week = Date.parse(last[0]) - 6.5 * 86400e3,
    earlier =
      runs
        .slice(0, -1)
        .filter((run) => Date.parse(run[0]) <= week)
        .at(-1) ?? (runs.length > 1 ? runs[0] : null);
  const rest = `${number(services - drifted - unknown)} compliant, ${number(unknown)} unknown`;
  box.append(element("p", { class: "big" }, `${number(drifted)} of ${number(services)} drifted`));
  if (!earlier) {
    box.append(element("p", { class: "note" }, `${percent(rate)}; ${rest}. No earlier run was given to compare with.`));
    return;
  }
  const before = earlier[1] ? earlier[2] / earlier[1] : 0,
    change = rate - before,
    good = change <= 0;
  const changed =
    Math.abs(change) < 0.0005 ? "unchanged" : `${good ? "▼" : "▲"} ${Math.abs(change * 100).toFixed(1)} points`;
  box.append(
    element(
      "p",
      { class: "note" },
      element("b", { style: { color: good ? "var(--good)" : "var(--bad)" } }, changed),
      ` since ${when(earlier[0]).slice(0, 11)}: from ${percent(before)} to ${percent(rate)}; ${rest}.`,
    ),
    trendOf(runs),
    element(
      "p",
      { class: "ends" },
      element("span", {}, when(runs[0][0]).slice(0, 11)),
      element("span", {}, "share that drifted"),
      element("span", {}, when(last[0]).slice(0, 11)),
    ),
  );
}

// Whose is what drifted?
function showWhose(fleet, ranked, onTeam) {
  const nobody = ranked.find((each) => !fleet.names[each.team]);
  document.getElementById("whose").replaceChildren(
    element(
      "ul",
      { class: "teams" },
      ranked.slice(0, 6).map((each) => {
        const name = fleet.names[each.team];
        return element(
          "li",
          { title: stateSentence(each.counts) },
          name
            ? element(
                "button",
                { type: "button", class: "link", onclick: () => onTeam(name) },
                element("bdi", {}, name),
              )
            : element("bdi", {}, "No team"),
          stackOf(each.counts),
          element("span", {}, `${number(each.drifted)} / ${number(each.count)}`),
        );
      }),
    ),
    element(
      "p",
      { class: "note" },
      ranked.length > 6 ? `and ${plural(ranked.length - 6, "more team")}, in the map below.` : "",
      nobody ? ` ${plural(nobody.count, "service")} without a team tag.` : "",
    ),
  );
}

// Which rules drifted?
function showRules(fleet, rows, onRule) {
  const counts = byRule(fleet, rows);
  const drifted = (each) => each[4] + each[5] + each[6] + each[7];
  const ranked = counts
    .map((each, rule) => ({ rule, each }))
    .filter(({ each }) => drifted(each) || each[UNKNOWN])
    .sort((one, other) => drifted(other.each) - drifted(one.each) || other.each[UNKNOWN] - one.each[UNKNOWN]);
  const box = document.getElementById("rules");
  if (!ranked.length) box.replaceChildren(element("p", { class: "note" }, "Nothing drifted, and nothing is unknown."));
  else
    box.replaceChildren(
      element(
        "div",
        { class: "wide-table" },
        element(
          "table",
          { class: "by-rule" },
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              element("th", {}, "Rule"),
              element("th", { class: "number" }, "Drifted"),
              element("th", { class: "number" }, "Unknown"),
              element("th", {}, "Services"),
            ),
          ),
          element(
            "tbody",
            {},
            ranked.map(({ rule, each }) =>
              element(
                "tr",
                {},
                element(
                  "td",
                  { class: "rule-name" },
                  element(
                    "button",
                    {
                      type: "button",
                      class: "link mono",
                      title: fleet.rules[rule].title,
                      onclick: () => onRule(fleet.rules[rule].id),
                    },
                    fleet.rules[rule].id,
                  ),
                  element("div", { class: "note" }, fleet.rules[rule].title),
                ),
                element("td", { class: "number" }, number(drifted(each))),
                element("td", { class: "number" }, number(each[UNKNOWN])),
                element("td", {}, stackOf(each)),
              ),
            ),
          ),
        ),
      ),
    );
}

// --- small parts -------------------------------------------------------------------------------------------------------

const text = (id, content) => {
  document.getElementById(id).textContent = content;
};
const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(1)}%`;
const when = (at) =>
  `${new Date(at).toLocaleString("en-GB", { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" })} UTC`;
const stateSentence = (counts) =>
  [...counts.keys()]
    .reverse()
    .filter((state) => counts[state])
    .map((state) => `${number(counts[state])} ${STATE_NAMES[state].toLowerCase()}`)
    .join(", ");

function stackOf(counts) {
  const all = sum(counts) || 1;
  const parts = [...counts.keys()].reverse().filter((state) => counts[state]);
  return element(
    "div",
    { class: "stack", role: "img", "aria-label": stateSentence(counts), title: stateSentence(counts) },
    parts.map((state) =>
      element("i", { style: { width: `${(counts[state] / all) * 100}%`, background: colour(STATES[state]) } }),
    ),
  );
}

function trendOf(runs) {
  const wide = 320,
    tall = 84,
    times = runs.map((run) => Date.parse(run[0])),
    first = times[0],
    span = times.at(-1) - first || 1;
  const rates = runs.map((run) => (run[1] ? run[2] / run[1] : 0)),
    most = Math.max(...rates, 0.01);
  const points = runs.map((_, index) => [
    4 + ((times[index] - first) / span) * (wide - 8),
    tall - 6 - (rates[index] / most) * (tall - 14),
  ]);
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return element(
    "svg",
    { class: "trend", viewBox: `0 0 ${wide} ${tall}`, preserveAspectRatio: "none", role: "img" },
    element("title", {}, runs.map((run, index) => `${when(run[0])}: ${percent(rates[index])} drifted`).join("\n")),
    element("polygon", { points: `4,${tall} ${line} ${wide - 4},${tall}`, fill: "var(--m)", opacity: ".18" }),
    element("polyline", {
      points: line,
      fill: "none",
      stroke: "var(--h)",
      "stroke-width": 2,
      "vector-effect": "non-scaling-stroke",
    }),
  );
}
