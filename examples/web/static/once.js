// A second click on a button sends nothing: the first one is under way.
let sent = false;
addEventListener("submit", (event) => {
  if (sent && !event.defaultPrevented) event.preventDefault();
  sent = sent || !event.defaultPrevented;
});
addEventListener("pageshow", () => { sent = false; });
