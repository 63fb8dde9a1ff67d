// Counts while the user types: one request for all models; a newer request cancels an older one.
import { editChat } from "./chat.js";
import { announce, copy } from "./common.js";
import { withoutPictures } from "./pictures.js";
import { snippets } from "./snippets.js";

// A key that is held down repeats about every 30 ms, faster than typing: only its last event causes a request.
const HELD_MS = 50;
const HELD_PAUSE_MS = 40;
const PAUSE_MS = 10;
const LONG_TEXT = 100_000;
const LONG_PAUSE_MS = 800;
const ALIGNED_BY = 1_000;
const KEPT_IN_LINKS = new Set(["mode", "models", "author", "only", "vocabulary"]);
const TOO_LARGE = '<p class="notice bad">This is more than can be sent in one request. What you typed is still here.</p>';
const USUAL = { mode: "text", vocabulary: "o200k_base" };

const form = document.getElementById("playground");
const text = document.getElementById("text");
const request = document.getElementById("request");
const panels = [...form.querySelectorAll("[data-panel]")];
const results = document.getElementById("results");
let timer, asking, spoken;
let typedAt = -Infinity;

const mode = () => form.elements.mode.value;

function typedLength() {
  const fields = panels.find((panel) => !panel.disabled).querySelectorAll("textarea");
  return [...fields].reduce((length, field) => length + field.value.length, 0);
}

// What is typed for another mode stays in its panel and is not sent.
function choosePanel() {
  form.dataset.mode = mode();
  for (const panel of panels) panel.disabled = panel.dataset.panel !== mode();
}

function pauseAfter(key) {
  const held = key.timeStamp - typedAt < HELD_MS;
  typedAt = key.timeStamp;
  if (typedLength() > LONG_TEXT) return LONG_PAUSE_MS;
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
    const answer = await ask(mine.signal);
    const wait = Number(answer.headers.get("Retry-After"));
    // Fast typing may exceed the rate limit for a moment: count the newest text when it is over, without a message.
    if (answer.status === 429 && wait < 5) later(wait * 1000);
    else show(await answer.text());
  } catch (fault) {
    if (fault.name === "AbortError") return;
    show('<p class="notice bad">The service is unreachable. What you typed is still here. Try again in a moment.</p>');
  }
  if (mine === asking) results.setAttribute("aria-busy", "false");
}

// Returns the answer to the form. A larger one than the service reads is not sent: it would end the connection.
async function ask(signal) {
  const typed = new FormData(form);
  if (mode() === "request") typed.set("request", withoutPictures(typed.get("request")));
  const body = new URLSearchParams(typed).toString();
  if (body.length > request.dataset.maxBytes) return new Response(TOO_LARGE);
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  return fetch("/playground", { method: "POST", headers, body, signal });
}

// The service escapes every text in its HTML.
function show(html) {
  const answer = new DOMParser().parseFromString(html, "text/html").body;
  const fault = answer.querySelector("[data-field]");
  showFault(fault);
  if (fault && results.querySelector("[data-headline]")) keepResults(fault);
  else replaceResults(answer);
  clearTimeout(spoken);
  spoken = setTimeout(() => {
    const said = fault ?? results.querySelector("[data-headline], .notice");
    if (said) announce(said.textContent.replace(/\s+/g, " ").trim());
  }, 700);
}

// Says beside a field what is wrong with it.
function showFault(fault) {
  for (const shown of form.querySelectorAll(".fault:not([data-local])")) shown.hidden = true;
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  if (!fault) return;
  const { field, place } = fault.dataset;
  const shown = form.querySelectorAll(`[data-fault="${field}"]`)[place];
  // The message may have been removed meanwhile.
  if (!shown) return;
  shown.textContent = fault.textContent;
  shown.hidden = false;
  document.getElementById(field)?.setAttribute("aria-invalid", "true");
}

// While something invalid is typed the last results stay, as results of what was there before.
function keepResults(fault) {
  const said = document.createElement("span");
  said.className = "muted";
  said.textContent = fault.textContent;
  const headline = results.querySelector("[data-headline]");
  headline.replaceChildren("Not counted. ", said);
  results.classList.add("outdated");
  delete results.querySelector("[data-models]")?.dataset.models;
}

