// A form whose answer takes a while says so, and is sent once.

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.textContent = form.dataset.busy;
    setTimeout(() => (button.disabled = true));
  });
}
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
