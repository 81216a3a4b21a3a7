// Chooses every row that may be chosen together; rows with a question have no box to tick.
for (const button of document.querySelectorAll("[data-pick-all]")) {
  const boxes = [...button.closest("form").querySelectorAll(`input[name="${button.dataset.pickAll}"]`)];
  button.hidden = boxes.length === 0;
  const mark = () => {
    for (const box of boxes) box.closest("li, tr")?.classList.toggle("chosen", box.checked);
  };
  button.addEventListener("click", () => {
    const isAll = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !isAll;
    mark();
  });
  for (const box of boxes) box.addEventListener("change", mark);
}
