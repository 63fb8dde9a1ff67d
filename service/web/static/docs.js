// Runs the calls of the page with the key of the user, which is kept only in its field.
import { announce, copy } from "./common.js";

const key = document.getElementById("key");
const SHOWN_HEADERS = ["x-request-id", "x-rate-limit-remaining-calls", "x-quota-limit-remaining-calls", "x-request-cost-inr", "x-credit-balance-inr", "retry-after"];

function call(form) {
  const query = new URLSearchParams();
  const headers = {};
  let path = form.dataset.path;
  for (const input of form.querySelectorAll("[data-where]")) {
    if (input.dataset.where === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (input.dataset.where === "query") query.set(input.name, input.value);
    else headers[input.name] = input.value;
  }
  if (form.dataset.key === "true" && key.value) headers.Authorization = `Bearer ${key.value.trim()}`;
  const body = form.elements.body?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { address: `${path}${query.size ? `?${query}` : ""}`, method: form.dataset.method, headers, body };
}

async function run(form) {
  const { address, method, headers, body } = call(form);
  const output = form.querySelector("output");
  const begun = performance.now();
  try {
    const answer = await fetch(address, { method, headers, body, credentials: "omit" });
    const text = await answer.text();
    const seconds = ((performance.now() - begun) / 1000).toFixed(2);
    const shownHeaders = SHOWN_HEADERS.filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
    show(output, `${answer.status} ${answer.statusText} in ${seconds} s`, shownHeaders, text);
  } catch {
    show(output, "The service is unreachable", [], "");
  }
}

function show(output, title, shownHeaders, text) {
  const heading = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = title;
  heading.append(strong);
  const block = document.createElement("pre");
  block.tabIndex = 0;
  block.textContent = [...shownHeaders, ...(shownHeaders.length ? [""] : []), pretty(text)].join("\n");
  output.replaceChildren(heading, block);
  announce(title);
}

// Indents the text itself: JSON.parse would round the exact numbers of costs.
function pretty(text) {
  if (!/^\s*[[{]/.test(text) || text.length > 200_000) return text;
  let depth = 0;
  return text.replace(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g, (token) => {
    if (token === "{" || token === "[") return `${token}\n${"  ".repeat(++depth)}`;
    if (token === "}" || token === "]") return `\n${"  ".repeat(--depth)}${token}`;
    if (token === ",") return `,\n${"  ".repeat(depth)}`;
    return token === ":" ? ": " : token;
  });
}

function curl(form) {
  const { address, method, headers, body } = call(form);
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = ["curl", "-X", method, quote(location.origin + address)];
  for (const [name, value] of Object.entries(headers)) {
    parts.push("-H", name === "Authorization" ? '"Authorization: Bearer $KEY"' : quote(`${name}: ${value}`));
  }
  if (body !== undefined) parts.push("-d", quote(body));
  return parts.join(" ");
}

document.querySelector("[data-key-form]").addEventListener("submit", (event) => event.preventDefault());
for (const form of document.querySelectorAll(".try form")) {
  form.addEventListener("submit", (event) => { event.preventDefault(); run(form); });
  form.querySelector("[data-curl]").addEventListener("click", (event) => copy(curl(form), event.currentTarget));
}
