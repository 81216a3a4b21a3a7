// A receipt checked by the phone that reads it: the RFC 9162 inclusion path from the entry's hash to the book's head, with SHA-256.
// Where the browser cannot (no https, another hash), the words of the server stay and say who did the sum.
for (const place of document.querySelectorAll("[data-verify]")) run(place);

function run(place) {
  const start = place.querySelector("[data-verify-start]");
  const said = place.querySelector("[data-verify-said]");
  const facts = place.dataset;
  start.hidden = false;
  start.querySelector("button").addEventListener("click", async () => {
    start.hidden = true;
    if (!globalThis.crypto?.subtle || facts.algorithm !== "sha256") {
      said.textContent = facts.unable;
      return;
    }
    const path = facts.path ? facts.path.split(" ").map(bytes) : [];
    const root = await rootOf(bytes(facts.leaf), Number(facts.index), Number(facts.size), path);
    said.textContent = root !== null && hex(root) === facts.root ? facts.ok : facts.wrong;
  });
}

// RFC 9162 §2.1.3.2. Returns null when the path has the wrong length.
async function rootOf(leaf, index, size, path) {
  let place = index;
  let last = size - 1;
  let hash = leaf;
  for (const step of path) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      hash = await node(step, hash);
      while (place % 2 === 0 && place !== 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = await node(hash, step);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : null;
}

async function node(left, right) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array([1, ...left, ...right])));
}

function bytes(text) {
  return new Uint8Array(text.match(/../g).map((pair) => parseInt(pair, 16)));
}

function hex(data) {
  return [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
