// The whole desk from one box: a goods number picks it (3, or 3*2 for two), Enter on the empty box confirms.
const QUIET_MS = 800; // a gun's second Enter after a scan must never confirm
const GOODS = /^(\d{1,2})(?:[*xX×](\d{1,3}))?$/;
const openedAt = performance.now();
const desk = document.querySelector("[data-desk]");
const box = desk?.querySelector("[data-scan-input]");

if (box) run();
// The pad turned to the person takes a keyboard's digits too.
document.querySelector("[data-dots] ~ #pin")?.focus();

function run() {
  const order = document.getElementById("hand-over");
  const says = desk.querySelector("[data-scan-state] span");

  // Before scan.js sees the form: what is short enough to be a goods number is one.
  document.addEventListener("submit", (event) => {
    const match = event.target === box.form && order && GOODS.exec(box.value.normalize("NFKC").trim());
    if (!match) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    box.value = "";
    says.textContent = pick(Number(match[1]), Number(match[2] ?? 1));
  }, true);

  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || event.repeat || box.value || !order) return;
    event.preventDefault();
    if (performance.now() - openedAt < QUIET_MS) return;
    if (order.querySelector("[data-cart]") && !chosen(order)) says.textContent = desk.dataset.first;
    else order.requestSubmit(order.querySelector(".primary"));
  });
}

function chosen(order) {
  return [...order.querySelectorAll("[data-line] input")].some((input) => Number(input.value) > 0);
}

function pick(number, pieces) {
  const tile = desk.querySelectorAll(".tiles > .tile")[number - 1];
  if (!tile) return desk.dataset.none;
  const name = tile.querySelector(".goods-name").textContent;
  if (!tile.dataset.add) return `${name}：${tile.querySelector(".left").textContent.trim()}`;
  const input = document.getElementById(`quantity-${tile.dataset.add}`);
  const wanted = Number(input.value) + pieces;
  input.value = Math.min(wanted, Number(input.max));
  input.dispatchEvent(new Event("input", { bubbles: true }));
  return wanted > Number(input.max) ? `${name} ×${input.value}，${desk.dataset.most}` : `${name} ×${input.value}`;
}
