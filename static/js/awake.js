// The activity screen stays lit; F fills the screen, P pauses the code.
const FULL = document.querySelector("[data-fullscreen]");
const PAUSE = document.querySelector("[data-pause]");

if (document.querySelector("[data-awake]")) {
  stayAwake();
  // The lock falls when the tab is hidden and must be asked for again.
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && stayAwake());
}
if (FULL && document.fullscreenEnabled) {
  FULL.hidden = false;
  FULL.addEventListener("click", fill);
}
if (PAUSE) {
  PAUSE.hidden = false;
  PAUSE.addEventListener("click", pause);
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  if (event.key.toLowerCase() === "f") fill();
  if (event.key.toLowerCase() === "p") pause();
});

function stayAwake() {
  navigator.wakeLock?.request("screen").catch(() => {
    // A battery saver may say no; the screen then dims as usual.
  });
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
}

function pause() {
  const part = document.getElementById(PAUSE?.dataset.pause);
  if (!part) return;
  const isPaused = part.dataset.state === "paused";
  part.dataset.state = isPaused ? "fresh" : "paused";
  PAUSE.setAttribute("aria-pressed", String(!isPaused));
}
