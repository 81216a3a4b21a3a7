// What a keeper hears without looking: done is one short high note, refused two low, unknown three.
// Elements with data-sound play theirs once when the page opens.
const NOTES = {
  done: { hertz: 1046, times: 1, seconds: 0.12, shake: [60] },
  refused: { hertz: 220, times: 2, seconds: 0.18, shake: [120, 80, 120] },
  unknown: { hertz: 440, times: 3, seconds: 0.12, shake: [80, 80, 80, 80, 80] },
};
const GAP_SECONDS = 0.1;
let speaker;

export function play(kind) {
  const note = NOTES[kind];
  if (!note) return;
  // Browsers refuse to shake or sound before the first touch; the words on the page say the same.
  if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(note.shake);
  const Speaker = window.AudioContext;
  if (!Speaker) return;
  speaker ??= new Speaker();
  for (let i = 0; i < note.times; i += 1) sound(note, speaker.currentTime + i * (note.seconds + GAP_SECONDS));
}

function sound({ hertz, seconds }, at) {
  const voice = speaker.createOscillator();
  const volume = speaker.createGain();
  voice.frequency.value = hertz;
  volume.gain.setValueAtTime(0.25, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
  voice.connect(volume).connect(speaker.destination);
  voice.start(at);
  voice.stop(at + seconds);
}

// A sheet of samples (data-samples) stays silent.
const spoken = document.querySelector("[data-samples]") ? null : document.querySelector("[data-sound]");
if (spoken && !spoken.dataset.played) {
  spoken.dataset.played = "yes";
  play(spoken.dataset.sound);
}
