// A screen of cells that were read alike: mark the odd ones, confirm the rest with one key.

import { forget, load, show } from "./picture.js";
import { isSigningIn, newDesk, send, sendAndForget } from "./talk.js";

const HOLD_EVERY_MS = 45_000;
const BOUNCE_MS = 400; // nobody takes a whole screen in sooner

const at = (id) => document.getElementById(id);
const alike = at("work").dataset.alike;
const desk = newDesk();
let cells = [];
let odd = new Set();
let cursor = 0;
let shownAt = 0;
let busy = false;
let until = 0;
let lastHold = Date.now();

async function exchange(path, more = {}) {
  if (busy) return;
  busy = true;
  try {
    const answer = await send(path, { desk, alike, ...more });
    if (answer.refused?.length) toast(`${answer.refused.length} 项已由他人处理`);
    await paint(answer);
  } catch (error) {
    toast(error.message);
  } finally {
    busy = false;
  }
}

async function paint(answer) {
  cells.forEach(forget);
  cells = answer.cells;
  until = answer.held_until;
  odd = new Set();
  cursor = shownAt = 0;
  at("left").textContent = `余 ${answer.left} 项`;
  at("finished").hidden = cells.length > 0;
  at("work").hidden = !cells.length;
  if (!cells.length) return at("next-group").focus();
  await Promise.all(cells.map(load));
  arrange(cells[0].crop);
  at("cells").replaceChildren(...cells.map(drawn));
  focusCell(0);
  paintOdd();
  shownAt = performance.now();
  performance.mark("shown");
}

/** Rows as high as the crops need, and as many side by side as stay readable. */
function arrange({ width, height }) {
  const ratio = width / height;
  const side = ratio > 4 ? 3 : ratio > 2 ? 4 : 6;
  const wide = (at("cells").clientWidth - 8 * side) / side - 16;
  at("cells").style.gridTemplateColumns = `repeat(${side}, 1fr)`;
  at("cells").style.gridAutoRows = `${Math.max(54, Math.min(96, wide / ratio + 16))}px`;
}

function drawn(cell, n) {
  const entry = document.createElement("li");
  entry.setAttribute("role", "option");
  entry.tabIndex = -1;
  if (cell.picture) {
    const chosen = Array.isArray(cell.value) ? cell.value : [cell.value];
    show(entry, cell.picture, cell.crop)(chosen);
  } else {
    entry.textContent = cell.broken;
  }
  entry.addEventListener("click", () => {
    focusCell(n);
    toggle(n);
  });
  return entry;
}

function focusCell(n) {
  cursor = Math.max(0, Math.min(n, cells.length - 1));
  at("cells").children[cursor].focus();
}

function toggle(n) {
  const { id } = cells[n];
  if (!odd.delete(id)) odd.add(id);
  paintOdd();
}

function paintOdd() {
  [...at("cells").children].forEach((entry, n) => entry.setAttribute("aria-selected", odd.has(cells[n].id)));
  at("odd").textContent = odd.size ? `挑出 ${odd.size} 项，其余 ${cells.length - odd.size} 项将确认` : `${cells.length} 项`;
}

function confirm() {
  if (!shownAt || performance.now() - shownAt < BOUNCE_MS) return;
  const seconds = (performance.now() - shownAt) / 1000;
  exchange("/grid/confirm", { tasks: cells.map((cell) => cell.id), odd: [...odd], seconds });
}

/** How many cells stand side by side. */
function columns() {
  const tops = [...at("cells").children].map((entry) => entry.offsetTop);
  return tops.filter((top) => top === tops[0]).length;
}

let toastTimer;
function toast(words) {
  at("banner").textContent = words;
  at("banner").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (at("banner").hidden = true), 6_000);
}

setInterval(() => {
  const left = Math.max(0, Math.round(until - Date.now() / 1000));
  at("timer").textContent = cells.length ? `为您保留 ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
  at("timer").classList.toggle("soon", left < 60);
  if (cells.length && left === 0 && !isSigningIn() && !busy) location.assign("/grid");
}, 500);

async function stillHere() {
  if (Date.now() - lastHold < HOLD_EVERY_MS) return;
  lastHold = Date.now();
  until = (await send("/key/hold", { desk })).held_until;
}

window.addEventListener("pagehide", () => sendAndForget("/key/leave", { desk }));
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

const MOVES = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -columns(), ArrowDown: columns };

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || isSigningIn()) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  stillHere();
  if (event.key === "PageUp") {
    event.preventDefault();
    if (!event.repeat) exchange("/grid/undo");
  }
  if (!cells.length || busy) return;
  if (MOVES[event.key]) focusCell(cursor + MOVES[event.key]());
  else if (event.key === " ") toggle(cursor);
  else if (event.key === "Enter") event.repeat || confirm();
  else return;
  event.preventDefault();
});

exchange("/grid/take");
