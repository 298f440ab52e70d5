// The keying loop. Items and their crops are loaded ahead; a step shows the next item at once and is sent
// behind it, in order, until the server has it.

import { answerBox, digitOf, expectation, showCharacters } from "./answer.js";
import { forget, load, showLooks, showWhole } from "./picture.js";
import { isSigningIn, newDesk, Refused, send, sendAndForget } from "./talk.js";

const BOUNCE_MS = 150; // nobody reads a crop or a remark faster: an Enter so soon after the last is a bouncing key
const CHECK_MS = 1_500;
const HOLD_EVERY_MS = 45_000;
const RETRY_MS = 2_000;
const REFER_REASONS = ["字迹看不准", "内容与选项矛盾", "疑似填错行或填错框", "需要问填表人"];
const REJECT_REASONS = ["扫描模糊或残缺，需重新扫描", "不是这一张表的内容", "复印件，应以原件为准", "整页作废"];

const at = (id) => document.getElementById(id);
const start = JSON.parse(at("work").dataset.start);
const desk = newDesk();
const queue = []; // queue[0] is on the screen
const outbox = []; // steps that the server does not have yet
const pace = { begun: Date.now(), done: 0 };
let box = null; // where the answer goes
let shownAt = 0;
let soft = ""; // the remark that Enter may override
let saidAt = 0; // when it was made
let counts = { left: 0, all: 0 };
let sending = false;
let checking = false;
let asking = false;
let lastHold = Date.now();
let lapsed = false;

// --- items -----------------------------------------------------------------------------------------

function ids() {
  return [...queue, ...outbox.map((step) => step.item)].map((item) => item.id);
}

function add(answer) {
  if (answer.left !== undefined) counts = answer;
  for (const item of answer.items) {
    if (ids().includes(item.id)) continue;
    queue.push(item);
    item.looks.forEach(load);
  }
  if (queue.length && !box) present();
  paintCounts();
}

async function more() {
  if (asking || lapsed) return;
  asking = true;
  try {
    add(await send("/key/take", { desk, ...start, have: ids() }));
    online();
    if (!queue.length) finish();
  } catch (error) {
    offline(error, more);
  } finally {
    asking = false;
  }
}

function finish() {
  const others = counts.left > 0;
  const [title, words] = others
    ? ["请稍候", `余下 ${counts.left} 项正由其他同事处理，若有放回会自动出现。`]
    : counts.all > 0
      ? ["您的部分完成了", `余下 ${counts.all} 项需要另一位同事录入（盲录和裁定不能由同一人做两次）。`]
      : ["全部完成", "这里没有要录入的了，辛苦了！新的扫描件读完后会自动出现在这里。"];
  at("finished").querySelector("h1").textContent = title;
  at("finished").querySelector("p").textContent = words;
  if (at("finished").hidden) {
    at("finished").hidden = false;
    at("work").hidden = true;
    at("finished").focus();
  }
  box = null;
  setTimeout(() => !queue.length && more(), 4_000);
}

// --- showing ---------------------------------------------------------------------------------------

function present() {
  const item = queue[0];
  at("finished").hidden = true;
  at("work").hidden = false;
  at("place").textContent = `${item.form}　第 ${item.page} 页　${item.section}　编号 ${item.serial}`;
  at("label").textContent = item.question.label || "勾选";
  at("expects").textContent = expectation(item.question);
  at("doubt").textContent = [item.reason && `转来原因：${item.reason}`, item.doubt].filter(Boolean).join("　");
  at("said").textContent = at("said").title = item.said.map(([who, words]) => `${who}：${words}`).join("　");
  const badge = { first: "盲录", second: "盲录", sample: "盲录", third: "裁定" }[item.kind];
  at("badge").hidden = !badge && !item.undone;
  at("badge").textContent = item.undone ? "已撤销，请重填" : badge;
  showCharacters(at("characters"), item.characters);
  say("");
  const choice = ["single", "multiple", "signature"].includes(item.question.kind);
  at("keys-choice").hidden = !choice;
  at("keys-text").hidden = choice;
  let mark = () => {};
  let chosen = [];
  box = answerBox(at("answer"), item, (now) => {
    chosen = now ?? [];
    mark(chosen);
    if (soft) say("");
  });
  box.focus();
  shownAt = 0;
  const reveal = () => {
    if (queue[0] !== item) return;
    mark = showLooks(at("stage"), item.looks);
    mark(chosen);
    shownAt = performance.now();
    requestAnimationFrame(() => performance.mark("shown", { detail: item.id }));
  };
  if (item.looks.every((look) => look.picture)) return reveal();
  at("stage").replaceChildren();
  Promise.all(item.looks.map(load)).then(reveal);
}

function paintCounts() {
  const left = Math.max(counts.left - outbox.length, queue.length);
  at("left").textContent = `余 ${left} 项`;
  const hours = (Date.now() - pace.begun) / 3_600_000;
  at("pace").textContent = pace.done >= 5 ? `已录 ${pace.done} 项，每小时 ${Math.round(pace.done / hours)} 项` : "";
}

