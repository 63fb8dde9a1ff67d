// Searches while the user types: fetches the page for the search and takes over its list.
import { announce } from "./common.js";

const form = document.querySelector("[data-live]");
const list = document.getElementById(form.dataset.live);
let timer, asking;

async function update() {
  asking?.abort();
  const mine = (asking = new AbortController());
  const fields = [...new FormData(form)].filter(([, value]) => value !== "");
  const address = `${form.getAttribute("action")}${fields.length ? `?${new URLSearchParams(fields)}` : ""}`;
  try {
    const answer = await fetch(address, { signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.getElementById(list.id).childNodes);
    history.replaceState(null, "", address);
    announce(list.querySelector("[data-headline], .lead")?.textContent ?? "");
  } catch (fault) {
    if (fault.name !== "AbortError") form.submit();
  }
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(update, 120);
});
