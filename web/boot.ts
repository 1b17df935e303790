/**
 * Runs before the first paint, so that the page never flashes in the wrong theme or density; what the page does begins
 * after it, so that nothing keeps the frame of the page from being seen.
 */
try {
  for (const name of ["theme", "density", "profit", "zone", "refresh"]) {
    const value = localStorage.getItem(`bb.${name}`);
    if (value !== null && /^[a-z0-9-]{1,16}$/.test(value)) document.documentElement.dataset[name] = value;
  }
} catch {
  // Storage is switched off: everything is as it is by default.
}

const begin = () => {
  void import("./main.ts");
  // Asked for with the page they would be in the way of its first paint.
  for (const link of document.querySelectorAll<HTMLLinkElement>("link[rel=later]")) {
    link.rel = "modulepreload";
  }
};
// A page that nobody sees is not painted.
if (document.hidden) begin();
else requestAnimationFrame(() => setTimeout(begin));
