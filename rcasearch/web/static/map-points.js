// The points of the map: which group each belongs to, where they are, and which is near. Knows no page; map.js uses it.
"use strict";

window.mapPoints = (points, found) => {
  const COLOURS = 8;
  const CELLS = 64;
  const LEVELS = ["SEV0", "SEV1", "SEV2", "SEV3", "SEV4", "SEV5"];
  const count = points.id.length;
  const [xs, ys] = [Float32Array.from(points.x), Float32Array.from(points.y)];
  const rowById = new Map(points.id.map((id, row) => [id, row]));
  const hits = found.hits.map((id) => rowById.get(id)).filter((row) => row !== undefined);

  // --- groups: those that have a colour, the most frequent first, and one of all the others -----------------------------

  const counted = (values) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  };
  const foremost = (keys) => counted(keys).slice(0, COLOURS).map(([key]) => key);

  const grouped = (keys, coloured, names, others) => {
    const number = new Map(coloured.map((key, index) => [key, index]));
    const rows = Array.from({ length: coloured.length + 1 }, () => []);
    const group = Uint8Array.from(keys, (key) => number.get(key) ?? coloured.length);
    group.forEach((one, row) => rows[one].push(row));
    return { keys: coloured, names: [...coloured.map(names), others], group, rows };
  };

  const groupings = {
    family: () => {
      const coloured = foremost(points.family.filter((one) => one >= 0));
      return grouped(points.family, coloured, (key) => points.families[key].name, "another family, or none");
    },
    severity: () => {
      const coloured = LEVELS.filter((level) => points.level.includes(level));
      return grouped(points.level, coloured, String, "unrated");
    },
    service: () => {
      const coloured = foremost(points.service.flat());
      // Of several services an incident has the colour of the first that has one.
      const keys = points.service.map((own) => own.find((one) => coloured.includes(one)));
      return grouped(keys, coloured, (key) => points.services[key], "another service, or none");
    },
  };

  // --- places ----------------------------------------------------------------------------------------------------------

  const extent = (rows, ...more) => {
    const [across, down] = [rows.map((row) => xs[row]).concat(more.map(([x]) => x)), rows.map((row) => ys[row]).concat(more.map(([, y]) => y))];
    const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
    return { left: least(across), right: most(across), top: least(down), bottom: most(down) };
  };

  // Rows by cell of a grid, so that what is near is found among a few.
  const cell = (value) => Math.max(0, Math.min(CELLS - 1, Math.floor(((value + 1) / 2) * CELLS)));
  const cells = Array.from({ length: CELLS * CELLS }, () => []);
  for (let row = 0; row < count; row += 1) cells[cell(ys[row]) * CELLS + cell(xs[row])].push(row);

  const nearest = (x, y, reach, passes) => {
    let [best, least] = [null, reach * reach];
    for (let line = cell(y - reach); line <= cell(y + reach); line += 1)
      for (let column = cell(x - reach); column <= cell(x + reach); column += 1)
        for (const row of cells[line * CELLS + column]) {
          const apart = (xs[row] - x) ** 2 + (ys[row] - y) ** 2;
          if (apart < least && passes(row)) [best, least] = [row, apart];
        }
    return best;
  };

  const alike = (row) => cells[cell(ys[row]) * CELLS + cell(xs[row])].filter((one) => xs[one] === xs[row] && ys[one] === ys[row]);

  // The next point in a direction: near, and not far to the side. Points of one place follow one another to the right.
  const neighbour = (from, dx, dy, passes) => {
    const same = alike(from).filter(passes);
    const next = same[same.indexOf(from) + dx];
    if (dx && next !== undefined) return next;
    let [best, least] = [null, Infinity];
    for (let row = 0; row < count; row += 1) {
      const [right, below] = [xs[row] - xs[from], ys[row] - ys[from]];
      const ahead = right * dx + below * dy;
      if (ahead <= 0) continue;
      const far = ahead + 2.5 * Math.abs(right * dy + below * dx);
      if (far < least && passes(row)) [best, least] = [row, far];
    }
    return best;
  };

  const services = (row) => points.service[row].map((one) => points.services[one]).join(", ");
  const facts = (row) => [points.date[row] || "no date", points.level[row], services(row)].filter(Boolean).join(" · ");
  const familyOf = (row) => (points.family[row] < 0 ? "" : `Family: ${points.families[points.family[row]].name}`);

  const told = { id: points.id, title: points.title, families: points.families, place: found.place };
  return { ...told, count, xs, ys, hits, rowById, groupings, extent, nearest, neighbour, alike, facts, familyOf };
};
