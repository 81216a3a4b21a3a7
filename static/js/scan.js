// The scan box. A scanner gun types, often through a Chinese input method: full-width letters,
// 、for /, a trailing Enter or Tab, the same code twice. Also receives what the camera read.
const SAME_SCAN_MS = 2000;

for (const form of document.querySelectorAll("[data-scan]")) run(form);

function run(form) {
  const box = form.querySelector("[data-scan-input]");
  const says = form.querySelector("[data-scan-state] span");
  let last = { code: "", at: -Infinity };

  const send = () => {
    box.value = normal(box.value);
    if (box.value) form.requestSubmit();
  };
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Tab") || event.shiftKey || !box.value) return;
    event.preventDefault();
    send();
  });
  form.addEventListener("submit", (event) => {
    const code = (box.value = normal(box.value));
    if (code === last.code && performance.now() - last.at < SAME_SCAN_MS) {
      event.preventDefault();
      event.stopPropagation();
      says.textContent = says.parentElement.dataset.same;
      return;
    }
    last = { code, at: performance.now() };
    form.classList.add("reading");
    says.textContent = says.parentElement.dataset.reading;
  });
  form.addEventListener("code-read", (event) => {
    box.value = event.detail;
    send();
  });
  keepFocus(box);
}

// A gun does not look where it types: its first letter moves to the scan box whatever holds the focus,
// so that its last Enter can never press a button. Real writing fields, the space bar and digits in
// number fields are left alone.
function keepFocus(box) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.key.length !== 1 || event.key === " ") return;
    const place = document.activeElement;
    const isNumber = place.matches("input[type=number]");
    if (isNumber ? /\d/.test(event.key) : place.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return;
    box.focus();
  });
  addEventListener("focus", () => {
    if (document.activeElement === document.body) box.focus();
  });
}

export function normal(text) {
  return text.normalize("NFKC").replaceAll("、", "/").replaceAll("。", ".").trim();
}
