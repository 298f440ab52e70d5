// Scan batches as they run.

const NAMES = { read: "识读", blank: "空白", duplicate: "重复", unknown: "未认出", foreign: "外来", unreadable: "读不出", rejected: "退回" };
const rows = document.getElementById("batches");
const live = document.getElementById("live");

const stream = new EventSource("/events");
stream.onmessage = ({ data }) => {
  const { batches } = JSON.parse(data);
  rows.replaceChildren(...batches.map(row));
  live.textContent = batches.some((batch) => batch.running) ? "　正在扫描" : "";
};
stream.onerror = () => (live.textContent = "　连接中断，正在重连");
window.addEventListener("pagehide", () => stream.close());
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

function row(batch) {
  const states = Object.entries(batch.states).map(([state, pages]) => `${NAMES[state] ?? state} ${pages}`);
  const cells = [[batch.id], [batch.started], [batch.files, "n"], [batch.pages, "n"], [states.join("，")], [batch.speed ?? "", "n"]];
  const entry = document.createElement("tr");
  entry.append(
    ...cells.map(([words, kind]) => {
      const cell = document.createElement("td");
      cell.textContent = words;
      if (kind) cell.className = kind;
      return cell;
    }),
  );
  return entry;
}
