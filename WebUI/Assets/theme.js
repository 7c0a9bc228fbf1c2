// Before the first paint, so that nobody sees the other theme flash: a chosen theme wins over the system's.
(() => {
  try {
    const chosen = localStorage.getItem("backup.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Where nothing may be stored the system's theme is used.
  }
})();
