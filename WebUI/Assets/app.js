// Begins: finds out who is here, draws the frame, and shows the page of the path.
import { Problem, get, onSignedOut, remove } from "./lib/api.js";
import { toastProblem } from "./lib/dialog.js";
import { fill, h, name } from "./lib/dom.js";
import { Live } from "./lib/events.js";
import { icon } from "./lib/icons.js";
import { button, fault, tick } from "./lib/parts.js";
import { enter, go, start } from "./lib/router.js";
import { choose, forget, load, session } from "./lib/session.js";
import { relative } from "./lib/format.js";

const app = document.getElementById("app");
const BASE = new URL("./", import.meta.url);

/** Pages without the frame are open to whoever is not logged in. */
const PAGES = [
  ["/login", "login", "Log in", { open: true }],
  ["/setup", "setup", "Set up", { open: true }],
  ["/invitation/:secret", "invitation", "Invitation", { open: true }],
  ["/", "overview", "Overview"],
  ["/d/:id", "deployment", "Deployment"],
  ["/d/:id/restore", "restore", "Restore"],
  ["/restores/:id", "transfer", "Restore"],
  ["/links/:id", "transfer", "Download link"],
  ["/activity", "activity", "Activity"],
  ["/alerts", "alerts", "Alerts"],
  ["/hosts", "hosts", "Hosts"],
  ["/storage", "storage", "Storage"],
  ["/verification", "verification", "Verification"],
  ["/people", "people", "People"],
  ["/settings", "settings", "Settings"],
  ["/account", "account", "Your account"],
];

const NAVIGATION = [
  ["/", "overview", "Overview"],
  ["/activity", "activity", "Activity"],
  ["/alerts", "bell", "Alerts"],
  ["/hosts", "server", "Hosts"],
  ["/storage", "drive", "Storage"],
  ["/verification", "proof", "Verification"],
  null,
  ["/people", "people", "People"],
  ["/settings", "settings", "Settings"],
  ["/account", "account", "Your account"],
];

let live = null;
let frame = null;
let first = true;

