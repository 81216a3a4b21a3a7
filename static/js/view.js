// 户外 and 长者模式 at once, without losing what stands in a form; the link itself tells the server,
// so that the next page comes the same way. data-theme-switch and data-size-switch name the value.
const root = document.documentElement;

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-theme-switch], [data-size-switch]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const kind = "themeSwitch" in link.dataset ? "theme" : "size";
  const wanted = link.dataset[`${kind}Switch`];
  const isOn = root.dataset[kind] === wanted;
  if (isOn) delete root.dataset[kind];
  else root.dataset[kind] = wanted;
  link.setAttribute("aria-pressed", String(!isOn));
  link.setAttribute("role", "button");
  const address = new URL(link.href);
  if (isOn) address.searchParams.set(kind, "normal");
  fetch(address, { credentials: "same-origin" }).catch(() => {
    // Without network the switch still holds for this page.
  });
});
