// A page that waits for the index: looks for it, and then goes on with what was asked. What is being typed is left alone.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const note = document.getElementById("waiting");
  const box = document.getElementById("q");
  const asked = box ? box.value : "";

  const goOn = () => {
    if (box && box.value !== asked) {
      note.textContent = "The index is there now: search when you are ready.";
    } else if (note.dataset.sent !== undefined) {
      box.form.requestSubmit(box.form.querySelector(".go"));
    } else {
      location.reload();
    }
  };

  const look = async () => {
    const ready = await fetch("/readyz", { cache: "no-store" }).then((answer) => answer.ok, () => false);
    if (ready) goOn();
    else setTimeout(look, EVERY_MS);
  };

  if (note.dataset.sent !== undefined) note.textContent = "This page looks for the index every few seconds, and then asks with your text.";
  setTimeout(look, EVERY_MS);
})();
