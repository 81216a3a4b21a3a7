// Keys for people who do not type: data-numpad names the input, data-key is a digit, back or clear.
// data-dots on another element shows how many digits stand there, never which.
for (const pad of document.querySelectorAll("[data-numpad]")) {
  const field = document.getElementById(pad.dataset.numpad);
  const dots = document.querySelector(`[data-dots="${pad.dataset.numpad}"]`);
  pad.hidden = false;
  if (dots) {
    dots.hidden = false;
    // The pad is turned to the person: no keyboard slides over it, and the field itself need not show.
    field.classList.add("visually-hidden");
    field.inputMode = "none";
    field.addEventListener("input", () => fill(dots, field.value.length));
  }
  pad.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key) return;
    field.value = pressed(field, key);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

function pressed(field, key) {
  if (key === "clear") return "";
  if (key === "back") return field.value.slice(0, -1);
  const longest = field.maxLength > 0 ? field.maxLength : 9;
  return (field.value + key).slice(0, longest);
}

function fill(dots, count) {
  [...dots.children].forEach((dot, i) => dot.classList.toggle("full", i < count));
}
