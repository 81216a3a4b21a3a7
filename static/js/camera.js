// Reads a code with the camera, or from a photograph where a page may not open the camera
// (plain http, old WeChat). What is read goes to the scan box as the event code-read.
import { readCode } from "./reader.js";

const FRAME_MS = 150;

for (const place of document.querySelectorAll("[data-camera]")) run(place);

function run(place) {
  const part = (name) => place.querySelector(`[data-${name}]`);
  const [start, stop, view, photo, says] = ["camera-start", "camera-stop", "camera-view", "photo", "camera-says"].map(part);
  const found = (code) => place.closest("form").dispatchEvent(new CustomEvent("code-read", { detail: code }));
  let stream = null;

  start.hidden = !navigator.mediaDevices?.getUserMedia;
  part("photo-label").hidden = !start.hidden;

  const close = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    stop.hidden = view.hidden = true;
    start.hidden = false;
  };
  start.addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
    } catch {
      says.textContent = says.dataset.refused;
      part("photo-label").hidden = false;
      return;
    }
    view.srcObject = stream;
    view.hidden = stop.hidden = false;
    start.hidden = true;
    await view.play();
    const canvas = document.createElement("canvas");
    while (stream) {
      const code = await readCode(place, frame(view, canvas));
      if (code && stream) {
        close();
        found(code);
      }
      await new Promise((next) => setTimeout(next, FRAME_MS));
    }
  });
  stop.addEventListener("click", close);
  addEventListener("pagehide", close);
  photo.addEventListener("change", async () => {
    const code = photo.files[0] && (await readCode(place, photo.files[0]));
    if (code) found(code);
    else says.textContent = says.dataset.none;
  });
}

function frame(view, canvas) {
  canvas.width = view.videoWidth;
  canvas.height = view.videoHeight;
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  paper.drawImage(view, 0, 0);
  return paper.getImageData(0, 0, canvas.width, canvas.height);
}
