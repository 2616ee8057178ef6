// The map: teams or services × topics of rules, on a canvas that draws only the rows in view.

const ROW = 26,
  NARROW = 80;

class Matrix {
  constructor(fleet, { onTeam, onService }) {
    this.fleet = fleet;
    this.onTeam = onTeam;
    this.onService = onService;
    this.box = document.getElementById("map");
    this.canvas = document.getElementById("canvas");
    this.size = document.getElementById("map-size");
    this.now = document.getElementById("map-now");
    this.at = { row: 0, topic: 0 };
    this.rows = [];
    // Sizes are remembered: to ask for one would lay out the page at once.
    this.width = this.height = this.top = 0;
    this.box.addEventListener("scroll", () => {
      this.top = this.box.scrollTop;
      this.soon();
    });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focus", () => this.soon());
    this.box.addEventListener("blur", () => this.soon());
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.canvas.addEventListener("mousemove", (event) => this.hover(event));
    new ResizeObserver(([seen]) => {
      ({ width: this.width, height: this.height } = seen.contentRect);
      this.soon();
    }).observe(this.box);
  }

  // Show these rows of the fleet: the teams, or the services.
  show(rows, by) {
    this.by = by;
    this.rows = rows;
    this.at.row = Math.min(this.at.row, Math.max(0, this.rows.length - 1));
    const height = this.head + this.rows.length * ROW;
    this.size.style.height = `${height}px`;
    this.box.style.height = `${Math.min(height + 2, 430)}px`;
    this.soon();
  }

