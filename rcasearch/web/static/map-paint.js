// Paints the points of the map. A point is put into the picture pixel by pixel, as its group's stamp tells: ten thousand of them
// take a few milliseconds on any machine: a third of what images take, a quarter of what paths take. map.js uses it.
"use strict";

window.mapPainter = (canvas, points, view) => {
  const NAMED_FROM = 1.7;
  // What is painted is in memory and not on the graphics card.
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const bySize = [...points.families].sort((a, b) => b.incidents - a.incidents);
  const ratio = () => window.devicePixelRatio || 1;
  const across = (x) => (x - view.x) * view.scale + view.width / 2;
  const down = (y) => (y - view.y) * view.scale + view.height / 2;
  let [groups, hues, colour, font] = [null, [], () => "", "sans-serif"];

  // --- shapes: each group has one as well as a colour, for who cannot tell the colours -----------------------------------

  const corners = (number, turn, size, inner = 1) => (p, at, r) => {
    const points = inner < 1 ? 2 * number : number;
    for (let k = 0; k < points; k += 1) {
      const [angle, length] = [turn + (k * 2 * Math.PI) / points, r * size * (k % 2 ? inner : 1)];
      p.lineTo(at + length * Math.cos(angle), at + length * Math.sin(angle));
    }
    p.closePath();
  };
  const disc = (size) => (p, at, r) => p.arc(at, at, r * size, 0, 7);
  const UP = -Math.PI / 2;
  const SHAPES = [
    disc(1),
    corners(3, UP, 1.3),
    corners(4, Math.PI / 4, 1.25),
    corners(4, 0, 1.3),
    corners(3, -UP, 1.3),
    corners(5, UP, 1.5, 0.45),
    corners(6, 0, 1.15),
    corners(4, UP, 1.5, 0.4),
  ];

  const picture = (group, r) => {
    const made = document.createElement("canvas");
    made.width = made.height = 2 * Math.ceil((r * 1.5 + 1) * ratio()) + 1;
    const p = made.getContext("2d", { willReadFrequently: true });
    p.scale(ratio(), ratio());
    p.beginPath();
    (group < groups.keys.length ? SHAPES[group] : disc(0.85))(p, made.width / ratio() / 2, r);
    p.strokeStyle = colour("--sheet");
    p.lineWidth = 1.6;
    p.stroke();
    p.fillStyle = hues[group];
    p.fill();
    return made;
  };

  // --- stamps: which pixels around its middle a point of a group has, and their colours -----------------------------------

  const pad = 40;
  let [frame, pixels, stride, stamps, stamped] = [null, null, 0, [], ""];
  const rgb = (name) => {
    const p = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    p.fillStyle = colour(name);
    p.fillRect(0, 0, 1, 1);
    return p.getImageData(0, 0, 1, 1).data;
  };
  const stamp = (group, r, sheet, strength) => {
    const made = picture(group, r);
    const [size, middle] = [made.width, (made.width - 1) / 2];
    const { data } = made.getContext("2d").getImageData(0, 0, size, size);
    const [offsets, colours] = [[], []];
    for (let k = 0; k < size * size; k += 1) {
      const share = (data[4 * k + 3] / 255) * strength;
      if (data[4 * k + 3] < 60) continue;
      const [red, green, blue] = [0, 1, 2].map((c) => Math.round(data[4 * k + c] * share + sheet[c] * (1 - share)));
      offsets.push((Math.floor(k / size) - middle) * stride + (k % size) - middle);
      colours.push(((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
    }
    return { offsets: Int32Array.from(offsets), colours: Uint32Array.from(colours) };
  };
  const radius = () => Math.min(9, (points.count > 3000 ? 2.4 : points.count > 500 ? 3.4 : 5) * Math.min(2.4, (view.scale / view.whole) ** 0.3));
  const freshen = (r, only) => {
    if (!frame || frame.width !== canvas.width + 2 * pad || frame.height !== canvas.height + 2 * pad) {
      frame = pen.createImageData(canvas.width + 2 * pad, canvas.height + 2 * pad);
      pixels = new Uint32Array(frame.data.buffer);
      stride = frame.width;
    }
    // Sizes in steps, so that few stamps are made while the map is zoomed.
    const key = `${r} ${only} ${stride}`;
    if (key === stamped) return;
    stamped = key;
    const sheet = rgb("--sheet");
    stamps = hues.map((_, group) => stamp(group, r, sheet, only === null || only === group ? 1 : 0.18));
  };

  const put = (group) => {
    const { offsets, colours } = stamps[group];
    const [scale, middleX, middleY] = [view.scale * ratio(), canvas.width / 2 + pad, canvas.height / 2 + pad];
    const [right, bottom, edge] = [frame.width - pad / 2, frame.height - pad / 2, pad / 2];
    for (const row of groups.rows[group]) {
      const x = Math.round((points.xs[row] - view.x) * scale + middleX);
      const y = Math.round((points.ys[row] - view.y) * scale + middleY);
      if (x < edge || y < edge || x > right || y > bottom) continue;
      const at = y * stride + x;
      for (let k = 0; k < offsets.length; k += 1) pixels[at + offsets[k]] = colours[k];
    }
  };

  // --- what is drawn over the points --------------------------------------------------------------------------------------

  const ring = (row, r, lineWidth, name) => {
    pen.beginPath();
    pen.arc(across(points.xs[row]), down(points.ys[row]), r, 0, 7);
    pen.lineWidth = lineWidth;
    pen.strokeStyle = colour(name);
    pen.stroke();
  };
  const write = (text, x, y, name) => {
    pen.strokeStyle = colour("--sheet");
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeText(text, x, y);
    pen.fillStyle = colour(name);
    pen.fillText(text, x, y);
  };
  const short = (text) => (text.length > 34 ? `${text.slice(0, 33)}…` : text);

  // Names stand at the middle of their families, those of the large ones first, and none over another.
  const nameFamilies = (r) => {
    if (view.scale / view.whole < NAMED_FROM) return;
    const taken = [];
    pen.font = `600 12px ${font}`;
    pen.textAlign = "center";
    for (const family of bySize) {
      const [x, y] = [across(family.x), down(family.y) - r - 7];
      if (x < 0 || y < 14 || x > view.width || y > view.height) continue;
      const half = pen.measureText(short(family.name)).width / 2 + 4;
      const free = taken.every(([a, b, w]) => Math.abs(b - y) > 17 || Math.abs(a - x) > w + half);
      if (x < half || x > view.width - half || !free) continue;
      taken.push([x, y, half]);
      write(short(family.name), x, y, "--ink");
    }
  };

  const markFound = (r) => {
    pen.font = `600 11px ${font}`;
    pen.textAlign = "left";
    points.hits.forEach((row, index) => {
      ring(row, r + 4.5, 2, "--accent");
      if (index < 5) write(String(index + 1), across(points.xs[row]) + r + 7, down(points.ys[row]) - r, "--accent");
    });
    if (!points.place) return;
    const [x, y] = [across(points.place[0]), down(points.place[1])];
    pen.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + dx * 4, y + dy * 4);
      pen.lineTo(x + dx * 13, y + dy * 13);
    }
    pen.strokeStyle = colour("--ink");
    pen.lineWidth = 2.5;
    pen.stroke();
    pen.textAlign = "center";
    write("your text", x, y - 18, "--ink");
  };

  const draw = (current, only) => {
    const r = Math.round(radius() * 4) / 4;
    freshen(r, only);
    pixels.fill(0);
    // All the others lie lowest, what was picked highest.
    const order = [groups.keys.length, ...groups.keys.keys()].filter((group) => group !== only);
    [...order, ...(only === null ? [] : [only])].forEach(put);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.putImageData(frame, -pad, -pad);
    pen.setTransform(ratio(), 0, 0, ratio(), 0, 0);
    nameFamilies(r);
    markFound(r);
    if (current !== null) ring(current, r + 3, 2.5, "--ink");
  };

  // The groups, in the colours that the page has now.
  const take = (given, names) => {
    const style = getComputedStyle(document.documentElement);
    groups = given;
    colour = (name) => style.getPropertyValue(name).trim();
    hues = names.map(colour);
    font = getComputedStyle(document.body).fontFamily;
    stamped = "";
  };

  return { across, down, draw, take, picture, ratio };
};
