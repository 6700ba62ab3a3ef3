// All incidents as points: zoom and pan, colours, a query among its hits, by mouse, touch and keyboard.
"use strict";

(async () => {
  const canvas = document.getElementById("map");
  const stage = canvas.parentElement;
  const [tip, status] = [stage.querySelector(".tip"), stage.querySelector(".status")];
  const said = document.getElementById("said");
  const choice = document.getElementById("colour-by");
  const legend = document.querySelector(".legend");
  const block = document.getElementById("found");
  const found = block ? JSON.parse(block.textContent) : { place: null, hits: [] };
  // A title that begins with the date tells it twice.
  const DATED = /^\s*\d{4}-\d\d-\d\d\s*[-–—:·]*\s+(?=\S)/;
  const [MARGIN, MOST, REACH, FINGER] = [36, 80, 14, 22];

  let points;
  try {
    const answer = await fetch(canvas.dataset.points);
    if (!answer.ok) throw new Error(String(answer.status));
    points = window.mapPoints(await answer.json(), found);
  } catch {
    status.textContent = "The points could not be fetched. Load the page again; if that does not help, the log of the server says why.";
    return;
  }
  status.textContent = points.count ? "" : "The index holds no incident yet.";
  if (!points.count) return;

  // What is at (x, y) of the plane stands at ((x - view.x) * view.scale + view.width / 2, …); view.whole is the scale that shows all.
  const view = { x: 0, y: 0, scale: 1, whole: 1, width: 0, height: 0 };
  const paint = window.mapPainter(canvas, points, view);
  const all = points.extent([...points.id.keys()]);
  let [groups, only, current, asked] = [null, null, null, false];
  const passes = (row) => only === null || groups.group[row] === only;

  const ask = () => {
    if (!asked) requestAnimationFrame(draw);
    asked = true;
  };
  const draw = () => {
    asked = false;
    paint.draw(current, only);
    placeTip();
  };

  // --- the view --------------------------------------------------------------------------------------------------------

  const fit = (box, most = Infinity) => {
    const [wide, high] = [box.right - box.left || 0.05, box.bottom - box.top || 0.05];
    const scale = Math.min((view.width - 2 * MARGIN) / wide, (view.height - 2 * MARGIN) / high);
    Object.assign(view, { scale: Math.max(10, Math.min(most, scale)), x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 });
  };
  const settle = () => {
    view.x = Math.max(all.left, Math.min(all.right, view.x));
    view.y = Math.max(all.top, Math.min(all.bottom, view.y));
    // A finger scrolls the page past a map that shows all, and moves one that does not.
    canvas.style.touchAction = view.scale > view.whole * 1.01 ? "none" : "pan-y";
    ask();
  };
  // What is at (x, y) of the canvas stays there.
  const zoom = (factor, x = view.width / 2, y = view.height / 2) => {
    const scale = Math.max(view.whole, Math.min(view.whole * MOST, view.scale * factor));
    view.x += (x - view.width / 2) * (1 / view.scale - 1 / scale);
    view.y += (y - view.height / 2) * (1 / view.scale - 1 / scale);
    view.scale = scale;
    settle();
  };
  const showAll = () => {
    fit(all);
    settle();
  };
  const showFound = () => {
    if (!points.hits.length) return;
    fit(points.extent(points.hits, ...(points.place ? [points.place] : [])), view.whole * 4);
    view.scale = Math.max(view.whole, view.scale);
    settle();
  };
  const resize = () => {
    const before = view.whole;
    const kept = { ...view };
    Object.assign(view, { width: stage.clientWidth, height: stage.clientHeight });
    [canvas.width, canvas.height] = [view.width, view.height].map((length) => Math.round(length * paint.ratio()));
    fit(all);
    view.whole = view.scale;
    if (before !== 1) Object.assign(view, { x: kept.x, y: kept.y, scale: kept.scale * (view.whole / before) });
    settle();
  };

  // --- the point that is looked at ----------------------------------------------------------------------------------------

  const look = (row, aloud = false) => {
    if (row === current) return;
    current = row;
    tip.hidden = row === null;
    canvas.classList.toggle("is-on", row !== null);
    if (row !== null) {
      const more = points.alike(row).length - 1;
      tip.querySelector("b").textContent = points.title[row].replace(DATED, "");
      tip.querySelector("span").textContent = points.facts(row);
      tip.querySelector("i").textContent = [points.familyOf(row), more && `${more} more at this place`].filter(Boolean).join(" · ");
      if (aloud) said.textContent = [points.title[row], points.facts(row), points.familyOf(row)].filter(Boolean).join(". ");
    }
    ask();
  };
  const placeTip = () => {
    if (current === null) return;
    const [x, y] = [paint.across(points.xs[current]), paint.down(points.ys[current])];
    const beside = x > view.width / 2 ? x - 12 - tip.offsetWidth : x + 12;
    tip.style.left = `${Math.max(4, Math.min(view.width - tip.offsetWidth - 4, beside))}px`;
    tip.style.top = `${Math.max(4, Math.min(view.height - tip.offsetHeight - 4, y + 10))}px`;
    canvas.dataset.at = `${Math.round(x)},${Math.round(y)}`;
  };
  const open = (row) => {
    if (row !== null) location.href = `/incidents/${encodeURIComponent(points.id[row])}`;
  };
  const under = (x, y, reach = REACH) =>
    points.nearest((x - view.width / 2) / view.scale + view.x, (y - view.height / 2) / view.scale + view.y, reach / view.scale, passes);
  const keepInView = (row) => {
    const [x, y] = [paint.across(points.xs[row]), paint.down(points.ys[row])];
    if (x < 20 || y < 20 || x > view.width - 20 || y > view.height - 20) {
      [view.x, view.y] = [points.xs[row], points.ys[row]];
      settle();
    }
  };

  // --- by mouse and by finger -----------------------------------------------------------------------------------------------

  const pointers = new Map();
  let [dragged, spread] = [0, 0];
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const pinch = () => {
    const [[a, b], [c, d]] = [...pointers.values()];
    return { apart: Math.hypot(a - c, b - d) || 1, x: (a + c) / 2, y: (b + d) / 2 };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pointers.set(event.pointerId, at(event));
    if (pointers.size === 1) dragged = 0;
    if (pointers.size === 2) spread = pinch().apart;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (!pointers.has(event.pointerId)) {
      look(under(x, y));
      return;
    }
    const [fromX, fromY] = pointers.get(event.pointerId);
    pointers.set(event.pointerId, [x, y]);
    dragged += Math.abs(x - fromX) + Math.abs(y - fromY);
    if (pointers.size === 2) {
      const now = pinch();
      zoom(now.apart / spread, now.x, now.y);
      spread = now.apart;
    } else if (dragged > 4) {
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("is-dragged");
      view.x -= (x - fromX) / view.scale;
      view.y -= (y - fromY) / view.scale;
      settle();
    }
  });
  const lift = (event) => {
    const was = pointers.delete(event.pointerId);
    canvas.classList.remove("is-dragged");
    if (!was || event.type !== "pointerup" || dragged > 4 || pointers.size) return;
    const touched = event.pointerType === "touch";
    const row = under(...at(event), touched ? FINGER : REACH);
    // A finger cannot hover: the first touch shows, the second opens.
    if (touched && row !== current) look(row, true);
    else open(row);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && document.activeElement !== canvas) look(null);
  });
  const turn = (event) => {
    const factor = 1.0018 ** -(event.deltaMode ? event.deltaY * 33 : event.deltaY);
    // Where the map shows all already, the page scrolls on.
    if (factor < 1 && view.scale <= view.whole * 1.001) return;
    event.preventDefault();
    zoom(factor, ...at(event));
  };
  canvas.addEventListener("wheel", turn, { passive: false });

  // --- by keyboard ------------------------------------------------------------------------------------------------------------

  const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const first = () => points.hits[0] ?? under(view.width / 2, view.height / 2, view.width) ?? 0;
  const middle = () => (current === null ? [] : [paint.across(points.xs[current]), paint.down(points.ys[current])]);
  const go = (direction) => {
    const next = current === null ? first() : points.neighbour(current, ...direction, passes);
    if (next === null) return;
    keepInView(next);
    look(next, true);
  };
  const KEYS = {
    Enter: () => open(current),
    "+": () => zoom(1.5, ...middle()),
    "=": () => zoom(1.5, ...middle()),
    "-": () => zoom(1 / 1.5, ...middle()),
    0: showAll,
    Escape: () => look(null),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = ARROWS[event.key] ? () => go(ARROWS[event.key]) : KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  canvas.addEventListener("focus", () => {
    if (current === null && canvas.matches(":focus-visible")) look(first(), true);
  });
  canvas.addEventListener("blur", () => look(null));

  document.getElementById("zoom-in").addEventListener("click", () => zoom(1.6));
  document.getElementById("zoom-out").addEventListener("click", () => zoom(1 / 1.6));
  document.getElementById("zoom-all").addEventListener("click", showAll);

  // A hit of the list is shown on the map while the pointer or the focus is on it.
  document.querySelectorAll(".among li").forEach((item) => {
    const row = points.rowById.get(item.dataset.id);
    if (row === undefined) return;
    const show = () => {
      keepInView(row);
      look(row);
    };
    item.addEventListener("pointerenter", show);
    item.addEventListener("focusin", show);
    item.addEventListener("pointerleave", () => look(null));
    item.addEventListener("focusout", () => look(null));
  });

  // --- colours ----------------------------------------------------------------------------------------------------------------

  const entry = (name, group) => {
    const [item, button, label, size] = ["li", "button", "span", "small"].map((tag) => document.createElement(tag));
    const mark = paint.picture(group, 5.5);
    mark.setAttribute("aria-hidden", "true");
    button.type = "button";
    button.setAttribute("aria-pressed", String(only === group));
    label.textContent = name;
    size.textContent = groups.rows[group].length.toLocaleString("en");
    button.append(mark, label, size);
    button.addEventListener("click", () => {
      only = only === group ? null : group;
      legend.querySelectorAll("button").forEach((one) => one.setAttribute("aria-pressed", String(one === button && only === group)));
      ask();
    });
    item.append(button);
    return item;
  };
  const regroup = () => {
    groups = points.groupings[choice.value]();
    only = null;
    recolour();
  };
  const recolour = () => {
    const own = choice.value === "severity" ? groups.keys.map((key) => `--${key.toLowerCase()}`) : groups.keys.map((_, n) => `--hue${n + 1}`);
    paint.take(groups, [...own, "--unrated"]);
    legend.hidden = false;
    const entries = groups.names.map((name, group) => (groups.rows[group].length ? [entry(name, group)] : [])).flat();
    legend.querySelector("ul").replaceChildren(...entries);
    ask();
  };
  choice.addEventListener("change", regroup);
  document.addEventListener("themechange", () => {
    recolour();
    // Paper does not wait for the next frame.
    draw();
  });

  regroup();
  resize();
  showFound();
  new ResizeObserver(resize).observe(stage);
  canvas.dataset.count = String(points.count);
})();