onSignedOut(() => {
  if (!session.view) return;
  leave();
  go(`/login?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
});

start(
  PAGES.map(([pattern, file, title, how]) => [pattern, { file, title, ...how }]),
  (page, visit) => show(page, visit).catch((problem) => broken(problem)),
);
setInterval(tick, 1000);
enter();

async function show(page, visit) {
  if (!session.view && !(await load())) {
    const needed = (await get("/setup", { quiet: true }).catch(() => null))?.needed === true;
    if (needed && page?.file !== "setup" && page?.file !== "invitation") return go(`/setup${location.hash}`, { replace: true });
    if (!page?.open) return go(`/login?next=${encodeURIComponent(visit.path + location.search)}`, { replace: true });
  }
  if (visit.signal.aborted) return;
  if (session.view?.user.mustChangePassword && page?.file !== "account") return go("/account", { replace: true });
  document.title = `${page?.title ?? "Not found"} · Backup`;
  const main = h("main", { id: "main", tabindex: "-1" });
  if (page?.open) {
    frame = null;
    fill(app, h("div.gate", h("header", h("a.brand", { href: "/" }, brand(), "Backup")), main));
  } else {
    listen();
    frame ??= drawFrame();
    frame.show(main, visit.path);
  }
  if (!page) return fill(main, missing());
  const module = await import(`${BASE}pages/${page.file}.js`);
  if (visit.signal.aborted) return;
  await module.render(main, { ...visit, live, group: session.group, gate: app.firstChild, again: restart, leave: logOut });
  if (visit.signal.aborted) return;
  // The reader's place is where the new page begins; at the very first it stays with the browser.
  if (!first && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  if (!first) scrollTo(0, 0);
  first = false;
}

/** The session has changed: everything is drawn anew. */
async function restart(path) {
  leave();
  await load();
  go(path, { replace: true });
}

function leave() {
  live?.close();
  live = null;
  frame = null;
}

function listen() {
  if (live || !session.group) return;
  live = new Live(session.group.id);
}

function brand() {
  return h("img", { src: new URL("icon.svg", BASE).href, alt: "", width: "26", height: "26" });
}

function drawFrame() {
  const place = h("div");
  const sentence = h("p.sentence");
  const aloud = h("span.hear", { role: "status" });
  const mark = h("span.live");
  const side = h("nav.side", { id: "side", "aria-label": "Main" });
  const tally = h("span");
  const links = new Map();
  const menu = button({ icon: "menu", label: "Menu", quiet: true, onclick: () => openMenu(!side.classList.contains("open")) });
  menu.classList.add("only-narrow");
  menu.setAttribute("aria-expanded", "false");
  menu.setAttribute("aria-controls", "side");

  const openMenu = (open) => {
    side.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
    if (open) side.querySelector("a").focus();
    else if (side.contains(document.activeElement)) menu.focus();
  };
  side.onkeydown = (event) => {
    if (event.key !== "Escape" || !side.classList.contains("open")) return;
    openMenu(false);
    menu.focus();
  };

  fill(
    side,
    h("a.brand", { href: "/" }, brand(), "Backup"),
    h(
      "div.nav",
      NAVIGATION.map((one) => {
        if (!one) return h("hr");
        const anchor = h("a", { href: one[0] }, icon(one[1]), one[2], one[0] === "/alerts" ? tally : null);
        links.set(one[0], anchor);
        return anchor;
      }),
    ),
    h(
      "div.foot.stack.tight",
      session.view.groups.length === 1 ? h("p.small.soft", "Group ", name(session.group.name)) : null,
      h("p.small.soft", name(session.view.user.name || session.view.user.email)),
      h("div.row", button({ text: "Log out", icon: "leave", quiet: true, small: true, onclick: logOut })),
    ),
  );
  const top = h(
    "header.top",
    menu,
    sentence,
    aloud,
    h("span.push"),
    mark,
    session.view.groups.length > 1 ? groupChoice() : null,
    themeButton(),
  );
  fill(app, h("div.shell", side, h("div.body", top, place)));
  follow(sentence, aloud, mark, tally);

  return {
    show(main, path) {
      openMenu(false);
      // There the sentence is the page's heading.
      app.firstChild.classList.toggle("on-overview", path === "/");
      place.replaceChildren(main);
      const here = path.startsWith("/d/") ? "/" : /^\/(restores|links)\//.test(path) ? "/activity" : path;
      for (const [href, anchor] of links) {
        if (href === here) anchor.setAttribute("aria-current", "page");
        else anchor.removeAttribute("aria-current");
      }
    },
  };
}

/** The sentence, the mark of life and the number of alerts follow the live state. */
function follow(sentence, aloud, mark, tally) {
  if (!live) {
    fill(sentence, "You are in no group yet.");
    return;
  }
  const followed = live;
  let told = null;
  followed.onStatus((overview) => {
    const { level, text } = overview.sentence;
    fill(sentence, icon(level === "ok" ? "shield" : level === "none" ? "none" : level, `.is-${level}`), h("span", text));
    if (told !== level) aloud.textContent = told === null ? "" : text;
    told = level;
    const open = (overview.attention ?? []).length;
    tally.className = open ? `tally is-${overview.attention.some((one) => one.level === "bad") ? "bad" : "warning"}` : "";
    fill(tally, open ? [String(open), h("span.hear", " open")] : null);
  });
  const draw = ({ state, heardAt }) => {
    mark.className = `live${state === "stale" ? " stale" : ""}`;
    mark.title = state === "live" ? "What is shown is kept up to date by the appliance" : "The connection to the appliance is being made again";
    fill(
      mark,
      icon(state === "stale" ? "warning" : "live", state === "live" ? ".is-ok" : ""),
      state === "live" ? "Live" : state === "connecting" ? "Connecting …" : `Stale${heardAt ? `: as of ${relative(heardAt)}` : ""}`,
    );
  };
  followed.onLiveness(draw);
  const timer = setInterval(() => {
    if (!mark.isConnected) return clearInterval(timer);
    if (followed.liveness.state === "stale") draw(followed.liveness);
  }, 1000);
}

function groupChoice() {
  return h(
    "select.input",
    {
      "aria-label": "Group",
      onchange: (event) => {
        choose(event.target.value);
        leave();
        go("/");
      },
    },
    session.view.groups.map((group) => h("option", { value: group.id, selected: group.id === session.group.id }, group.name)),
  );
}

function themeButton() {
  return button({
    icon: "theme",
    label: "Light or dark",
    quiet: true,
    onclick: () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try {
        localStorage.setItem("backup.theme", root.dataset.theme);
      } catch {
        // Then for as long as the page is open.
      }
      document.dispatchEvent(new Event("theme"));
    },
  });
}

async function logOut() {
  try {
    await remove("/session", { quiet: true });
  } catch (problem) {
    if (problem.status !== 401) return toastProblem(problem);
  }
  leave();
  forget();
  go("/login", { replace: true });
}

function missing() {
  return h(
    "div.stack",
    h("h1", "There is no such page"),
    h("p.soft", "The address may be mistyped, or what it was about is gone."),
    h("div", button({ text: "To the overview", href: "/", primary: true })),
  );
}

/** Nothing could be shown at all: said, with the way out. */
function broken(problem) {
  if (problem.name === "AbortError") return;
  const shownProblem = problem instanceof Problem ? problem : new Problem({ title: "This page has a fault", detail: "This page has a fault.", hint: String(problem) });
  if (!(problem instanceof Problem)) console.error(problem);
  const main = document.getElementById("main") ?? fill(app, h("div.gate", h("main", { id: "main", tabindex: "-1" }))).querySelector("main");
  fill(main, h("div.stack", h("h1", shownProblem.title), fault(shownProblem), h("div", button({ text: "Try again", primary: true, onclick: () => enter() }))));
  // It goes on by itself when the appliance is back.
  if (shownProblem.status === 0 && problem instanceof Problem) setTimeout(() => main.isConnected && enter(), 3000);
}
