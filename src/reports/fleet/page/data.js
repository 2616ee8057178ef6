// The data of the report, as columns: see src/reports/fleet/packing.py, which writes it.

const STATES = [".", "c", "e", "u", "l", "m", "h", "x"];
const STATE_NAMES = ["Not applicable", "Compliant", "Exempt", "Unknown", "Low", "Medium", "High", "Critical"];
const UNKNOWN = 3,
  LOW = 4;

async function readData() {
  const text = document.getElementById("data").textContent.trim();
  const bytes = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return fleetOf(JSON.parse(await new Response(stream).text()));
}

function fleetOf(data) {
  const { columns, names } = data;
  const count = columns.service.length,
    ruleCount = data.rules.length;
  const rules = data.rules.map(([id, title, why, remedy, severity, page]) => ({
    id,
    severity,
    page,
    topic: id.split(".")[0],
    title: plain(title),
    why: plain(why),
    remedy: plain(remedy),
  }));
  const topics = [...new Set(rules.map((rule) => rule.topic))];
  const topicOf = Uint8Array.from(rules, (rule) => topics.indexOf(rule.topic));

  // The states of all rules, a row after another, and the worst of each topic and row.
  const letters = new Uint8Array(128);
  STATES.forEach((letter, number) => {
    letters[letter.charCodeAt(0)] = number;
  });
  const verdicts = data.verdicts.map((text) => Uint8Array.from(text, (letter) => letters[letter.charCodeAt(0)]));
  const byTopic = verdicts.map((states) => {
    const worst = new Uint8Array(topics.length);
    states.forEach((state, rule) => {
      worst[topicOf[rule]] = Math.max(worst[topicOf[rule]], state);
    });
    return worst;
  });
  const states = new Uint8Array(count * ruleCount),
    topicStates = new Uint8Array(count * topics.length);
  const worst = new Uint8Array(count),
    drifts = new Uint8Array(count),
    unknowns = new Uint8Array(count);
  const words = new Array(count);
  for (let row = 0; row < count; row++) {
    const verdict = verdicts[columns.states[row]];
    states.set(verdict, row * ruleCount);
    topicStates.set(byTopic[columns.states[row]], row * topics.length);
    for (const state of verdict) {
      if (state > worst[row]) worst[row] = state;
      if (state >= LOW) drifts[row]++;
      else if (state === UNKNOWN) unknowns[row]++;
    }
    const named = ["account", "region", "cluster", "team"].map((name) => names[columns[name][row]]);
    words[row] = `${columns.service[row]}\n${columns.family[row]}\n${named.join("\n")}`.toLowerCase();
  }
  for (const name of ["account", "region", "cluster", "team", "states"])
    columns[name] = Uint32Array.from(columns[name]);
  const order = Uint32Array.from({ length: count }, (_, row) => row);
  order.sort(
    (one, other) =>
      worst[other] - worst[one] || drifts[other] - drifts[one] || unknowns[other] - unknowns[one] || one - other,
  );
  return {
    ...data,
    count,
    rules,
    ruleCount,
    topics,
    byVerdict: verdicts,
    states,
    topicStates,
    worst,
    drifts,
    unknowns,
    words,
    order,
  };
}

// These rows together by team: how many there are, how many drifted, and how many have each state, in all and by topic.
function byTeam(fleet, rows) {
  const { columns, names, topics, topicStates, worst } = fleet,
    size = STATES.length,
    wide = topics.length;
  const all = new Uint32Array(names.length * size),
    parts = new Uint32Array(names.length * wide * size);
  for (const row of rows) {
    const team = columns.team[row];
    all[team * size + worst[row]]++;
    for (let topic = 0, at = row * wide; topic < wide; topic++, at++)
      parts[(team * wide + topic) * size + topicStates[at]]++;
  }
  const found = [];
  for (let team = 0; team < names.length; team++) {
    const counts = all.subarray(team * size, (team + 1) * size),
      count = sum(counts);
    if (!count) continue;
    const topicCounts = topics.map((_, topic) =>
      parts.subarray((team * wide + topic) * size, (team * wide + topic + 1) * size),
    );
    found.push({ team, count, counts, topicCounts, drifted: sum(counts.subarray(LOW)) });
  }
  return found.sort((one, other) => other.drifted - one.drifted || other.count - one.count);
}

// How many of these rows have each state, by rule. Rows with the same verdicts are counted together.
function byRule(fleet, rows) {
  const alike = new Uint32Array(fleet.byVerdict.length),
    size = STATES.length,
    counts = new Uint32Array(fleet.ruleCount * size);
  for (const row of rows) alike[fleet.columns.states[row]]++;
  fleet.byVerdict.forEach((states, verdict) => {
    const count = alike[verdict];
    if (count) for (let rule = 0; rule < states.length; rule++) counts[rule * size + states[rule]] += count;
  });
  return fleet.rules.map((_, rule) => counts.subarray(rule * size, (rule + 1) * size));
}

const sum = (counts) => counts.reduce((all, each) => all + each, 0);

// A row's names; a family that no service runs has only its family.
const familyOf = (fleet, row) => fleet.columns.family[row] || fleet.columns.service[row];
const nameOf = (fleet, row) => fleet.columns.service[row] || fleet.columns.family[row];
const named = (fleet, column, row) => fleet.names[fleet.columns[column][row]];
const keyOf = (fleet, row) =>
  [named(fleet, "account", row), named(fleet, "region", row), named(fleet, "cluster", row), nameOf(fleet, row)].join(
    "/",
  );

// A text of a row, with the row's own names where the text has marks.
function textOf(fleet, row, number) {
  if (number < 0) return null;
  const own = {
    "\x01": named(fleet, "account", row),
    "\x02": named(fleet, "region", row),
    "\x03": familyOf(fleet, row),
    "\x04": fleet.columns.service[row],
  };
  return fleet.texts[number].replace(/[\x01-\x04]/g, (mark) => own[mark]);
}

// --- elements: texts are set as text, never as HTML ------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made =
    name === "svg" || SVG.has(name)
      ? document.createElementNS("http://www.w3.org/2000/svg", name)
      : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [property, of] of Object.entries(value)) made.style.setProperty(property, of);
    else if (value !== false && value !== null && value !== undefined)
      made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}
const SVG = new Set(["g", "rect", "text", "path", "line", "circle", "title", "polyline", "polygon"]);
const colour = (letter) => `var(--${letter === "." ? "none" : letter})`;
const number = (value) => value.toLocaleString("en");
const plain = (text) => text.replaceAll("`", "");
const plural = (count, one) => `${number(count)} ${one}${count === 1 ? "" : "s"}`;
