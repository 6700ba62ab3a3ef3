// Light, dark, or as the system has it: decided before anything is drawn, so that no page flashes.
// Without this file the system decides. A "themechange" event tells those who draw with colours of their own.
"use strict";

(() => {
  const KEY = "rcasearch-theme";
  const root = document.documentElement;
  // A sheet that did not apply at once would be loaded while the page is drawn already: so all of it is one rule.
  const dark = document.getElementById("dark").sheet.cssRules[0].media;
  const MEDIA = { light: "not all", dark: "screen", system: dark.mediaText };

  // Storage may be forbidden, or hold what another page put there.
  const chosen = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return Object.hasOwn(MEDIA, theme) ? theme : "system";
    } catch {
      return "system";
    }
  };

  const tell = () => document.dispatchEvent(new Event("themechange"));
  const show = (theme) => {
    root.dataset.theme = theme;
    dark.mediaText = MEDIA[theme];
    const choice = document.getElementById("theme");
    if (choice) choice.value = theme;
    tell();
  };

  const keep = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It holds for this page, then.
    }
  };

  show(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("theme");
    choice.value = chosen();
    choice.addEventListener("change", () => {
      keep(choice.value);
      show(choice.value);
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(root.dataset.theme));
  addEventListener("storage", () => show(chosen()));
  // Paper is light, also for those who draw with colours of their own.
  addEventListener("beforeprint", () => {
    dark.mediaText = MEDIA.light;
    tell();
  });
  addEventListener("afterprint", () => show(root.dataset.theme));
  addEventListener("pageshow", (event) => {
    if (event.persisted) show(chosen());
  });
})();
