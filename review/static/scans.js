// Sends scan files one by one, then has them read. What was sent stays on the server: after a reload it
// is offered to be read on.

const form = document.getElementById("send");
const bar = document.getElementById("sent");
const said = document.getElementById("said");
const csrf = document.querySelector("meta[name=csrf]").content;
let busy = false;

for (const id of ["files", "folder"]) {
  const input = document.getElementById(id);
  input.addEventListener("change", () => send([...input.files]));
}
for (const kind of ["dragover", "dragenter"]) form.addEventListener(kind, (event) => (event.preventDefault(), form.classList.add("over")));
for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("over"));
form.addEventListener("drop", (event) => (event.preventDefault(), send([...event.dataTransfer.files])));
window.addEventListener("beforeunload", (event) => busy && event.preventDefault());

async function send(files) {
  files = files.filter((file) => !file.name.startsWith(".")); // reading says of empty ones what is wrong
  if (!files.length || busy) return;
  busy = true;
  bar.hidden = false;
  bar.max = files.length;
  for (const [done, file] of files.entries()) {
    bar.value = done;
    said.textContent = `正在送出 ${done + 1} / ${files.length}：${file.name}`;
    const problem = await sendOne(file);
    if (problem) {
      busy = false;
      said.textContent = `${file.name}：${problem}。已送出的 ${done} 个不会丢，可以重新选择其余的。`;
      return;
    }
  }
  bar.value = files.length;
  busy = false;
  form.submit();
}

async function sendOne(file) {
  try {
    const answer = await fetch(`/scans/${form.dataset.batch}/${encodeURIComponent(file.name)}`, {
      method: "PUT",
      headers: { "X-CSRF-Token": csrf, Accept: "application/json", "Content-Type": "application/octet-stream" },
      body: file,
    });
    if (answer.ok) return "";
    return answer.status === 401 ? "登录已过期，请重新登录" : (await answer.json()).message;
  } catch {
    return "连接中断";
  }
}
