/** The figures as a table: on a terminal, or in Markdown for docs/performance.md. */

const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

const suffixes = {
  ratio: () => " ×",
  difference: (unit) => ` ${unit} more`,
  alone: (unit) => (unit === "" ? "" : ` ${unit}`),
};

const valueOf = (figure, value) =>
  value === undefined ? "" : `${numbers.format(value)}${suffixes[figure.is](figure.unit)}`;

const sideOf = ({ unit }, value) => (value === undefined ? "" : `${numbers.format(value)} ${unit}`);

function rowsOf(figures, earlier) {
  const before = new Map(earlier.map((figure) => [figure.name, figure.figure]));
  return figures.map((figure) => ({
    work: figure.name,
    limit: sideOf(figure, figure.limit),
    Perdure: sideOf(figure, figure.perdure),
    figure: valueOf(figure, figure.figure),
    "min–max": `${numbers.format(figure.min)}–${numbers.format(figure.max)}`,
    goal: valueOf(figure, figure.goal),
    ...(earlier.length > 0 && { before: valueOf(figure, before.get(figure.name)) }),
  }));
}

/** Rows of texts as a Markdown table. */
const markdownOf = (rows) =>
  [Object.keys(rows[0] ?? {}), Object.keys(rows[0] ?? {}).map(() => "---"), ...rows.map((row) => Object.values(row))]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

const terminalOf = (rows) => {
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  return lines
    .map((cells) =>
      cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))),
    )
    .map((cells) => cells.join("  ").trimEnd())
    .join("\n");
};

const entriesOf = ({ entries }) =>
  entries.map(({ name, share }) => ({ function: `\`${name}\``, share: `${numbers.format(share * 100)} %` }));

/** What was measured, as tables. */
export function report({ machine, figures, peers, queues = [], profiles }, { earlier = [], isMarkdown = false }) {
  const table = isMarkdown ? markdownOf : terminalOf;
  if (profiles)
    return profiles
      .map((profile) => `${profile.name}, Node ${machine.node}\n\n${markdownOf(entriesOf(profile))}`)
      .join("\n\n");
  const tables = peers ? [peers, queues].filter(({ length }) => length > 0) : [rowsOf(figures, earlier)];
  return `Node ${machine.node}${machine.postgres ? `, PostgreSQL ${machine.postgres}` : ""}, ${machine.cpu}, ${machine.date}; medians of ${machine.repeats}\n\n${tables.map((rows) => table(rows)).join("\n\n")}`;
}

/** Puts the tables into their places in a page: after a comment such as `<!-- bench: figures, Node v24 -->`, up to `<!-- end -->`. */
export function putInto(page, measured) {
  const { peers, queues = [], place = "figures" } = measured;
  if (!peers) return putTable(page, place, measured);
  const withPeers = peers.length > 0 ? putTable(page, "peers", { ...measured, queues: [] }) : page;
  return queues.length > 0 ? putTable(withPeers, "queues", { ...measured, peers: [] }) : withPeers;
}

function putTable(page, name, measured) {
  const [major] = measured.machine.node.split(".");
  const place = `<!-- bench: ${name}, Node ${major} -->`;
  const from = page.indexOf(place);
  const to = page.indexOf("<!-- end -->", from);
  if (from < 0 || to < 0) throw new Error(`the page has no place for this: ${place}`);
  return `${page.slice(0, from)}${place}\n\n${report(measured, { isMarkdown: true })}\n\n${page.slice(to)}`;
}
