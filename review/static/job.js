// Long work as it runs. When it has ended, the page is loaded again to show what came of it.

const job = document.getElementById("job");
const bar = document.getElementById("bar");
const doing = document.getElementById("doing");
const count = document.getElementById("count");

async function look() {
  try {
    const answer = await fetch(`/jobs/${job.dataset.number}/state`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return location.reload();
    const now = await answer.json();
    if (!now.running) return location.reload();
    doing.textContent = now.doing || "正在准备";
    if (now.total) {
      bar.max = now.total;
      bar.value = now.done;
    } else bar.removeAttribute("value");
    count.textContent = now.total ? `${now.done} / ${now.total}` : now.done ? `已处理 ${now.done}` : "";
  } catch {
    count.textContent = "连接中断，正在重试；工作照常进行";
  }
  setTimeout(look, 700);
}
look();
