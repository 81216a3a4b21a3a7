// Quantities beside goods: − and + buttons, and what is left afterwards. The server adds again on the next page and has the last word.
for (const form of document.querySelectorAll("[data-tally]")) run(form);

function run(form) {
  const rows = [...form.querySelectorAll("[data-points]")];
  const amount = (row) => row.querySelector("input");

  const change = (row, by) => {
    const input = amount(row);
    input.value = Math.min(Math.max((Number(input.value) || 0) + by, 0), Number(input.max));
    total();
  };
  const total = () => {
    const points = rows.reduce((sum, row) => sum + (Number(amount(row).value) || 0) * whole(row.dataset.points), 0);
    const left = whole(form.dataset.tally) - points;
    const line = form.querySelector("[data-tally-line]");
    const words = line.querySelector("[data-tally-words]");
    const number = line.querySelector("[data-tally-points]");
    line.hidden = points === 0;
    line.classList.toggle("is-short", left < 0);
    words.textContent = left < 0 ? words.dataset.short : words.dataset.enough;
    number.textContent = `${Math.abs(left)}${number.dataset.unit}`;
  };

  for (const row of rows) {
    for (const [name, by] of [["less", -1], ["more", 1]]) {
      const button = row.querySelector(`[data-${name}]`);
      button.hidden = false;
      button.addEventListener("click", () => change(row, by));
    }
    amount(row).addEventListener("input", total);
  }
  total();
}

// Ten thousand and more is written with commas.
function whole(text) {
  return Number(text.replaceAll(",", ""));
}