  soon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.draw();
    });
  }

  get cell() {
    return (this.width - this.labels) / this.fleet.topics.length;
  }

  // The height of the topics' names, which are upright where a column is narrow.
  get head() {
    return this.cell < NARROW ? 78 : 30;
  }

  get labels() {
    return Math.min(300, Math.max(110, this.width * 0.3));
  }

  draw(whole = false) {
    const { canvas, box, fleet } = this,
      ratio = window.devicePixelRatio || 1;
    const { head, width } = this,
      height = whole ? head + Math.min(this.rows.length, 60) * ROW : this.height;
    if (!width) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const style = getComputedStyle(document.documentElement),
      known = {};
    const of = (name) => (known[name] ??= style.getPropertyValue(`--${name}`));
    const colours = STATES.map((letter) => of(letter === "." ? "none" : letter));
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, height);
    pen.textBaseline = "middle";
    const { labels, cell } = this,
      top = whole ? 0 : this.top;
    const first = Math.floor(top / ROW),
      last = Math.min(this.rows.length, Math.ceil((top + height) / ROW));
    for (let index = first; index < last; index++) {
      const row = this.rows[index],
        y = head + index * ROW - top;
      this.label(pen, of, row, y, labels);
      for (let topic = 0; topic < fleet.topics.length; topic++)
        this.paint(pen, colours, row, topic, labels + topic * cell + 2, y + 3, cell - 4);
      if (index === this.at.row && document.activeElement === box) {
        pen.strokeStyle = of("accent");
        pen.lineWidth = 3;
        pen.strokeRect(labels + this.at.topic * cell + 1, y + 2, cell - 2, ROW - 4);
      }
    }
    pen.fillStyle = of("card");
    pen.fillRect(0, 0, width, head);
    pen.fillStyle = of("dim");
    pen.font = "600 12px system-ui, sans-serif";
    fleet.topics.forEach((topic, column) => {
      pen.save();
      if (cell < NARROW) {
        pen.translate(labels + (column + 0.5) * cell, head - 6);
        pen.rotate(-Math.PI / 2);
      } else pen.translate(labels + column * cell + 3, head / 2);
      pen.fillText(topic, 0, 0);
      pen.restore();
    });
    pen.fillText(this.by === "team" ? "Team" : "Service", 10, head - 15);
    pen.fillStyle = of("line");
    pen.fillRect(0, head - 1, width, 1);
  }

  label(pen, of, row, y, width) {
    const { fleet } = this,
      team = this.by === "team";
    const aside = team ? number(row.count) : "";
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = of("dim");
    const room = pen.measureText(aside).width;
    pen.fillText(aside, width - room - 10, y + ROW / 2);
    pen.fillStyle = of("text");
    pen.font = "13px system-ui, sans-serif";
    pen.fillText(
      fitting(pen, team ? teamName(fleet.names[row.team]) : nameOf(fleet, row), width - room - 26),
      10,
      y + ROW / 2,
    );
  }

  paint(pen, colours, row, topic, x, y, width) {
    const { fleet } = this,
      height = ROW - 6;
    if (this.by === "service") {
      pen.fillStyle = colours[fleet.topicStates[row * fleet.topics.length + topic]];
      pen.fillRect(x, y, width, height);
      return;
    }
    let begin = x;
    for (let state = STATES.length - 1; state >= 0; state--) {
      const part = (width * row.topicCounts[topic][state]) / row.count;
      pen.fillStyle = colours[state];
      pen.fillRect(begin, y, part, height);
      begin += part;
    }
  }

  described(index, topic) {
    const { fleet } = this,
      row = this.rows[index];
    if (row === undefined) return "";
    if (this.by === "service")
      return `${nameOf(fleet, row)}, ${fleet.topics[topic]}: ${STATE_NAMES[fleet.topicStates[row * fleet.topics.length + topic]]}`;
    const parts = [];
    for (let state = STATES.length - 1; state >= 0; state--)
      if (row.topicCounts[topic][state])
        parts.push(`${number(row.topicCounts[topic][state])} ${STATE_NAMES[state].toLowerCase()}`);
    return `${teamName(fleet.names[row.team])}, ${fleet.topics[topic]}: ${parts.join(", ")}`;
  }

  open() {
    const row = this.rows[this.at.row];
    if (row === undefined) return;
    if (this.by === "service") this.onService(row);
    else this.onTeam(this.fleet.names[row.team], this.fleet.topics[this.at.topic]);
  }

  key(event) {
    const page = Math.max(1, Math.floor((this.box.clientHeight - this.head) / ROW) - 1);
    const moves = {
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      PageDown: [page, 0],
      PageUp: [-page, 0],
      Home: [-Infinity, 0],
      End: [Infinity, 0],
    };
    if (event.key === "Enter" || event.key === " ") this.open();
    else if (moves[event.key]) {
      const [down, right] = moves[event.key];
      this.at.row = Math.max(0, Math.min(this.rows.length - 1, this.at.row + down));
      this.at.topic = Math.max(0, Math.min(this.fleet.topics.length - 1, this.at.topic + right));
      const y = this.at.row * ROW,
        seen = this.box.clientHeight - this.head;
      if (y < this.box.scrollTop) this.box.scrollTop = y;
      else if (y + ROW > this.box.scrollTop + seen) this.box.scrollTop = y + ROW - seen;
      this.now.textContent = this.described(this.at.row, this.at.topic);
      this.soon();
    } else return;
    event.preventDefault();
  }

  // The cell under the mouse; null outside.
  under(event) {
    const x = event.offsetX - this.labels,
      index = Math.floor((event.offsetY - this.head + this.top) / ROW);
    if (event.offsetY < this.head || index >= this.rows.length) return null;
    const topic = Math.floor(x / this.cell);
    return { row: index, topic: Math.max(0, Math.min(topic, this.fleet.topics.length - 1)) };
  }

  click(event) {
    const at = this.under(event);
    if (!at) return;
    this.at = at;
    this.open();
  }

  hover(event) {
    const at = this.under(event);
    this.canvas.title = at ? this.described(at.row, at.topic) : "";
    this.canvas.style.cursor = at ? "pointer" : "";
  }
}

function fitting(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let low = 0,
    high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}

const teamName = (team) => team || "No team";
