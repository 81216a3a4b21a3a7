// How long something may still be taken back: data-timer holds the seconds; at nought its form goes away.
for (const place of document.querySelectorAll("[data-timer]")) {
  const endsAt = Date.now() + Number(place.dataset.timer) * 1000;
  const clock = setInterval(() => {
    const left = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
    place.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) return;
    clearInterval(clock);
    const undo = place.closest("form");
    if (undo) undo.hidden = true;
  }, 1000);
}
