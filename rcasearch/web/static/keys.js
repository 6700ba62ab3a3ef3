// The keys of the search page, and the sheet that lists them.
"use strict";

(() => {
  const sheet = document.getElementById("keys");
  const choice = document.getElementById("single");
  const storage = "rcasearch-single-keys";

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
  const hits = () => [...document.querySelectorAll(".hit h2 a")];

  function step(by) {
    const links = hits();
    const at = links.indexOf(document.activeElement);
    const current = at < 0 ? links.findIndex((link) => link.closest(".hit").contains(document.activeElement)) : at;
    const to = links[Math.min(Math.max(current < 0 ? (by > 0 ? 0 : -1) : current + by, 0), links.length - 1)];
    to?.focus({ preventScroll: true });
    to?.closest(".hit").scrollIntoView({ block: "start" });
  }

  function single() {
    try {
      return localStorage.getItem(storage) !== "off";
    } catch {
      return true; // a browser that keeps nothing
    }
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") return void leave(event);
    if (typing(event.target) || sheet.open || !single()) return;
    if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
    else if (event.key === "?") sheet.showModal();
    else return;
    event.preventDefault();
  }

  function leave(event) {
    if (sheet.open || event.target.closest("details.pick[open]")) return;
    document.activeElement?.blur();
  }

  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    if (event.target.closest("button")?.dataset.shows === "keys") sheet.showModal();
  });
  choice.checked = single();
  choice.addEventListener("change", () => {
    try {
      localStorage.setItem(storage, choice.checked ? "on" : "off");
    } catch {
      // It holds for this page at least: nothing is kept here.
    }
  });
  document.querySelector(".keys").hidden = false;
})();
