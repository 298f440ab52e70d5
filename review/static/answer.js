// What a person answers with: choices under keys, or a text box with candidates. One factory per kind.

import { get } from "./talk.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", ..."ABCDEFGHIJKLMN"];
const DOUBTFUL = 0.8; // a character's probability below which it is coloured

/** An answer box for the item. It has `value()`, `focus()`, `onKey(event)` → handled, `check()` → problem. */
export function answerBox(place, item, onChange) {
  const kind = item.question.kind;
  if (kind === "single" || kind === "multiple" || kind === "signature") return new Choice(place, item, onChange);
  return new Typed(place, item, onChange);
}

class Choice {
  constructor(place, item, onChange) {
    this.item = item;
    this.onChange = onChange;
    this.many = item.question.kind === "multiple";
    this.signature = item.question.kind === "signature";
    this.options = this.signature ? [{ key: true, label: "有" }] : item.question.options;
    this.chosen = new Set(this.#given(item.value));
    this.empty = item.proposed && !this.chosen.size; // said to be blank, by the reader or with a key
    this.group = document.createElement("div");
    this.group.className = this.options.length > 6 ? "choices many" : "choices";
    this.group.tabIndex = 0;
    this.group.setAttribute("role", this.many ? "group" : "radiogroup");
    this.group.setAttribute("aria-labelledby", "label");
    this.buttons = this.options.map((option, n) => this.#button(KEYS[n], option.label, () => this.#toggle(option)));
    this.blank = this.#button("0", this.signature ? "没有" : "空白（未填）", () => this.#clear());
    this.blank.classList.add("blank");
    this.group.append(...this.buttons, this.blank);
    place.replaceChildren(this.group);
    this.#paint();
  }

  #given(value) {
    if (Array.isArray(value)) return value;
    return value === null || value === false ? [] : [value];
  }

  #button(key, label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("role", this.many ? "checkbox" : "radio");
    const cap = document.createElement("kbd");
    cap.textContent = key;
    const words = document.createElement("span");
    words.textContent = label;
    button.append(cap, words);
    button.addEventListener("click", () => {
      act();
      this.focus();
    });
    return button;
  }

  #toggle(option) {
    const had = this.chosen.has(option.key);
    if (!this.many) this.chosen.clear();
    if (had && this.many) this.chosen.delete(option.key);
    else this.chosen.add(option.key);
    this.empty = false;
    this.#paint();
  }

  #clear() {
    this.chosen.clear();
    this.empty = true;
    this.#paint();
  }

  #paint() {
    this.options.forEach((option, n) => this.buttons[n].setAttribute("aria-checked", this.chosen.has(option.key)));
    this.blank.setAttribute("aria-checked", this.empty);
    this.onChange([...this.chosen]);
  }

  focus() {
    this.group.focus({ preventScroll: true });
  }

  value() {
    if (this.signature) return this.chosen.has(true);
    return this.many ? [...this.chosen].sort() : ([...this.chosen][0] ?? null);
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    const pressed = digitOf(event) ?? event.key.toUpperCase();
    if (pressed === "0") {
      this.#clear();
      return true;
    }
    const n = KEYS.indexOf(pressed);
    if (n < 0 || n >= this.options.length) return false;
    this.#toggle(this.options[n]);
    return true;
  }

  check() {
    if (!this.chosen.size && !this.empty) return { soft: `没有选择；${this.signature ? "确实没有" : "纸上确是空白"}，请再按一次 Enter` };
    const { most } = this.item.question;
    const chosen = this.options.filter((option) => this.chosen.has(option.key));
    if (this.many && most && chosen.length > most) return { soft: `限选 ${most} 项，纸上若确是如此，请再按一次 Enter` };
    if (chosen.length > 1 && chosen.some((option) => option.exclusive))
      return { soft: "“无/不了解”与其他选项同选，纸上若确是如此，请再按一次 Enter" };
    return null;
  }
}

class Typed {
  constructor(place, item, onChange) {
    this.item = item;
    this.question = item.question;
    this.numeric = this.question.kind === "digits" || this.question.kind === "date";
    this.onChange = onChange;
    this.input = document.createElement("input");
    this.input.className = this.numeric ? "typed digits" : "typed";
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.inputMode = this.numeric ? "numeric" : "text";
    this.input.setAttribute("aria-labelledby", "label");
    this.input.setAttribute("aria-describedby", "message");
    this.input.value = this.#written(item.value);
    this.input.placeholder = item.proposed ? "空白（未填）" : "";
    this.list = document.createElement("ol");
    this.list.className = "candidates";
    this.before = this.input.value;
    place.replaceChildren(this.input, this.list);
    this.#offer(item.alternatives.map((value) => this.#written(value)));
    this.input.addEventListener("input", () => this.#typed());
    if (!this.numeric) this.#suggest();
  }

  #written(value) {
    if (value === null || value === false) return "";
    return this.question.kind === "date" ? String(value).replaceAll("-", "") : String(value);
  }

