R"js(
// Which view is shown, and the first questions to the server.

function showView() {
  const asked = location.hash.slice(1), links = [...document.querySelectorAll("nav a")];
  const views = links.map(link => link.hash.slice(1));
  if (asked && !views.includes(asked)) return;  // the skip link
  const view = asked || views[0];
  for (const link of links) link.hash === "#" + view ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  for (const each of views) show("view-" + each, applicant.model !== null && each === view);
  document.body.dataset.view = view;
  if (view === "monitor") poll();
}

async function load() {
  try {
    const [model, schema] = await Promise.all([ask("/v1/model"), ask("/v1/schema")]);
    const metrics = await ask("/metrics");
    show("key-form", false);
    notice("");
    buildForm(JSON.parse(model), JSON.parse(schema), samples(metrics));
    showView();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    $("model-sub").textContent = "";
    if (refusal.status !== 401 && refusal.status !== 403) notice(refusal.message + " Reload the page to ask again.");
  }
}

$("key-form").addEventListener("submit", event => {
  event.preventDefault();
  key = $("key").value.trim();
  $("key").value = "";
  load();
});
addEventListener("hashchange", showView);
startApplicant();
startFile();
startMonitor();
showView();
load();
)js"
