// For every page: light and dark colours, announcements, and copy buttons.
const root = document.documentElement;

function isDark() {
  return (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
}

function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Storage may be forbidden: then the choice lasts for this page only.
  }
}

export function announce(text) {
  document.getElementById("announce").textContent = text;
}

export async function copy(text, button) {
  const done = await toClipboard(text);
  const label = button.dataset.label ?? button.textContent;
  button.dataset.label = label;
  button.textContent = done ? "Copied" : "Not copied";
  announce(done ? "Copied" : "The browser did not allow copying");
  setTimeout(() => { button.textContent = label; }, 1500);
}

async function toClipboard(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
  // The clipboard API is not available over plain HTTP; execCommand is.
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("themeToggle" in button.dataset) toggleTheme();
  if (button.dataset.copyFrom) copy(document.getElementById(button.dataset.copyFrom).textContent.trim(), button);
});