function say(words, kind = "") {
  at("message").textContent = words;
  at("message").className = `message ${kind}`;
  soft = kind === "soft" ? words : "";
  saidAt = soft ? performance.now() : 0;
}

let toastTimer;
function toast(words) {
  at("banner").textContent = words;
  at("banner").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (at("banner").hidden = true), 6_000);
}

// --- steps -----------------------------------------------------------------------------------------

/** The item on the screen is done with: show the next one and send this step behind it. */
function step(action, { value = null, reason = "" } = {}) {
  const item = queue.shift();
  const seconds = (performance.now() - shownAt) / 1000;
  outbox.push({ item, action, value, reason, seconds });
  if (action === "save" || action === "unreadable") pace.done += 1;
  box = null;
  if (queue.length) present();
  else at("stage").replaceChildren();
  paintCounts();
  deliver();
}

async function save() {
  if (!box || !shownAt || checking || performance.now() - Math.max(shownAt, saidAt) < BOUNCE_MS) return;
  const item = queue[0];
  const value = box.value();
  let problem = box.check();
  if (!problem && item.checked) problem = await oddity(item, value);
  if (queue[0] !== item || !box) return; // something else came between
  if (problem?.hard) return say(problem.hard, "hard");
  if (problem?.soft && soft !== problem.soft) return say(problem.soft, "soft");
  step("save", { value });
}

/** What the form's rules have to say of an answer. A server that is slow or away keeps nobody waiting. */
async function oddity(item, value) {
  checking = true;
  const patience = new Promise((resolve) => setTimeout(resolve, CHECK_MS, { amiss: "" }));
  try {
    const { amiss } = await Promise.race([send("/key/check", { task: item.id, value }), patience]);
    return amiss ? { soft: `${amiss}；纸上若确是如此，请再按一次 Enter` } : null;
  } catch (error) {
    return error.status === 422 ? { hard: error.message } : null;
  } finally {
    checking = false;
  }
}

async function deliver() {
  if (sending) return;
  sending = true;
  while (outbox.length) {
    const { item, action, value, reason, seconds } = outbox[0];
    try {
      const done = { task: item.id, action, value, reason, seconds };
      const answer = await send("/key/done", { desk, ...start, ...done, have: ids() });
      outbox.shift();
      item.looks.forEach(forget);
      lastHold = Date.now();
      keepUntil(answer.held_until);
      add(answer);
      online();
    } catch (error) {
      if (!(error instanceof Refused)) {
        offline(error, deliver);
        break;
      }
      outbox.shift();
      refused(item, value, error);
    }
  }
  sending = false;
  paintCounts();
  if (!outbox.length && !queue.length) more();
}

function refused(item, value, error) {
  toast(error.message);
  if (error.status !== 422) return;
  item.value = value; // back to the screen, with what was typed
  queue.unshift(item);
  present();
}

let undoing = Promise.resolve();
function undo() {
  if (box) queue[0].value = box.value(); // what is typed so far is there again afterwards
  box = null;
  undoing = undoing.then(takeBack);
}

async function takeBack() {
  await settled();
  try {
    const { items } = await send("/key/undo", { desk });
    if (!items.length) toast("没有可以撤销的了");
    for (const item of items.reverse()) {
      const there = queue.findIndex((other) => other.id === item.id);
      if (there >= 0) queue.splice(there, 1);
      queue.unshift(item);
      item.looks.forEach(load);
    }
  } catch (error) {
    toast(error.message);
  }
  if (queue.length) present();
  paintCounts();
}

/** Until the server has all steps. */
async function settled() {
  while (outbox.length) await new Promise((resolve) => setTimeout(resolve, 20));
}

// --- holding on --------------------------------------------------------------------------------------

function keepUntil(time) {
  if (time) for (const item of queue) item.held_until = time;
}

async function stillHere() {
  if (Date.now() - lastHold < HOLD_EVERY_MS || lapsed || !queue.length) return;
  lastHold = Date.now();
  try {
    keepUntil((await send("/key/hold", { desk })).held_until);
  } catch (error) {
    if (error instanceof Refused) toast(error.message);
  }
}

