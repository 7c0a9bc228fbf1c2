// The public API, as everybody else uses it: /api/v1, JSON, problems by RFC 9457.
import { confirmIdentity } from "./reauth.js";

const ROOT = "/api/v1";

/** What went wrong, with the number, the hint and, where a field of the request is wrong, its name. */
export class Problem extends Error {
  constructor({ status = 0, code = "", title = "", detail = "", hint = "", field = null, more = {} }) {
    super(detail || title);
    Object.assign(this, { status, code, title, detail, hint, field, more });
  }

  static unreachable() {
    return new Problem({
      title: "The appliance does not answer",
      detail: "The appliance does not answer.",
      hint: "What is shown may be old. The pages go on by themselves when it is back; on its host 'backup status' tells how it is.",
    });
  }

  static async of(response) {
    const body = await response.json().catch(() => ({}));
    const { title, detail, code, hint, field, ...more } = body;
    return new Problem({
      status: response.status,
      code: code ?? "",
      title: title ?? `The appliance answered ${response.status}`,
      detail: detail ?? title ?? `The appliance answered ${response.status} ${response.statusText}.`,
      hint: hint ?? "",
      field: field ?? null,
      more,
    });
  }
}

let signedOut = () => {};

/** Tells who is to know that the session is over. */
export function onSignedOut(handler) {
  signedOut = handler;
}

/**
 * One request. A POST carries an idempotency key, so that one that is sent again after a cut line is done once.
 * Where the password is asked for again, a dialog asks, and the request is repeated.
 * @param {{body?: object, query?: object, signal?: AbortSignal, quiet?: boolean, key?: string}} how quiet: a missing session is the caller's business.
 */
export async function call(method, path, how = {}) {
  const key = how.key ?? (method === "POST" ? newKey() : null);
  for (let asked = false; ; asked = true) {
    const response = await send(method, path, how, key);
    if (response.ok) return response.status === 204 ? null : await read(response);
    const problem = await Problem.of(response);
    if (response.status === 401 && !how.quiet) signedOut();
    if (!asked && problem.more.reauthenticate === true && (await confirmIdentity())) continue;
    throw problem;
  }
}

export const get = (path, how) => call("GET", path, how);
export const post = (path, body, how) => call("POST", path, { ...how, body: body ?? {} });
export const put = (path, body, how) => call("PUT", path, { ...how, body });
export const patch = (path, body, how) => call("PATCH", path, { ...how, body });
export const remove = (path, how) => call("DELETE", path, how);

/** All items of a list, page after page; at most 5000, which no page shows more of. */
export async function list(path, how = {}) {
  const items = [];
  let after;
  do {
    const page = await get(path, { ...how, query: { ...how.query, after } });
    if (Array.isArray(page)) return page;
    items.push(...(page.items ?? []));
    after = page.next;
  } while (after && items.length < 5000);
  return items;
}

/** A path below a group: below("g1", "deployments", "rs0"). */
export function below(group, ...words) {
  return ["/groups", group, ...words].map((word, at) => (at === 0 ? word : encodeURIComponent(word))).join("/");
}

export function address(path, query) {
  const words = new URLSearchParams(
    Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== ""),
  ).toString();
  return `${ROOT}${path}${words ? `?${words}` : ""}`;
}

async function send(method, path, how, key) {
  const headers = { Accept: "application/json", "X-Backup-Request": "1" };
  if (how.body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  try {
    return await fetch(address(path, how.query), {
      method,
      headers,
      body: how.body === undefined ? undefined : JSON.stringify(how.body),
      credentials: "same-origin",
      cache: "no-store",
      signal: how.signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw Problem.unreachable();
  }
}

/** A file that a request answers with; it is handed to the browser under the name that the appliance gave it. */
export async function download(path) {
  const { blob, file } = await call("POST", path);
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: file });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return file;
}

async function read(response) {
  if (response.headers.get("Content-Type") === "application/zip") {
    const file = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "backup.zip";
    return { blob: await response.blob(), file };
  }
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
}
