// A task drawn: its containers, and the paths of its telemetry from the applications to what is outside.

const WIDE = 178,
  TALL = 50,
  GAP_X = 106,
  GAP_Y = 18;

function drawingOf(fleet, row) {
  const of = (index) => textOf(fleet, row, index);
  const [boxes, paths] = fleet.drawings[fleet.columns.drawing[row]];
  const containers = boxes.map(([name, role, image, ports, essential]) => ({
    name: of(name),
    role: of(role),
    image: of(image),
    ports,
    essential,
  }));
  const ways = paths.map(([sender, receiver, label, state, outside]) => ({
    sender: of(sender),
    receiver: of(receiver),
    label: of(label),
    state,
    outside,
  }));
  if (!containers.length) return null;

  // Three columns: what sends, what collects, and what is outside the task.
  const collects = (box) => box.role === "collector" || box.role === "other collector";
  const columns = [
    containers.filter((box) => !collects(box)),
    containers.filter(collects),
    [...new Set(ways.filter((way) => way.outside).map((way) => way.receiver))].map((name) => ({ name, outside: true })),
  ];
  const places = new Map();
  const tallest = Math.max(...columns.map((column) => column.length));
  const height = tallest * (TALL + GAP_Y) - GAP_Y + 30,
    width = 3 * WIDE + 2 * GAP_X + 12;
  columns.forEach((column, x) => {
    const free = ((tallest - column.length) * (TALL + GAP_Y)) / 2;
    column.forEach((box, y) =>
      places.set(`${box.outside ? "outside" : "in"} ${box.name}`, {
        ...box,
        x: 6 + x * (WIDE + GAP_X),
        y: 22 + free + y * (TALL + GAP_Y),
      }),
    );
  });

  const drawn = element(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    element("title", {}, sentence(ways)),
  );
  ["Application", "Collector", "Destination"].forEach((title, x) =>
    drawn.append(element("text", { x: 6 + x * (WIDE + GAP_X), y: 12, class: "small" }, title)),
  );
  // Paths between the same two are drawn below one another.
  const between = (way) => ways.filter((each) => each.sender === way.sender && each.receiver === way.receiver);
  for (const way of ways) {
    const group = between(way),
      aside = (group.indexOf(way) - (group.length - 1) / 2) * 17;
    const from = places.get(`in ${way.sender}`),
      to = places.get(`${way.outside ? "outside" : "in"} ${way.receiver}`);
    if (!from || !to || from === to) continue;
    const same = from.x === to.x,
      x1 = from.x + WIDE,
      y1 = from.y + TALL / 2 + aside,
      x2 = same ? to.x + WIDE : to.x,
      y2 = to.y + TALL / 2 + aside;
    const bend = same ? 60 : (x2 - x1) / 2,
      end = same ? x2 + bend : x2 - bend;
    drawn.append(element("path", { d: `M${x1},${y1} C${x1 + bend},${y1} ${end},${y2} ${x2},${y2}`, class: way.state }));
    drawn.append(
      element(
        "text",
        { x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 4, "text-anchor": "middle", class: "small halo" },
        cut(`${way.state === "broken" ? "✕ " : way.state === "unknown" ? "? " : ""}${way.label}`, 18),
      ),
    );
  }
  for (const box of places.values()) {
    const lines = box.outside
      ? []
      : [
          cut(`${box.image}`, 30),
          `${box.role}${box.ports.length ? ` :${box.ports.join(" :")}` : ""}${box.essential ? "" : ", not essential"}`,
        ];
    drawn.append(
      element(
        "g",
        {},
        element("title", {}, [box.name, ...lines].join("\n")),
        element("rect", {
          x: box.x,
          y: box.y,
          width: WIDE,
          height: TALL,
          rx: 7,
          class: box.outside ? "outside" : collects(box) ? "collector" : "",
        }),
        element("text", { x: box.x + 10, y: box.y + (lines.length ? 16 : TALL / 2 + 4) }, cut(box.name, 24)),
        lines.map((line, index) =>
          element("text", { x: box.x + 10, y: box.y + 30 + index * 13, class: "small" }, cut(line, 30)),
        ),
      ),
    );
  }
  return element("div", { class: "task", tabindex: 0, "aria-label": "The task, drawn" }, drawn);
}

const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
const sentence = (ways) =>
  ways.map((way) => `${way.sender} → ${way.receiver}: ${way.label} ${way.state}`).join("; ") ||
  "No path of telemetry is known.";
