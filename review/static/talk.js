// Talking to the server: the CSRF token, a session that was lost, a network that comes and goes.

let csrf = document.querySelector("meta[name=csrf]").content;
const user = document.querySelector("meta[name=user]").content;
let signingIn = null;

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** A random name for this page, under which it holds its items. */
export function newDesk() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Send, signing in again when the session was lost. Throws Refused, and TypeError without a network. */
export async function send(path, body) {
  for (;;) {
    const response = await post(path, body);
    if (response.status === 401) {
      await signInAgain();
      continue;
    }
    const answer = await response.json();
    if (!response.ok) throw new Refused(response.status, answer.message || "服务器没有接受");
    return answer;
  }
}

export async function get(path) {
  for (;;) {
    const response = await fetch(path, { headers: { Accept: "application/json" } });
    if (response.status === 401) {
      await signInAgain();
      continue;
    }
    if (!response.ok) throw new Refused(response.status, (await response.json()).message);
    return response;
  }
}

/** Send while the page is being left; nobody waits for an answer. */
export function sendAndForget(path, body) {
  post(path, body, true).catch(() => {});
}

function post(path, body, keepalive = false) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf };
  return fetch(path, { method: "POST", headers, keepalive, body: JSON.stringify(body) });
}

export function isSigningIn() {
  return signingIn !== null;
}

function signInAgain() {
  signingIn ??= ask().finally(() => {
    signingIn = null;
  });
  return signingIn;
}

function ask() {
  const dialog = document.getElementById("again");
  const name = document.getElementById("again-name");
  const password = document.getElementById("again-password");
  const message = document.getElementById("again-message");
  name.value = user;
  password.value = message.textContent = "";
  dialog.showModal();
  password.focus();
  return new Promise((resolve) => {
    dialog.oncancel = (event) => event.preventDefault();
    document.getElementById("again-form").onsubmit = async (event) => {
      event.preventDefault();
      const body = JSON.stringify({ name: name.value, password: password.value });
      const headers = { "Content-Type": "application/json", Accept: "application/json" };
      const response = await fetch("/login/again", { method: "POST", headers, body });
      const answer = await response.json();
      if (!response.ok) {
        message.textContent = answer.message;
        password.select();
        return;
      }
      if (answer.name !== user) location.reload(); // what is on the screen is another person's
      csrf = answer.csrf;
      dialog.close();
      resolve();
    };
  });
}
