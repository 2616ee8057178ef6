// One service: its task, its findings, and the plan that would correct it.

const FIXES = {
  safe: "The fix is safe.",
  review: "The fix needs approval.",
  refused: "There is no fix for this drift.",
  none: "",
};

function detailOf(fleet, row, close) {
  const { columns } = fleet,
    of = (index) => textOf(fleet, row, index),
    details = detailsOf(fleet, row);
  const title = nameOf(fleet, row),
    cluster = named(fleet, "cluster", row),
    by = named(fleet, "by", row);
  const facts = [
    ["Account", named(fleet, "account", row)],
    ["Region", named(fleet, "region", row)],
    ["Cluster", cluster],
    ["Revision", columns.revision[row] ? `${familyOf(fleet, row)}:${columns.revision[row]}` : familyOf(fleet, row)],
    ["Team", named(fleet, "team", row)],
    ["Registered", by ? `by ${by}${columns.at[row] ? `, ${columns.at[row].replace("T", " ")}` : ""}` : ""],
  ].filter(([, value]) => value);
  const open = details.filter((each) => STATES.indexOf(each.state) >= LOW);
  const rest = details.filter((each) => STATES.indexOf(each.state) < LOW);
  const outside =
    columns.outside[row] >= 0 ? element("p", {}, `It is not evaluated: ${of(columns.outside[row])}.`) : null;
  return element(
    "div",
    { class: "sheet" },
    element(
      "header",
      {},
      element(
        "div",
        {},
        element("h2", { id: "detail-title" }, element("bdi", {}, title)),
        element("p", { class: "note" }, cluster ? "Service" : "Task-definition family without a service"),
      ),
      element("button", { type: "button", onclick: close, autofocus: true }, "Close"),
    ),
    element(
      "dl",
      { class: "facts" },
      facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, element("bdi", {}, value))]),
    ),
    drawingOf(fleet, row),
    outside,
    open.length
      ? element("h3", {}, plural(open.length, "finding"))
      : outside
        ? null
        : element("p", {}, "Nothing drifted."),
    open.map((each) => findingOf(fleet, each)),
    proposalOf(fleet, row, of),
    rest.length ? element("h3", {}, "Unknown, exempt, and notes") : null,
    rest.map((each) => findingOf(fleet, each)),
  );
}

function findingOf(fleet, detail) {
  const rule = fleet.rules[detail.rule],
    state = STATES.indexOf(detail.state);
  const explained = element(
    "details",
    {},
    element("summary", {}, "Why, and what to do"),
    element("p", { class: "explained" }, rule.why),
    element("p", { class: "explained" }, rule.remedy),
    rule.page ? element("p", {}, element("a", { href: rule.page, rel: "noreferrer" }, "The rule's page")) : null,
  );
  return element(
    "article",
    { class: "finding", style: { "--of": colour(detail.state) } },
    element("p", { class: "head" }, badge(state), element("code", {}, rule.id)),
    element("p", {}, rule.title),
    element(
      "ul",
      {},
      detail.problems.map((each) =>
        element("li", {}, element("code", { class: "where" }, each.where), element("br"), each.why),
      ),
      detail.reasons.map((each) => element("li", {}, each)),
    ),
    FIXES[detail.fix] ? element("p", {}, [FIXES[detail.fix], ...detail.remarks].join(" ")) : null,
    explained,
  );
}

const badge = (state) =>
  element("span", { class: "badge", style: { "--of": colour(STATES[state]) } }, STATE_NAMES[state]);

function proposalOf(fleet, row, of) {
  const number = fleet.columns.proposal[row];
  if (number < 0) return null;
  const [safe, rules, concerns, changes] = fleet.proposals[number];
  const lines = changes.flatMap(([where, before, after]) => [
    element("p", { class: "at" }, of(where)),
    before < 0 ? null : element("p", { class: "minus" }, `- ${of(before)}`),
    after < 0 ? null : element("p", { class: "plus" }, `+ ${of(after)}`),
  ]);
  return element(
    "section",
    {},
    element("h3", {}, "Proposed plan ", element("code", {}, fleet.columns.digest[row])),
    element(
      "p",
      { class: "note" },
      `Fixes ${rules.map((rule) => fleet.rules[rule].id).join(", ")}. ${safe ? "It is safe." : "It needs approval:"}`,
    ),
    concerns.length
      ? element(
          "ul",
          { class: "note" },
          concerns.map((each) => element("li", {}, of(each))),
        )
      : null,
    element("div", { class: "diff" }, lines),
  );
}
