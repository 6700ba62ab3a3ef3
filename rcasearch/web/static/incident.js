// The incident page: where one is in it, what a tick of its course says, and the way back. It reads well without.
"use strict";

(() => {
  const wide = matchMedia("(min-width: 76rem)");

  // The table of contents is folded on a small screen, and marks the part that is being read.
  const contents = document.querySelector(".contents details");
  if (contents) {
    const fit = () => (contents.open = wide.matches);
    wide.addEventListener("change", fit);
    fit();
    const links = [...contents.querySelectorAll("a[href^='#L']")];
    const parts = links.map((link) => document.getElementById(link.hash.slice(1)));
    let current = null;
    const mark = () => {
      const line = innerHeight * 0.3;
      const before = parts.filter((part) => part && part.getBoundingClientRect().top <= line).length;
      const next = before ? links[before - 1] : null;
      if (next === current) return;
      if (current) current.removeAttribute("aria-current");
      current = next;
      if (!current) return;
      current.setAttribute("aria-current", "true");
      const nav = contents.parentElement;
      if (nav.scrollHeight > nav.clientHeight) nav.scrollTop = current.offsetTop - nav.clientHeight / 2;
    };
    let asked = false;
    const soon = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        mark();
      });
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    mark();
  }

  // A passage may begin on a line that holds nothing: then the first marked line is the place to go to.
  const found = document.querySelector(".document .found");
  if (found && location.hash && !document.getElementById(location.hash.slice(1))) found.scrollIntoView({ block: "center" });

  // Of the course: the event nearest to the pointer, in words, and the tick of the event that has the focus.
  const drawn = document.querySelector(".drawn");
  const ticks = drawn ? [...drawn.querySelectorAll(".tick")] : [];
  if (ticks.length) {
    const rows = [...document.querySelectorAll(".events li")];
    const told = document.createElement("p");
    told.className = "told";
    told.setAttribute("aria-hidden", "true");
    told.textContent = "\u00a0";
    drawn.after(told);
    let now = null;
    const show = (tick) => {
      if (tick === now) return;
      if (now) now.classList.remove("now");
      now = tick;
      if (now) now.classList.add("now");
      told.textContent = now ? now.querySelector("title").textContent : "\u00a0";
    };
    const nearest = (event) => {
      const away = (tick) => Math.abs(tick.getBoundingClientRect().left - event.clientX);
      return ticks.reduce((best, tick) => (away(tick) < away(best) ? tick : best));
    };
    drawn.addEventListener("pointermove", (event) => show(nearest(event)));
    drawn.addEventListener("pointerleave", () => show(null));
    drawn.addEventListener("click", (event) => {
      const row = rows[Number(nearest(event).dataset.event)];
      if (row) row.querySelector("a").click();
    });
    rows.forEach((row, number) => {
      const own = ticks.find((tick) => Number(tick.dataset.event) === number) || null;
      row.addEventListener("focusin", () => show(own));
      row.addEventListener("focusout", () => show(null));
      row.addEventListener("pointerenter", () => show(own));
      row.addEventListener("pointerleave", () => show(null));
    });
  }

  // What can be read as markdown can be copied as such.
  const markdown = document.querySelector(".as-markdown");
  if (markdown && navigator.clipboard) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy as Markdown";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(markdown.querySelector("textarea").value);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed here";
      }
      setTimeout(() => (button.textContent = "Copy as Markdown"), 1600);
    });
    markdown.before(button);
    markdown.hidden = true;
  }

  // Back through the browser's own history, so that the results come back as they were left.
  const before = JSON.parse(sessionStorage.getItem("before") || "null");
  if (before && window.navigation && navigation.entries().some((entry) => entry.key === before.key)) {
    const back = document.createElement("button");
    back.type = "button";
    back.className = "back";
    back.textContent = `← Back to the ${before.name}`;
    back.addEventListener("click", () => navigation.traverseTo(before.key));
    document.getElementById("main").prepend(back);
  }

  addEventListener("beforeprint", () => document.querySelectorAll("main details").forEach((one) => (one.open = true)));
})();
