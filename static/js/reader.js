// The QR reader: zxing-wasm, loaded only when somebody asks for it, and only from our own address.
let ready;

/** Read one QR from an ImageData or a picture file; its text, or "" when there is none. */
export async function readCode(place, picture) {
  ready ??= load(place.dataset.reader, place.dataset.wasm);
  const reader = await ready;
  const found = await reader.readBarcodes(picture, { formats: ["QRCode"], maxNumberOfSymbols: 1, tryHarder: true });
  return found[0]?.text ?? "";
}

async function load(script, wasm) {
  await new Promise((done, fail) => {
    const tag = document.createElement("script");
    tag.src = script;
    tag.addEventListener("load", done);
    tag.addEventListener("error", fail);
    document.head.append(tag);
  });
  // Its default would fetch the wasm from another host.
  const options = { overrides: { locateFile: () => wasm }, fireImmediately: true };
  await window.ZXingWASM.prepareZXingModule(options);
  return window.ZXingWASM;
}
