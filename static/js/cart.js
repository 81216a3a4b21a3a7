// The cart adds up while the keeper taps; the server adds again and has the last word.
for (const cart of document.querySelectorAll("[data-cart]")) run(cart);

function run(cart) {
  const lines = [...cart.querySelectorAll("[data-line]")];
  const form = cart.closest("form");
  const most = cart.querySelector("[data-cart-most]");
  const amount = (line) => line.querySelector("input");

  const change = (line, by) => {
    const input = amount(line);
    const wanted = Number(input.value) + by;
    const quantity = Math.min(Math.max(wanted, 0), Number(input.max));
    most.hidden = wanted <= quantity;
    input.value = quantity;
    total();
  };
  const total = () => {
    let points = 0;
    for (const line of lines) {
      const quantity = Number(amount(line).value) || 0;
      const cost = quantity * Number(line.dataset.points);
      points += cost;
      line.hidden = quantity === 0 && document.activeElement !== amount(line);
      line.querySelector("[data-line-points]").textContent = words(cost);
      document.querySelector(`[data-add="${line.dataset.line}"]`)?.classList.toggle("chosen", quantity > 0);
    }
    say(points);
  };
  const words = (points) => `${points}${cart.querySelector("[data-cart-after]").dataset.unit}`;
  const say = (points) => {
    const left = Number(cart.dataset.spendable) - points;
    const text = cart.querySelector("[data-cart-words]");
    cart.classList.toggle("is-short", left < 0);
    cart.querySelector("[data-cart-empty]").hidden = points > 0;
    cart.querySelector("[data-cart-total]").textContent = words(points);
    text.textContent = left < 0 ? text.dataset.short : text.dataset.enough;
    cart.querySelector("[data-cart-after]").textContent = words(Math.abs(left));
    cart.querySelector("[data-cart-short]").hidden = left >= 0;
  };

  for (const line of lines) {
    for (const [name, by] of [["less", -1], ["more", 1]]) {
      const button = line.querySelector(`[data-${name}]`);
      button.hidden = false;
      button.addEventListener("click", () => change(line, by));
    }
    amount(line).addEventListener("input", total);
  }
  for (const tile of form.querySelectorAll("[data-add]")) {
    tile.setAttribute("role", "button");
    const add = (event) => {
      event.preventDefault();
      change(lines.find((line) => line.dataset.line === tile.dataset.add), 1);
    };
    tile.addEventListener("click", (event) => {
      add(event);
      // After a finger, Enter confirms; after the keyboard, the tile keeps the focus. event.detail counts taps.
      if (event.detail > 0) form.querySelector(".primary")?.focus({ preventScroll: true });
    });
    tile.addEventListener("keydown", (event) => event.key === " " && add(event));
  }
  form.addEventListener("submit", (event) => {
    const short = cart.querySelector("[data-cart-short]");
    if (short.hidden) return;
    event.preventDefault();
    short.focus();
  });
  total();
}
