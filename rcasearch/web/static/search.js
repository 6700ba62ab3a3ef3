// The search page while somebody types. Without this file the form does the same, a page at a time.
"use strict";

(() => {
  const PAUSE = 180;
  const SHORTEST = 3;
  // A longer text travels in the body; the server packs it into an address where it can.
  const LONGEST_ADDRESS = 1500;
  const SLOW = 600;
  const GIVEN_UP = 20000;
  const KEPT = 20;

  const form = document.getElementById("ask");
  const box = document.getElementById("q");
  const stateLine = document.getElementById("state");
  const told = document.getElementById("told");
  const copying = Boolean(navigator.clipboard);
  // Answers that were shown, by the number of their entry in the history: going back is instant, also to one without an address.
  const shown = new Map();

  let entry = history.state?.entry ?? Date.now();
  // The entry that somebody asked for, while what is being typed stands in its place.
  let settled = null;
  let asked = box.value.trim();
  // The request whose answer is shown: to submit it again asks nobody.
  let shownFor = null;
  let running = null;
  let pause = 0;
  let saying = 0;

  const answer = () => document.getElementById("answer");

  // --- what is shown ---------------------------------------------------------------------------------------------------

  function say(words, failed = false) {
    stateLine.textContent = words;
    stateLine.classList.toggle("failed", failed);
  }

  function announce() {
    clearTimeout(saying);
    const words = ["verdict", "gist"].map((id) => document.getElementById(id)?.textContent.trim()).filter(Boolean).join(". ");
    saying = setTimeout(() => (told.textContent = words), 500);
  }

  function dress() {
    if (!copying) return;
    document.documentElement.classList.add("scripted");
    answer().querySelectorAll("button.copy").forEach((button) => (button.hidden = false));
  }

  function frame(page) {
    document.body.classList.remove("home", "results");
    document.body.classList.add(page);
    const hero = document.querySelector("h1.hero");
    if (page === "results") hero?.remove();
    else if (!hero) form.before(document.getElementById("hero").content.cloneNode(true));
  }

  // What a button is about, whether it puts that into force or takes it back.
  const key = ({ name, value, dataset }) => dataset.key ?? (name === "drop" ? value : name && `${name}:${value}`);

  function put(part) {
    const left = document.activeElement?.closest("#answer") ? document.activeElement : null;
    const facet = Boolean(left?.closest(".facets"));
    const open = new Set([...answer().querySelectorAll("details[open] > summary[data-key]")].map((one) => one.dataset.key));
    answer().replaceWith(part);
    part.querySelectorAll("summary[data-key]").forEach((one) => open.has(one.dataset.key) && (one.parentElement.open = true));
    frame(part.dataset.page);
    document.title = part.dataset.title;
    dress();
    if (!left) return;
    const same = [...part.querySelectorAll("button, summary")].filter((one) => key(left) && key(one) === key(left));
    const next = same.find((one) => facet === Boolean(one.closest(".facets"))) ?? same[0] ?? document.getElementById("verdict") ?? box;
    if (next.id === "verdict") next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }

  function keep() {
    shown.delete(entry);
    shown.set(entry, answer());
    while (shown.size > KEPT) shown.delete(shown.keys().next().value);
  }

  // --- the history -----------------------------------------------------------------------------------------------------

  const state = () => ({ entry, text: box.value, rest: fields(null, "q").toString(), y: scrollY });
  const here = () => location.pathname + location.search;

  // While typing, an answer takes the place of the one before; one that is asked for gets a place of its own, and the answer
  // that stood here before the typing comes back to its place.
  function note(address, submitted) {
    if (!submitted) {
      settled ??= { address: here(), state: history.state ?? state() };
      if (entry === settled.state.entry) entry = Date.now();
      return history.replaceState(state(), "", address);
    }
    const last = settled ?? { address: here(), state: history.state ?? state() };
    const same = last.address === address && last.state.text === box.value;
    if (settled) history.replaceState(last.state, "", last.address);
    entry = same ? last.state.entry : Date.now();
    settled = null;
    history[same ? "replaceState" : "pushState"](state(), "", address);
  }

  // What was typed is acted upon, and so gets the place that it did not ask for.
  function settle() {
    note(answer().dataset.address ?? here(), true);
    keep();
  }

  // --- asking ----------------------------------------------------------------------------------------------------------

  function fields(submitter, but = "") {
    const pairs = [...new FormData(form, submitter)].filter(([name, value]) => name !== but && value.trim());
    return new URLSearchParams(pairs);
  }

  function request(submitter) {
    if (!box.value.trim()) return ["/", null];
    const params = fields(submitter);
    const address = `/?${params}`;
    const changes = params.has("drop") || params.has("year");
    return changes || address.length > LONGEST_ADDRESS ? ["/", params] : [address, null];
  }

  // What an entry of the history held: its address tells, or else what was sent.
  function again({ text, rest }) {
    if (location.search || !text) return [here(), null];
    const params = new URLSearchParams(rest);
    params.set("q", text);
    return ["/", params];
  }

  async function fetched(address, body, signal) {
    const method = body ? "POST" : "GET";
    const response = await fetch(address, { method, body, headers: { "X-Part": "answer" }, cache: "no-store", signal });
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const part = parsed.getElementById("answer");
    if (response.ok && part) return { part: document.adoptNode(part), url: response.url };
    if (response.ok && response.redirected) return { elsewhere: response.url };
    throw new Error(parsed.querySelector(".failure h1")?.textContent ?? `The server answered ${response.status}.`);
  }

  async function ask([address, body], onto) {
    clearTimeout(pause);
    running?.abort();
    const mine = (running = new AbortController());
    const text = box.value.trim();
    const slow = setTimeout(() => {
      say("Searching …");
      answer().setAttribute("aria-busy", "true");
    }, SLOW);
    const limit = setTimeout(() => mine.abort(), GIVEN_UP);
    try {
      const found = await fetched(address, body, mine.signal);
      if (mine !== running) return;
      if (found.elsewhere) return void location.assign(found.elsewhere);
      const from = new URL(found.url);
      put(found.part);
      asked = text;
      shownFor = body ? null : address;
      onto(found.part.dataset.address ?? from.pathname + from.search);
      keep();
      say("");
      announce();
    } catch (error) {
      if (mine === running) failed(mine.signal.aborted || error instanceof TypeError ? "The server does not answer." : error.message);
    } finally {
      clearTimeout(slow);
      clearTimeout(limit);
      if (mine === running) stop();
    }
  }

  function stop() {
    running?.abort();
    running = null;
    answer().removeAttribute("aria-busy");
  }

  function failed(reason) {
    say(`${reason}${answer().dataset.page === "results" ? " Below is still the answer from before." : ""}`, true);
  }

  const live = () => ask(request(null), (address) => note(address, false));
  const submit = async (submitter) => {
    const [address, body] = request(submitter);
    const known = address === shownFor && !body && !running;
    if (known || (settled && submitter?.closest("#answer"))) settle();
    if (known) clearTimeout(pause);
    else await ask([address, body], (given) => note(given, true));
  };
  const restore = (from) => ask(again(from), () => undefined);

  function typed(event) {
    if (event?.isComposing) return;
    clearTimeout(pause);
    const text = box.value.trim();
    if (text !== asked && (text.length >= SHORTEST || !text)) {
      pause = setTimeout(live, text ? PAUSE : 0);
    } else {
      if (running) stop();
      say(text === asked || !asked ? "" : "Below is the answer from before: type on.");
    }
  }

  // --- copying ---------------------------------------------------------------------------------------------------------

  async function copy(button) {
    const words = button.textContent;
    const from = document.getElementById(button.dataset.markdown ?? "");
    try {
      await navigator.clipboard.writeText(from ? from.value : new URL(button.dataset.link, location.href).href);
      button.textContent = told.textContent = "Copied";
    } catch {
      button.textContent = told.textContent = "Not allowed here";
    }
    setTimeout(() => (button.textContent = words), 1600);
  }

  // --- what calls all this ---------------------------------------------------------------------------------------------

  box.addEventListener("input", typed);
  box.addEventListener("compositionend", typed);
  // What is ignored belongs to the text that it was read from, and goes with it.
  box.addEventListener("paste", () => {
    const whole = box.selectionStart === 0 && box.selectionEnd === box.value.length;
    if (whole) answer().querySelectorAll('input[name="ignore"]').forEach((one) => one.remove());
  });
  form.addEventListener("submit", (event) => {
    if (!box.value.trim()) return;
    event.preventDefault();
    const found = event.submitter?.closest("#answer") ? null : answer();
    submit(event.submitter).then(() => found && found !== answer() && answer().getBoundingClientRect().top < 0 && form.scrollIntoView());
  });
  document.addEventListener("change", (event) => {
    if (event.target.form === form && event.target !== box && box.value.trim()) submit(null);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".copy[data-link], .copy[data-markdown]")) copy(button);
    else if (settled && event.target.closest("#answer a")) settle();
  });
  let scrolled = 0;
  const remember = () => history.replaceState({ ...history.state, y: scrollY }, "");
  addEventListener("scroll", () => {
    clearTimeout(scrolled);
    scrolled = setTimeout(remember, 200);
  });
  addEventListener("pagehide", remember);
  addEventListener("popstate", async ({ state: back }) => {
    if (back?.entry === undefined) return;
    clearTimeout(scrolled);
    if (back.entry !== entry) await turnTo(back);
    scrollTo({ top: back.y, behavior: "instant" });
  });

  async function turnTo(back) {
    stop();
    settled = null;
    entry = back.entry;
    shownFor = null;
    box.value = back.text;
    asked = box.value.trim();
    const kept = shown.get(entry);
    if (kept) put(kept);
    else await restore(back);
  }

  // From another page and back: the server wrote what the address tells, and a text that no address holds is asked again.
  const before = history.state;
  history.scrollRestoration = "manual";
  if (before?.text && !location.search) {
    box.value = before.text;
    restore(before).then(() => scrollTo({ top: before.y, behavior: "instant" }));
  } else {
    keep();
    history.replaceState({ ...state(), y: before?.y ?? 0 }, "");
    if (before?.y && !location.hash) scrollTo({ top: before.y, behavior: "instant" });
  }
  dress();
})();
