// Runs before the first paint, so that the page does not flash in the wrong colours.
document.documentElement.classList.add("js");
try {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch {
  // Storage may be forbidden: then the colours of the system are used.
}
