// A code that renews itself. data-renew holds the seconds left, data-period the whole length, id the
// part of this same page that is fetched again; data-state says how it stands: fresh, last, renewing,
// offline, paused. The page fetched is the page shown, so the server decides everything.
const LAST_SECONDS = 5;
const RETRY_SECONDS = 5;

for (const part of document.querySelectorAll("[data-renew]")) run(part);

function run(part) {
  const period = Number(part.dataset.period);
  // Counting down to a moment, not by ticks: a sleeping tab wakes up with the right number.
  let renewAt = Date.now() + Number(part.dataset.renew) * 1000;
  const tick = async () => {
    if (part.dataset.state === "paused") return;
    const left = Math.max(0, Math.ceil((renewAt - Date.now()) / 1000));
    show(part, left, period);
    if (left > 0) {
      if (part.dataset.state !== "offline") part.dataset.state = left <= LAST_SECONDS ? "last" : "fresh";
      return;
    }
    clearInterval(clock);
    const next = await fetchPart(part);
    if (next === null) {
      part.dataset.state = "offline";
      renewAt = Date.now() + RETRY_SECONDS * 1000;
      clock = setInterval(tick, 1000);
      return;
    }
    part.replaceWith(next);
    if ("renew" in next.dataset) run(next);
    next.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
  };
  let clock = setInterval(tick, 1000);
  tick();
}

function show(part, left, period) {
  const number = part.querySelector("[data-seconds]");
  const ring = part.querySelector("[data-ring]");
  if (number) number.textContent = left;
  if (ring) ring.style.strokeDashoffset = String(100 - (100 * left) / period);
}

async function fetchPart(part) {
  if (part.dataset.state !== "offline") part.dataset.state = "renewing";
  try {
    const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout?.(8000) });
    if (!answer.ok) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById(part.id);
    return next ? document.adoptNode(next) : null;
  } catch {
    return null;
  }
}
