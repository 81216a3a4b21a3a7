// data-print prints; data-copy copies the text of the element it names and says so for six seconds.
const TOAST_MS = 6000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-print], [data-copy]");
  if (!button) return;
  if ("print" in button.dataset) {
    print();
    return;
  }
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard?.writeText(source.textContent.trim());
  tell(button.dataset.copied);
});

function tell(words) {
  const toast = document.createElement("p");
  toast.className = "toast";
  toast.textContent = words;
  document.querySelector("[data-toasts]")?.append(toast);
  let timer = setTimeout(() => toast.remove(), TOAST_MS);
  // Reading takes as long as it takes: a finger or pointer on the words holds them.
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => (timer = setTimeout(() => toast.remove(), TOAST_MS)));
}
