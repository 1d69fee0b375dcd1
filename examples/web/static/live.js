// Counts the token's life down, and shows what the server tells of the session.
const left = document.getElementById("left");
const bar = document.getElementById("bar");
let ends = Date.now() + left.dataset.seconds * 1000;
setInterval(() => {
  const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
  left.textContent = `${seconds} s`;
  bar.value = seconds;
}, 500);

const element = (name, text, children = []) => {
  const made = Object.assign(document.createElement(name), {textContent: text});
  made.append(...children);
  return made;
};
const source = new EventSource("/tokens/events");
source.onopen = () => { document.getElementById("live").hidden = false; };
source.onerror = () => { document.getElementById("live").hidden = true; };
source.onmessage = (event) => {
  const told = JSON.parse(event.data);
  ends = Date.now() + told.seconds * 1000;
  bar.max = told.life;
  document.getElementById("life").textContent = told.life;
  document.getElementById("payload").replaceChildren(...Object.entries(told.payload).sort().map(([name, value]) =>
    element("div", "", [element("dt", name), element("dd", typeof value === "object" ? JSON.stringify(value) : value)])));
  document.getElementById("events").replaceChildren(...told.events.map(([at, what]) => {
    const clock = new Date(at * 1000).toLocaleTimeString("en-GB");
    const item = element("li", "", [element("time", clock), ` ${what}`]);
    item.className = what.replace(" ", "-");
    return item;
  }));
  if (told.ended) source.close();
};
