// A page that needs a person: turning it, marking its corners, finding whom a spare is about.

import { get, send } from "./talk.js";

const NAMES = ["左上", "右上", "右下", "左下"];
const LENS = 4; // times that the lens enlarges
const at = (id) => document.getElementById(id);
const number = at("page").dataset.page;
let turn = 0;
let handles = []; // of the corners, while they are being marked

// --- turning ---------------------------------------------------------------------------------------

at("turn").addEventListener("click", () => {
  turn = (turn + 90) % 360;
  at("scan").src = `/image/page/${number}?turn=${turn}`;
});

for (const paper of document.querySelectorAll(".paper"))
  paper.querySelector("img").addEventListener("click", () => !handles.length && paper.classList.toggle("large"));

// --- corners ---------------------------------------------------------------------------------------

at("corners").addEventListener("click", () => (handles.length ? cancel() : begin()));
at("corner-read").addEventListener("click", read);

async function begin() {
  await at("scan").decode().catch(() => {}); // until it is there, nobody knows where its corners lie
  if (handles.length) return;
  at("corner-help").hidden = false;
  const start = [[0.04, 0.04], [0.96, 0.04], [0.96, 0.96], [0.04, 0.96]];
  at("paper").classList.add("marking");
  handles = start.map((place, n) => handle(place, n));
  at("paper").append(...handles.map((one) => one.element));
  handles[0].element.focus();
}

new ResizeObserver(() => handles.forEach((one) => put(one, one.place))).observe(at("scan"));

function cancel() {
  handles.forEach((one) => one.element.remove());
  handles = [];
  at("corner-help").hidden = true;
  at("paper").classList.remove("marking");
  at("corners").focus();
}

function handle(place, n) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "corner";
  element.setAttribute("aria-label", `${NAMES[n]}角`);
  const lens = document.createElement("span");
  lens.className = "lens";
  element.append(lens);
  const one = { element, lens, place };
  put(one, place);
  element.addEventListener("keydown", (event) => moveByKey(one, event));
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    element.focus({ preventScroll: true });
  });
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    const box = at("scan").getBoundingClientRect();
    put(one, [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  });
  return one;
}

function put(one, [x, y]) {
  const image = at("scan");
  one.place = [x, y].map((share) => Math.max(0, Math.min(1, share)));
  one.element.style.left = `${image.offsetLeft + one.place[0] * image.width}px`;
  one.element.style.top = `${image.offsetTop + one.place[1] * image.height}px`;
  const side = 120;
  Object.assign(one.lens.style, {
    backgroundImage: `url("${image.src}")`,
    backgroundSize: `${image.width * LENS}px ${image.height * LENS}px`,
    backgroundPosition: `${side / 2 - one.place[0] * image.width * LENS}px ${side / 2 - one.place[1] * image.height * LENS}px`,
  });
  one.lens.classList.toggle("below", one.place[1] < 0.2);
  one.lens.classList.toggle("left", one.place[0] > 0.5);
}

function moveByKey(one, event) {
  const step = (event.shiftKey ? 10 : 1) / at("scan").naturalWidth;
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (move) put(one, [one.place[0] + move[0] * step, one.place[1] + move[1] * step]);
  else if (event.key === "Enter") read();
  else if (event.key === "Escape") cancel();
  else return;
  event.preventDefault();
}

async function read() {
  const serial = at("serial").value;
  if (!serial) {
    at("corner-message").textContent = "请先填页脚的编号";
    at("serial").focus();
    return;
  }
  at("corner-message").textContent = "正在识读……";
  const corners = handles.map((one) => one.place);
  const of_markers = at("corner-of").value === "markers";
  try {
    const { next } = await send(`/pages/${number}/corners`, { serial, corners, of_markers, turn });
    location.assign(next);
  } catch (error) {
    at("corner-message").textContent = error.message;
  }
}

// --- whom a spare is about ---------------------------------------------------------------------------

const typed = at("subject-typed");
let found = [];
let chosen = -1;

typed?.addEventListener("input", async () => {
  const words = typed.value;
  const answer = await get(`/pages/${number}/subjects?typed=${encodeURIComponent(words)}`);
  const subjects = await answer.json();
  if (words !== typed.value) return;
  found = subjects;
  pick(found.length ? 0 : -1);
});

typed?.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !found.length) return;
  pick(Math.max(0, Math.min(chosen + step, found.length - 1)));
  event.preventDefault();
});

at("subject-form")?.addEventListener("submit", (event) => {
  if (!at("subject").value) event.preventDefault();
});

function pick(n) {
  chosen = n;
  at("subject").value = found[n]?.subject ?? "";
  at("subjects").replaceChildren(
    ...found.map((one, m) => {
      const entry = document.createElement("li");
      entry.textContent = `${one.name}　${one.code}　${one.where}`;
      entry.classList.toggle("chosen", m === n);
      entry.addEventListener("click", () => pick(m));
      return entry;
    }),
  );
}
