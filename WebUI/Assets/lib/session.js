// Who is logged in, which group is looked at, and what may be done in it.
import { get } from "./api.js";

const CHOSEN = "backup.group";

export const session = {
  /** The SessionView, or null where nobody is logged in. */
  view: null,
  /** The group that is looked at, or null where there is none. */
  group: null,
};

/** Asks the server who this is. False where nobody is logged in. */
export async function load() {
  try {
    take(await get("/session", { quiet: true }));
    return true;
  } catch (problem) {
    if (problem.status === 401) {
      forget();
      return false;
    }
    throw problem;
  }
}

export function take(view) {
  session.view = view;
  const chosen = stored();
  session.group = view.groups.find((group) => group.id === chosen) ?? view.groups[0] ?? null;
}

export function forget() {
  session.view = null;
  session.group = null;
}

export function choose(id) {
  try {
    localStorage.setItem(CHOSEN, id);
  } catch {
    // It is chosen for as long as the page is open.
  }
  session.group = session.view.groups.find((group) => group.id === id) ?? session.group;
}

/** Whether the role in this group permits it: see, operate, restore, configure, people, audit. */
export function may(permission) {
  return session.group?.permissions?.includes(permission) ?? false;
}

export function administrator() {
  return session.view?.user?.administrator === true;
}

function stored() {
  try {
    return localStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}
