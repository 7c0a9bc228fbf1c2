// Every form shows what it does as a command and as a request to the API, with the values that stand in it.
import { fill, h } from "./dom.js";
import { quoted } from "./format.js";
import { icon } from "./icons.js";
import { copyable } from "./parts.js";

/** A command of words; null and false are left out, whatever needs quotes gets them. */
export function command(...words) {
  return ["backup", ...words.flat().filter((word) => word !== null && word !== undefined && word !== false)].map(quoted).join(" ");
}

export function curl(method, path, body) {
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}${quoted(`${location.origin}/api/v1${path}`)}`,
    `-H "Authorization: Bearer $BACKUP_TOKEN"`,
  ];
  if (body !== undefined) lines.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

/** @returns {{element: Node, show: (cli: string | null, method: string, path: string, body?: object) => void}} */
export function same() {
  const content = h("div");
  const element = h("details.same", { "data-own": true }, h("summary", icon("terminal"), "The same as a command and over the API"), content);
  return {
    element,
    show: (cli, method, path, body) =>
      fill(
        content,
        cli ? copyable(cli, "Copy the command") : null,
        copyable(curl(method, path, body), "Copy the API call"),
      ),
  };
}