  #typed() {
    this.before = this.input.value;
    this.#point(-1);
    this.onChange();
    if (!this.numeric) this.#suggest();
  }

  #suggest() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      const typed = this.input.value;
      if (!this.input.isConnected) return;
      const query = new URLSearchParams({ task: this.item.id, typed });
      const words = await get(`/key/suggest?${query}`).then((response) => response.json(), () => []);
      const read = this.item.alternatives.map((value) => this.#written(value));
      if (typed === this.input.value && this.input.isConnected) this.#offer([...new Set([...read, ...words])]);
    }, 120);
  }

  #offer(words) {
    this.words = words.filter((word) => word !== this.before).slice(0, 8);
    this.at = -1;
    this.list.replaceChildren(
      ...this.words.map((word, n) => {
        const entry = document.createElement("li");
        const cap = document.createElement("kbd");
        cap.textContent = n + 1;
        entry.append(cap, word || "空白");
        entry.addEventListener("mousedown", (event) => {
          event.preventDefault();
          this.#point(n);
        });
        return entry;
      }),
    );
  }

  /** Put the n-th candidate into the box; -1: what stood there before. */
  #point(n) {
    this.at = n;
    [...this.list.children].forEach((entry, m) => entry.classList.toggle("chosen", m === n));
    if (n >= 0) this.input.value = this.words[n];
  }

  focus() {
    this.input.focus({ preventScroll: true });
    this.input.select();
  }

  value() {
    const text = this.input.value.trim();
    return text === "" ? null : this.numeric ? text.normalize("NFKC") : text;
  }

  onKey(event) {
    const picked = event.ctrlKey && event.altKey ? Number(digitOf(event)) : 0;
    if (picked >= 1 && picked <= this.words.length) {
      this.#point(picked - 1);
      return true;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.shiftKey || event.metaKey) return false;
    if (this.words.length) {
      const n = Math.max(-1, Math.min(this.at + step, this.words.length - 1));
      this.#point(n);
      if (n < 0) this.input.value = this.before;
    }
    return true;
  }

  check() {
    const text = this.value();
    const { kind, cells, rule, low, high, room } = this.question;
    if (text === null && !this.item.proposed) return { soft: "没有填写；纸上确是空白，请再按一次 Enter" };
    if (text === null) return null;
    if (!this.numeric && text.length > room)
      return { soft: `有 ${text.length} 个字，纸上写不下这么多；纸上若确是如此，请再按一次 Enter` };
    if (!this.numeric) return null;
    if (!/^[0-9]+$/.test(kind === "date" ? text.replaceAll("-", "") : text)) return { hard: "只能填数字" };
    if (kind === "date") return isDate(text) ? null : { hard: "不是有效的八位日期（如 20170406）；纸上确实写错时，按 Esc 选“无法辨认”" };
    if (text.length > cells) return { hard: `最多 ${cells} 位` };
    if (rule === "mobile" && !/^1[3-9]\d{9}$/.test(text)) return { soft: "不像手机号；纸上若确是如此，请再按一次 Enter" };
    if (rule === "phone" && ![7, 8, 11].includes(text.length))
      return { soft: "不像电话号码；纸上若确是如此，请再按一次 Enter" };
    if ((low !== null && +text < low) || (high !== null && +text > high))
      return { soft: `应在 ${low ?? ""}～${high ?? ""} 之间；纸上若确是如此，请再按一次 Enter` };
    return null;
  }
}

function isDate(text) {
  const [, year, month, day] = text.match(/^(\d{4})-?(\d{2})-?(\d{2})$/) ?? [];
  const date = new Date(Date.UTC(+year, month - 1, +day));
  return date.getUTCMonth() + 1 === +month && date.getUTCDate() === +day;
}

/** The digit of a key in the top row or the number pad, whatever input method is on. */
export function digitOf(event) {
  return event.code.match(/^(?:Digit|Numpad)([0-9])$/)?.[1] ?? (/^[0-9]$/.test(event.key) ? event.key : undefined);
}

/** The characters that were read, the doubtful ones coloured. */
export function showCharacters(place, characters) {
  place.replaceChildren(
    ...characters.map(([text, score]) => {
      const one = document.createElement("span");
      one.textContent = text;
      if (score < DOUBTFUL) one.className = "doubtful";
      return one;
    }),
  );
}

/** What sort of answer is expected, in words. */
export function expectation({ kind, cells, unit, most, required }) {
  const words = {
    single: "单选",
    multiple: most ? `多选，限 ${most} 项` : "多选",
    signature: "有没有签名或盖章",
    digits: `${cells} 位以内的数字${unit ? `（${unit}）` : ""}`,
    date: "日期，年月日共八位",
    text: "手写文字",
    lines: "手写文字",
  }[kind];
  return required ? `${words}，必填` : words;
}
