// Counts while the user types: one request for all models; a newer request cancels an older one.
import { announce, copy } from "./common.js";
import { snippets } from "./snippets.js";

// A key that is held down repeats about every 30 ms, faster than typing: only its last event causes a request.
const HELD_MS = 50;
const HELD_PAUSE_MS = 40;
const PAUSE_MS = 10;
const LONG_TEXT = 100_000;
const LONG_PAUSE_MS = 800;
const ALIGNED_BY = 1_000;

const form = document.getElementById("playground");
const text = document.getElementById("text");
const results = document.getElementById("results");
let timer, asking, spoken;
let typedAt = -Infinity;

function pauseAfter(key) {
  const held = key.timeStamp - typedAt < HELD_MS;
  typedAt = key.timeStamp;
  if (text.value.length > LONG_TEXT) return LONG_PAUSE_MS;
  return held ? HELD_PAUSE_MS : PAUSE_MS;
}

function later(pause) {
  clearTimeout(timer);
  timer = setTimeout(update, pause);
}

async function update() {
  asking?.abort();
  const mine = (asking = new AbortController());
  results.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("/playground", {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: mine.signal,
    });
    const wait = Number(answer.headers.get("Retry-After"));
    // Fast typing may exceed the rate limit for a moment: count the newest text when it is over, without a message.
    if (answer.status === 429 && wait < 5) later(wait * 1000);
    else show(await answer.text());
  } catch (fault) {
    if (fault.name === "AbortError") return;
    show('<p class="notice bad">The service is unreachable. Your text is still here. Try again in a moment.</p>');
  }
  if (mine === asking) results.setAttribute("aria-busy", "false");
}

// The service escapes every text in its HTML.
function show(html) {
  const shown = results.querySelector(".show-ids")?.checked;
  const at = results.querySelector(".scroll")?.scrollLeft;
  const held = results.contains(document.activeElement) ? document.activeElement.className : null;
  results.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  const box = results.querySelector(".show-ids");
  if (box && shown) box.checked = true;
  if (at) results.querySelector(".scroll")?.scrollTo({ left: at });
  if (held) results.getElementsByClassName(held)[0]?.focus({ preventScroll: true });
  clearTimeout(spoken);
  spoken = setTimeout(() => {
    const said = results.querySelector("[data-headline], .notice");
    if (said) announce(said.textContent.replace(/\s+/g, " ").trim());
  }, 700);
}

// The direction of the first letter, like dir="auto", which takes seconds on long texts because it checks every paragraph.
function align(value) {
  const letter = value.slice(0, ALIGNED_BY).match(/\p{L}/u)?.[0] ?? "";
  text.dir = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(letter) ? "rtl" : "ltr";
}

function describe() {
  const value = text.value;
  align(value);
  const length = value.length - (value.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
  const size = form.querySelector("[data-size]");
  size.textContent = length ? `${length.toLocaleString("en")} characters.` : "Paste, type or drop a file.";
}

function link() {
  const fields = [...new FormData(form)].filter(([name, value]) => {
    return name !== "input" && value !== "" && !(name === "vocabulary" && value === "o200k_base");
  });
  return fields.length ? `/?${new URLSearchParams(fields)}` : "/";
}

function choiceChanged() {
  const boxes = form.querySelectorAll('.picker input[type="checkbox"]:checked');
  form.querySelector("[data-chosen]").textContent = boxes.length ? `${boxes.length} checked` : "default selection";
  history.replaceState(null, "", link());
  later(0);
}

async function take(file) {
  if (!file) return;
  if (file.size > 4 * text.maxLength) {
    announce("The file is too large");
    show('<p class="notice bad">The file is larger than the maximum length of a text.</p>');
    return;
  }
  text.value = (await file.text()).slice(0, text.maxLength);
  describe();
  later(0);
}

function search(words) {
  const wanted = words.trim().toLowerCase();
  for (const group of form.querySelectorAll(".authors details")) {
    let found = 0;
    const whole = group.dataset.author.includes(wanted);
    for (const label of group.querySelectorAll("label:not(.all)")) {
      const value = label.firstElementChild.value;
      label.hidden = !(whole || value.includes(wanted) || label.textContent.toLowerCase().includes(wanted));
      found += !label.hidden;
    }
    group.hidden = !found;
    if (wanted) group.open = found > 0 && found < 40;
  }
}

text.addEventListener("input", (event) => { describe(); later(pauseAfter(event)); });
text.addEventListener("dragover", (event) => { event.preventDefault(); text.classList.add("over"); });
text.addEventListener("dragleave", () => text.classList.remove("over"));
text.addEventListener("drop", (event) => {
  text.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});
form.querySelector("[data-file]").addEventListener("change", (event) => take(event.target.files[0]));
form.querySelector("[data-search]").addEventListener("input", (event) => search(event.target.value));
form.querySelector("[data-search]").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
form.querySelector("[data-clear]").addEventListener("click", () => {
  for (const box of form.querySelectorAll(".picker input:checked")) box.checked = false;
  choiceChanged();
});
form.addEventListener("change", (event) => {
  if (event.target.matches('.picker input[type="checkbox"], select')) choiceChanged();
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.name === "example") return;
  event.preventDefault();
  later(0);
});
for (const button of form.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    const shown = results.querySelector("[data-models]")?.dataset;
    const models = shown?.models.split(",") ?? ["gpt-4o"];
    const kind = button.dataset.copy;
    copy(kind === "link" ? new URL(link(), location.origin).href : snippets[kind](text.value, models, shown?.estimated !== undefined), button);
  });
}
describe();
if (text.value && !results.querySelector("[data-headline], .notice")) later(0);
