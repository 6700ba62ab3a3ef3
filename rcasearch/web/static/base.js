// Conveniences only: every page works without this file.
"use strict";

(() => {
  const box = document.getElementById("q");

  // The list of keys on the search page has a switch for those of a single sign.
  const single = () => {
    try {
      return localStorage.getItem("rcasearch-single-keys") !== "off";
    } catch {
      return true;
    }
  };
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target) && single()) {
      event.preventDefault();
      if (box) {
        box.focus();
        box.select();
      } else {
        location.href = "/";
      }
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === box) {
      event.preventDefault();
      box.form.requestSubmit(box.form.querySelector(".go"));
    } else if (event.key === "Escape") {
      document.querySelectorAll("details.pick[open]").forEach((pick) => {
        const inside = pick.contains(event.target);
        pick.open = false;
        if (inside) pick.querySelector("summary").focus();
      });
    }
  });

  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.pick[open]").forEach((pick) => {
      if (!pick.contains(event.target)) pick.open = false;
    });
  });

  // Browsers that know `field-sizing: content` grow the box by themselves.
  if (box && !CSS.supports("field-sizing", "content")) {
    const grow = () => {
      box.style.height = "auto";
      box.style.height = `${Math.min(box.scrollHeight + 2, innerHeight * 0.45)}px`;
    };
    box.addEventListener("input", grow);
    grow();
  }

  // Where one was last among answers or a list, by its place in this tab's history: an incident offers the way back there.
  const names = { "/": "results", "/incidents": "list", "/recurrences": "recurrences", "/map": "map", "/insights": "insights" };
  addEventListener("pagehide", () => {
    const name = names[location.pathname];
    if (!name || !window.navigation?.currentEntry || document.body.classList.contains("home")) return;
    sessionStorage.setItem("before", JSON.stringify({ key: navigation.currentEntry.key, name }));
  });

  if (!navigator.clipboard) return;
  document.querySelectorAll("[data-copy]").forEach((place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy link";
    button.addEventListener("click", async () => {
      const link = new URL(place.dataset.copy || location.href, location.href).href;
      try {
        await navigator.clipboard.writeText(link);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed here";
      }
      setTimeout(() => (button.textContent = "Copy link"), 1600);
    });
    place.append(button);
  });
})();