function replaceResults(answer) {
  results.classList.remove("outdated");
  const shown = results.querySelector(".show-ids")?.checked;
  const at = results.querySelector(".scroll")?.scrollLeft;
  const held = results.contains(document.activeElement) ? document.activeElement.className : null;
  results.replaceChildren(...answer.childNodes);
  const box = results.querySelector(".show-ids");
  if (box && shown) box.checked = true;
  if (at) results.querySelector(".scroll")?.scrollTo({ left: at });
  if (held) results.getElementsByClassName(held)[0]?.focus({ preventScroll: true });
}

// The direction of the first letter, like dir="auto", which takes seconds on long texts because it checks every paragraph.
function align(field) {
  const letter = field.value.slice(0, ALIGNED_BY).match(/\p{L}/u)?.[0] ?? "";
  field.dir = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u.test(letter) ? "rtl" : "ltr";
}

function describe() {
  const value = text.value;
  align(text);
  const length = value.length - (value.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
  const size = form.querySelector("[data-size]");
  size.textContent = length ? `${length.toLocaleString("en")} characters.` : "Paste, type or drop a file.";
}

function link() {
  const fields = [...new FormData(form)].filter(([name, value]) => {
    return KEPT_IN_LINKS.has(name) && value !== "" && value !== USUAL[name];
  });
  return fields.length ? `/?${new URLSearchParams(fields)}` : "/";
}

// What a call of the API counts: the text, or the chat that the results are of.
function counted(shown) {
  if (mode() === "text") return { input: text.value, type: "text" };
  return shown && { type: "chat", [shown.shape]: JSON.parse(mode() === "chat" ? shown.body : request.value) };
}

function choiceChanged() {
  const boxes = form.querySelectorAll('.picker input[type="checkbox"]:checked');
  form.querySelector("[data-chosen]").textContent = boxes.length ? `${boxes.length} checked` : "default selection";
  history.replaceState(null, "", link());
  later(0);
}

async function take(file) {
  if (!file) return;
  const field = mode() === "request" ? request : text;
  if (file.size > (field === text ? 4 * text.maxLength : field.dataset.maxBytes)) {
    announce("The file is too large");
    show('<p class="notice bad">The file is larger than what can be counted.</p>');
    return;
  }
  const content = await file.text();
  field.value = field === text ? content.slice(0, text.maxLength) : content;
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

form.addEventListener("input", (event) => {
  if (!event.target.closest("[data-panel]") || event.target.type === "file") return;
  if (event.target === text) describe();
  if (event.target.name === "content") align(event.target);
  later(pauseAfter(event));
});
for (const field of [text, request]) {
  field.addEventListener("dragover", (event) => { event.preventDefault(); field.classList.add("over"); });
  field.addEventListener("dragleave", () => field.classList.remove("over"));
  field.addEventListener("drop", (event) => {
    field.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
}
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
  if (event.target.name === "mode") {
    choosePanel();
    results.replaceChildren();
  }
  if (event.target.matches('.picker input[type="checkbox"], .toolbar select, [name="mode"]')) choiceChanged();
});
form.addEventListener("submit", (event) => {
  if (event.submitter?.name === "example") {
    for (const panel of panels) panel.disabled = false;
    return;
  }
  event.preventDefault();
  later(0);
});
for (const button of form.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    if (button.dataset.copy === "link") return copy(new URL(link(), location.origin).href, button);
    const shown = results.querySelector("[data-models]")?.dataset;
    const what = counted(shown);
    if (!what) return announce("There is nothing counted yet");
    copy(snippets[button.dataset.copy](what, shown?.models.split(",") ?? ["gpt-4o"], shown?.estimated !== undefined), button);
  });
}
choosePanel();
editChat(form.querySelector('[data-panel="chat"]'), () => later(0));
describe();
if (typedLength() && !results.querySelector("[data-headline], .notice")) later(0);
