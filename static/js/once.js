// One submit is one request. A second tap within a second is the same tap; after ten seconds without
// an answer the outcome is unknown, and one button asks again with the same request key.
import { play } from "./sounds.js";

const SAME_TAP_MS = 1000;
const UNKNOWN_MS = 10000;
const sent = new WeakMap();

// A page with a refusal says so first; a sheet of samples stays still.
if (!document.querySelector("[data-samples]")) document.querySelector("[data-focus]")?.focus();

document.addEventListener("keydown", (event) => {
  // An input method uses Enter to choose a word; that Enter is not ours.
  if (event.key === "Enter" && event.isComposing) event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  // data-free: a form whose answer is a file; the page stays and may be asked again.
  if (event.defaultPrevented || form.method !== "post" || "free" in form.dataset) return;
  const before = sent.get(form);
  if (before && performance.now() - before.at < SAME_TAP_MS) {
    event.preventDefault();
    return;
  }
  if (before) clearTimeout(before.timer);
  const button = event.submitter?.dataset.busy ? event.submitter : form.querySelector("[data-busy]");
  const timer = setTimeout(() => outcomeUnknown(form), UNKNOWN_MS);
  sent.set(form, { at: performance.now(), timer, button, words: before?.words ?? button?.innerHTML });
  const notice = form.querySelector("[data-unknown]");
  if (notice) notice.hidden = true;
  if (!button) return;
  button.setAttribute("aria-busy", "true");
  button.textContent = button.dataset.busy;
});

function outcomeUnknown(form) {
  const notice = form.querySelector("[data-unknown]");
  if (!notice) return;
  notice.hidden = false;
  notice.scrollIntoView({ block: "center" });
  play("unknown");
}

// Coming back to a kept page: the buttons speak their own words again, and balances are fetched anew.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) restore(form);
  if (!document.querySelector("[data-keep]")) location.reload();
});

function restore(form) {
  const last = sent.get(form);
  if (!last) return;
  clearTimeout(last.timer);
  sent.delete(form);
  if (!last.button) return;
  last.button.removeAttribute("aria-busy");
  last.button.innerHTML = last.words;
}