setInterval(() => {
  const until = queue[0]?.held_until;
  if (!until || isSigningIn()) return void (at("timer").textContent = "");
  const left = Math.max(0, Math.round(until - Date.now() / 1000));
  at("timer").textContent = `为您保留 ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  at("timer").classList.toggle("soon", left < 60);
  if (left === 0 && !lapsed) lapse();
}, 500);

/** Nobody was there for too long: the items went back, so that others can have them. */
function lapse() {
  lapsed = true;
  box = null;
  queue.splice(0).forEach((item) => item.looks.forEach(forget));
  at("finished").querySelector("h1").textContent = "久未操作，条目已放回";
  at("finished").querySelector("p").textContent = "已保存的都在。按 Enter 继续。";
  at("finished").hidden = false;
  at("work").hidden = true;
  at("finished").focus();
}

let retry;
function offline(error, again) {
  console.warn(error);
  at("banner").textContent = `连不上服务器，正在重试；${outbox.length} 项尚未保存，请不要关闭页面`;
  at("banner").hidden = false;
  at("banner").classList.add("bad");
  clearTimeout(retry);
  retry = setTimeout(again, RETRY_MS);
}

function online() {
  if (!at("banner").classList.contains("bad")) return;
  at("banner").classList.remove("bad");
  at("banner").hidden = true;
}

window.addEventListener("pagehide", () => sendAndForget("/key/leave", { desk }));
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
window.addEventListener("beforeunload", (event) => outbox.length && event.preventDefault());

// --- menus -------------------------------------------------------------------------------------------

function choose(dialog, list, entries) {
  at(list).replaceChildren(
    ...entries.map(([words], n) => {
      const entry = document.createElement("li");
      const cap = document.createElement("kbd");
      cap.textContent = n + 1;
      entry.append(cap, words);
      entry.addEventListener("click", () => pick(n));
      return entry;
    }),
  );
  const pick = (n) => {
    at(dialog).close();
    entries[n][1]();
  };
  at(dialog).onkeydown = (event) => {
    const n = digitOf(event);
    if (!n || +n < 1 || +n > entries.length) return;
    event.preventDefault();
    event.stopPropagation();
    pick(n - 1);
  };
  at(dialog).showModal();
}

function openMenu() {
  choose("menu", "menu-list", [
    ["无法辨认", () => step("unreadable")],
    ["交给主管……", () => askReason("交给主管", REFER_REASONS, (reason) => step("refer", { reason }))],
    ["退回这一页……", () => askReason("退回这一页", REJECT_REASONS, rejectPage)],
  ]);
}

function rejectPage(reason) {
  const serial = queue[0].serial;
  const page = queue[0].page;
  step("reject", { reason });
  // The rest of that page is asked no more.
  for (let n = queue.length - 1; n >= 0; n -= 1)
    if (queue[n].serial === serial && queue[n].page === page) queue.splice(n, 1);
  if (queue.length) present();
}

function askReason(title, reasons, act) {
  const dialog = at("reason");
  const text = at("reason-text");
  at("reason-title").textContent = title;
  text.value = at("reason-message").textContent = "";
  let chosen = -1;
  const entries = reasons.map((reason) => {
    const entry = document.createElement("li");
    entry.textContent = reason;
    entry.addEventListener("click", () => confirm(reason));
    return entry;
  });
  at("reason-list").replaceChildren(...entries);
  const confirm = (reason) => {
    dialog.close();
    act(reason);
  };
  const paint = () => entries.forEach((entry, n) => entry.classList.toggle("chosen", n === chosen));
  dialog.onkeydown = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      chosen = Math.max(0, Math.min(chosen + move, reasons.length - 1));
      text.value = reasons[chosen];
      paint();
      event.preventDefault();
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (text.value.trim()) confirm(text.value.trim());
      else at("reason-message").textContent = "请选一个原因，或写明原因";
    }
  };
  dialog.showModal();
  text.focus();
}

async function toggleWhole() {
  const dialog = at("whole");
  if (dialog.open) return dialog.close();
  if (!queue.length) return;
  dialog.showModal();
  try {
    await showWhole(at("whole-page"), queue[0].looks);
  } catch (error) {
    at("whole-page").textContent = error.message;
  }
}

for (const dialog of document.querySelectorAll("dialog"))
  dialog.addEventListener("close", () => {
    if (dialog.id === "whole") at("whole-page").replaceChildren();
    box?.focus();
  });

// --- keys --------------------------------------------------------------------------------------------

const ACTIONS = { Enter: save, PageUp: undo, PageDown: () => box && shownAt && step("skip"), F2: toggleWhole, Escape: openMenu };

document.addEventListener("keydown", (event) => {
  // While an input method composes, every key is the input method's: also the Enter that ends it.
  if (event.isComposing || event.keyCode === 229 || isSigningIn()) return;
  stillHere();
  const open = document.querySelector("dialog[open]");
  if (open) {
    if (open.id === "whole" && event.key === "F2") {
      event.preventDefault();
      toggleWhole();
    }
    return;
  }
  if (lapsed && event.key === "Enter") return location.reload();
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
  const act = plain ? ACTIONS[event.key] : undefined;
  if (act && (box || act === undo)) {
    event.preventDefault();
    if (!event.repeat) act(); // a key held down must not run through the queue
  } else if (box?.onKey(event)) {
    event.preventDefault();
  }
});
document.addEventListener("pointerup", (event) => {
  stillHere();
  if (!event.target.closest("dialog, a, button, input")) box?.focus();
});

more();
