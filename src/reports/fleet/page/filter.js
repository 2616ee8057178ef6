// The filter: which rows it keeps, and how it is written in the address.

const EMPTY = { q: "", account: "", region: "", cluster: "", team: "", state: "", rule: "" };
const PLACES = ["account", "region", "cluster", "team"];
const CHOICES = [
  ["", "All"],
  ["drifted", "Drifted"],
  ["x", "Critical"],
  ["h", "High or worse"],
  ["m", "Medium or worse"],
  ["u", "Unknown"],
  ["c", "No drift"],
  ["outside", "Not evaluated"],
];

// What the filter keeps, in the order of severity. It reads columns of numbers.
function filtered(fleet, filter) {
  const { columns, ruleCount, states, worst, unknowns, words, order } = fleet;
  const wanted = PLACES.filter((name) => filter[name]).map((name) => [
    columns[name],
    fleet.names.indexOf(filter[name]),
  ]);
  const terms = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  const rule = fleet.rules.findIndex((each) => each.id === filter.rule);
  const topic = rule < 0 ? fleet.topics.indexOf(filter.rule) : -1;
  const least = { drifted: LOW, x: 7, h: 6, m: 5 }[filter.state] ?? 0;
  const found = new Uint32Array(fleet.count);
  let length = 0;
  rows: for (let at = 0; at < order.length; at++) {
    const row = order[at];
    for (const [column, name] of wanted) if (column[row] !== name) continue rows;
    const of =
      rule >= 0
        ? states[row * ruleCount + rule]
        : topic >= 0
          ? fleet.topicStates[row * fleet.topics.length + topic]
          : worst[row];
    if (least && of < least) continue;
    if (filter.rule && !filter.state && of < UNKNOWN) continue;
    if (filter.state === "u" && !(filter.rule ? of === UNKNOWN : unknowns[row])) continue;
    if (filter.state === "c" && (of === 0 || of >= UNKNOWN)) continue;
    if (filter.state === "outside" && columns.outside[row] < 0) continue;
    for (const term of terms) if (!words[row].includes(term)) continue rows;
    found[length++] = row;
  }
  return found.subarray(0, length);
}

function filterOfAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const filter = { ...EMPTY };
  for (const name of Object.keys(EMPTY)) filter[name] = given.get(name) ?? "";
  return { filter, shown: given.get("service") ?? "", rows: given.get("rows") === "service" ? "service" : "team" };
}

function addressOf({ filter, shown, rows }) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) if (value) parts.set(name, value);
  if (rows === "service") parts.set("rows", rows);
  if (shown) parts.set("service", shown);
  return `#${parts}`;
}

// --- CSV of what the filter keeps ------------------------------------------------------------------------------------

function csvOf(fleet, rows, filter) {
  // A text that begins as a formula gets an apostrophe: spreadsheets would calculate it.
  const cell = (value) =>
    `"${String(value ?? "")
      .replace(/^[=+\-@\t\r]/, "'$&")
      .replaceAll('"', '""')}"`;
  const lines = [
    [
      "account",
      "region",
      "cluster",
      "service",
      "family",
      "revision",
      "team",
      "registered by",
      "rule",
      "state",
      "where",
      "why",
      "fix",
    ],
  ];
  for (const row of rows) {
    const own = [
      ...["account", "region", "cluster"].map((name) => named(fleet, name, row)),
      fleet.columns.service[row],
      familyOf(fleet, row),
      fleet.columns.revision[row],
      named(fleet, "team", row),
      named(fleet, "by", row),
    ];
    const of = (index) => textOf(fleet, row, index);
    if (fleet.columns.outside[row] >= 0)
      lines.push([...own, "", "Not evaluated", "", of(fleet.columns.outside[row]), ""]);
    for (const detail of detailsOf(fleet, row)) {
      const rule = fleet.rules[detail.rule];
      if (filter.rule && filter.rule !== rule.id && filter.rule !== rule.topic) continue;
      for (const problem of detail.problems)
        lines.push([
          ...own,
          rule.id,
          STATE_NAMES[STATES.indexOf(problem.state)],
          problem.where,
          problem.why,
          detail.fix,
        ]);
      for (const reason of detail.problems.length ? [] : detail.reasons)
        lines.push([...own, rule.id, STATE_NAMES[STATES.indexOf(detail.state)], "", reason, detail.fix]);
    }
  }
  return "\ufeff" + lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

function detailsOf(fleet, row) {
  const of = (index) => textOf(fleet, row, index);
  return fleet.columns.details[row]
    .map((index) => fleet.details[index])
    .map(([rule, state, problems, reasons, fix, remarks]) => ({
      rule,
      state,
      fix,
      reasons: reasons.map(of),
      remarks: remarks.map(of),
      problems: problems.map(([where, why, found, wanted, severity]) => ({
        where: of(where),
        why: of(why),
        found: of(found),
        wanted: of(wanted),
        state: severity,
      })),
    }))
    .sort((one, other) => STATES.indexOf(other.state) - STATES.indexOf(one.state) || one.rule - other.rule);
}
