// Runs before the first paint, so that the page never flashes in the wrong theme or density.
try {
  for (const name of ["theme", "density", "profit", "zone", "refresh"]) {
    const value = localStorage.getItem(`bb.${name}`);
    if (value !== null && /^[a-z0-9-]{1,16}$/.test(value)) document.documentElement.dataset[name] = value;
  }
} catch {
  // Storage is switched off: everything is as it is by default.
}
