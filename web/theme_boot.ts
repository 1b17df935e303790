// Runs before the first paint, so that the page never flashes in the wrong theme.
try {
  const theme = localStorage.getItem("bb.theme");
  if (theme !== null && /^(dark|light|contrast)$/.test(theme)) document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the theme follows the system.
}
