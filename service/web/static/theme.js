// Runs before the page is painted: it must not flash in the wrong colours.
document.documentElement.classList.add("js");
try {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch {
  // Storage may be forbidden: then the system's colours stand.
}
