// Balances are never shown from a kept page: going back fetches them again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// A phone that slept through the afternoon asks again when it is looked at.
const STALE_MS = 5 * 60 * 1000;
const openedAt = Date.now();
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Date.now() - openedAt > STALE_MS) location.reload();
});
