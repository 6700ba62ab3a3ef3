// Draws the figures of the tables as charts, in the colours of the page. Without this file the tables stand open.
"use strict";

(() => {
  const block = document.getElementById("figures");
  if (!block || !window.Chart) return;
  const figures = JSON.parse(block.textContent);
  const levels = figures.severities.map((group) => group.name);
  const marks = { SEV0: "star", SEV1: "triangle", SEV2: "rectRot", SEV3: "circle", SEV4: "rect", SEV5: "crossRot", unrated: "cross" };
  const PAPER = 660;
  let charts = [];

  const colours = () => {
    const style = getComputedStyle(document.querySelector(".charts"));
    return (name) => style.getPropertyValue(name).trim();
  };
  const ofLevel = (level) => `--${level.toLowerCase()}`;

  // 95 -> "1 h 35 min", 4320 -> "3 d"
  const inWords = (minutes) => {
    const total = Math.round(minutes);
    const [days, hours, rest] = [Math.floor(total / 1440), Math.floor((total % 1440) / 60), total % 60];
    const parts = [days && `${days} d`, hours && `${hours} h`, rest && !days && `${rest} min`].filter(Boolean);
    return parts.join(" ") || "0 min";
  };
  const monthInWords = (name) =>
    new Date(`${name}-15T12:00:00Z`).toLocaleDateString("en", { month: "short", year: "numeric", timeZone: "UTC" });
  const dayInWords = (time) =>
    new Date(time).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

  // A bar leads where the row of its name leads.
  const rowLink = (figure, name) =>
    [...figure.querySelectorAll("tr[data-name]")].find((row) => row.dataset.name === name)?.querySelector("a")?.href;

  const stacked = (colour, groups, measure) =>
    levels
      .map((level) => ({
        label: level,
        data: groups.map((group) => group.levels[level]?.[measure] || 0),
        backgroundColor: colour(ofLevel(level)),
        borderColor: colour("--sheet"),
        borderWidth: groups.length > 60 ? 0 : 1,
        maxBarThickness: 34,
      }))
      .filter((set) => set.data.some(Boolean));

  const options = (colour, more) => ({
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    color: colour("--soft"),
    ...more,
    plugins: {
      legend: { position: "top", align: "start", labels: { boxWidth: 12, boxHeight: 12, color: colour("--soft") } },
      ...more.plugins,
    },
  });
  const axis = (colour, more) => ({
    border: { color: colour("--rule") },
    ...more,
    grid: { color: colour("--rule"), display: true, ...more.grid },
    ticks: { color: colour("--faint"), ...more.ticks },
  });

  // Times are marked at whole hours or days, not at whole thousands of minutes.
  const STEPS = [15, 30, 60, 120, 240, 480, 720, 1440, 2880, 7200, 14400, 43200, 144000, 432000, 1440000];
  const timeTicks = {
    afterBuildTicks: (scale) => {
      const step = STEPS.find((one) => scale.max / one <= 6) || scale.max;
      scale.ticks = Array.from({ length: Math.floor(scale.max / step) + 1 }, (_, number) => ({ value: number * step }));
    },
  };

  const bars = (colour, figure, names, shown, sets, { across = false, words = (value) => value.toLocaleString("en"), unit = {} } = {}) => {
    const [along, value] = across ? ["y", "x"] : ["x", "y"];
    const named = { stacked: true, grid: { display: false }, ticks: { autoSkip: !across, maxRotation: 0, autoSkipPadding: 14 } };
    return {
      type: "bar",
      data: { labels: shown, datasets: sets },
      options: options(colour, {
        indexAxis: along,
        interaction: { mode: "index", axis: along, intersect: false },
        scales: {
          [along]: axis(colour, named),
          [value]: axis(colour, { stacked: true, beginAtZero: true, ...unit, ticks: { precision: 0, maxRotation: 0, autoSkipPadding: 10, callback: (value) => words(value) } }),
        },
        plugins: {
          tooltip: {
            filter: (item) => item.raw > 0,
            callbacks: { label: (item) => `${item.dataset.label}: ${words(item.raw)}` },
          },
        },
        onClick: (event, hit) => {
          const link = hit.length && rowLink(figure, names[hit[0].index]);
          if (link) location.href = link;
        },
      }),
    };
  };

  const short = (text) => (text.length > 22 ? `${text.slice(0, 21)}…` : text);

  const byMonth = (measure, more) => (colour, figure) => {
    const names = figures.months.map((group) => group.name);
    return bars(colour, figure, names, names.map(monthInWords), stacked(colour, figures.months, measure), more);
  };

  const byService = (colour, figure) => {
    const names = figures.services.map((group) => group.name);
    return bars(colour, figure, names, names.map(short), stacked(colour, figures.services, "incidents"), { across: true });
  };

  const bySeverity = (colour, figure) => {
    const own = levels.map((level) => colour(ofLevel(level)));
    const set = (label, measure, scale) => ({
      label,
      data: figures.severities.map((group) => group[measure]),
      backgroundColor: measure === "incidents" ? own : "transparent",
      borderColor: own,
      borderWidth: 2,
      maxBarThickness: 40,
      xAxisID: "x",
      yAxisID: scale,
      stack: measure,
    });
    const right = { position: "right", beginAtZero: true, grid: { drawOnChartArea: false }, ticks: { callback: inWords }, ...timeTicks };
    const chart = bars(colour, figure, levels, levels, [set("incidents (filled)", "incidents", "y"), set("time lost (outline)", "minutes", "late")]);
    chart.options.scales.late = axis(colour, right);
    chart.options.plugins.legend.labels = {
      ...chart.options.plugins.legend.labels,
      generateLabels: (drawn) =>
        drawn.data.datasets.map((one, index) => ({
          text: one.label,
          fontColor: colour("--soft"),
          fillStyle: index ? "transparent" : colour("--soft"),
          strokeStyle: colour("--soft"),
          lineWidth: 2,
          datasetIndex: index,
          hidden: !drawn.isDatasetVisible(index),
        })),
    };
    chart.options.plugins.tooltip.callbacks.label = (item) =>
      item.dataset.stack === "minutes" ? `time lost: ${inWords(item.raw)}` : `incidents: ${item.raw.toLocaleString("en")}`;
    return chart;
  };

  const middle = (quarter) => Date.UTC(Number(quarter.slice(0, 4)), Number(quarter.slice(6)) * 3 - 2, 15);

  const timeToMitigate = (colour) => {
    const points = levels
      .map((level) => ({
        label: level,
        data: figures.mitigated
          .filter((one) => (one.level || "unrated") === level)
          .map((one) => ({ x: Date.parse(one.date), y: Math.max(1, one.minutes_to_mitigate), one })),
        pointStyle: marks[level],
        backgroundColor: colour(ofLevel(level)),
        borderColor: colour(ofLevel(level)),
        radius: figures.mitigated.length > 300 ? 2.5 : 4.5,
        hoverRadius: 7,
      }))
      .filter((set) => set.data.length);
    const median = {
      label: "median of the quarter",
      type: "line",
      data: figures.quarters.map((group) => ({ x: middle(group.name), y: Math.max(1, group.median_minutes_to_mitigate), group })),
      borderColor: colour("--ink"),
      backgroundColor: colour("--ink"),
      borderWidth: 2,
      pointStyle: "line",
      radius: 3,
      order: -1,
    };
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 10080, 43200];
    return {
      type: "scatter",
      data: { datasets: [...points, median] },
      options: options(colour, {
        interaction: { mode: "nearest", intersect: false },
        scales: {
          x: axis(colour, {
            type: "linear",
            grid: { display: false },
            ticks: { maxRotation: 0, callback: (time) => monthInWords(new Date(time).toISOString().slice(0, 7)), autoSkipPadding: 14 },
            afterBuildTicks: (scale) => {
              scale.ticks = starts(scale.min, scale.max).map((value) => ({ value }));
            },
          }),
          y: axis(colour, {
            type: "logarithmic",
            ticks: { callback: inWords, autoSkip: false },
            afterBuildTicks: (scale) => {
              scale.ticks = steps.filter((value) => value >= scale.min && value <= scale.max).map((value) => ({ value }));
            },
          }),
        },
        plugins: {
          legend: { position: "top", align: "start", labels: { usePointStyle: true, boxHeight: 7, color: colour("--soft") } },
          tooltip: {
            callbacks: {
              title: (items) => (items[0].raw.one ? items[0].raw.one.title : items[0].raw.group.name.replace("-", " ")),
              label: ({ raw }) =>
                raw.one
                  ? `${dayInWords(raw.x)}, ${raw.one.level || "unrated"}: mitigated after ${inWords(raw.one.minutes_to_mitigate)}`
                  : `median ${inWords(raw.y)} of ${raw.group.mitigated}`,
            },
          },
        },
        onClick: (event, hit, chart) => {
          const one = hit.length && chart.data.datasets[hit[0].datasetIndex].data[hit[0].index].one;
          if (one) location.href = one.url;
        },
      }),
    };
  };

  // The first days of years, or of quarters where there are few years.
  const starts = (from, to) => {
    const found = [];
    const every = to - from > 4 * 366 * 86400000 ? 12 : to - from > 500 * 86400000 ? 3 : 1;
    const first = new Date(from);
    for (let month = first.getUTCFullYear() * 12; found.length < 500; month += every) {
      const time = Date.UTC(Math.floor(month / 12), month % 12, 1);
      if (time > to) break;
      if (time >= from) found.push(time);
    }
    return found;
  };

  const drawings = {
    "incidents-by-month": byMonth("incidents"),
    "minutes-by-month": byMonth("minutes", { words: inWords, unit: timeTicks }),
    "time-to-mitigate": timeToMitigate,
    "by-service": byService,
    "by-severity": bySeverity,
  };

  const draw = () => {
    charts.forEach((chart) => chart.destroy());
    const colour = colours();
    window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    charts = Object.entries(drawings).flatMap(([id, drawing]) => {
      const figure = document.getElementById(id);
      return figure ? [new window.Chart(figure.querySelector("canvas"), drawing(colour, figure))] : [];
    });
  };

  draw();
  document.querySelectorAll(".chart").forEach((figure) => {
    figure.querySelector("details").open = false;
    figure.classList.add("is-drawn");
  });
  document.addEventListener("themechange", draw);
  // On paper they stand below one another, as wide as the page; afterwards they are drawn anew.
  addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize(PAPER, chart.height)));
})();
