// The server that mails are handed to; for administrators of the appliance.
import { get, put } from "../lib/api.js";
import { open, toast } from "../lib/dialog.js";
import { name } from "../lib/dom.js";
import { check, form, input } from "../lib/form.js";
import { card } from "../lib/page.js";
import { button, empty, pairs } from "../lib/parts.js";
import { command, same } from "../lib/same.js";

const PATH = "/mail-server";

/** Undefined where none is set yet. */
export async function loadMail(signal) {
  return (await get(PATH, { signal })).server;
}

export function mailOf(server, again) {
  const change = button({ text: server ? "Change" : "Name one", small: true, icon: server ? undefined : "plus", onclick: () => edit(server, again) });
  return card(
    "Mail",
    [change],
    server
      ? pairs([
          ["Server", name(`${server.host}:${server.port}`)],
          ["Encryption", server.tls ? "STARTTLS" : "None"],
          ["From", name(server.from)],
          ["Log-in", server.user ? name(server.user) : "None"],
          ["Trusts", server.authority ? "Certificates of its own" : "What the system trusts"],
        ])
      : empty("bell", "There is no mail server", "Alerts cannot be told by mail before one is named."),
  );
}

async function edit(server, again) {
  const done = await open(
    "Mail server",
    (close) => {
      const shownSame = same();
      const request = (values) => ({ ...values, port: values.port ?? 587, tls: values.tls === true });
      const tell = (values) =>
        shownSame.show(
          command("alerts", "mail", "set", values.host ?? "HOST", values.port && ["--port", String(values.port)], ["--from", values.from ?? "ADDRESS"], values.user && ["--user", values.user], values.authority && ["--ca-file", "FILE"], values.tls !== true && "--no-tls"),
          "PUT",
          PATH,
          { ...request(values), password: values.password && "…", authority: values.authority && "…" },
        );
      const start = { host: server?.host, port: server?.port ?? 587, tls: server?.tls ?? true, from: server?.from, user: server?.user, authority: server?.authority };
      const element = form({
        fields: [
          input({ name: "host", label: "Host", required: true, value: start.host, mono: true }),
          input({ name: "port", label: "Port", type: "number", value: start.port, min: 1, max: 65535, hint: "587, where mails are handed in by those who log in." }),
          check({ name: "tls", label: "Encrypted (STARTTLS)", value: start.tls, hint: "A server that cannot is refused." }),
          input({ name: "from", label: "Sender", required: true, value: start.from, placeholder: "backup@example.org" }),
          input({ name: "user", label: "User", optional: true, value: start.user }),
          input({ name: "password", label: "Password", type: "password", optional: true, autocomplete: "new-password", hint: server?.hasPassword ? "Left empty, the one that is stored stays, for the same host and user." : "It is kept sealed." }),
          input({ name: "authority", label: "Certificates that vouch for it", type: "area", optional: true, mono: true, value: start.authority, hint: "PEM; none: those that the system trusts." }),
        ],
        same: shownSame.element,
        changed: tell,
        action: "Save",
        cancel: () => close(),
        submit: async (values) => {
          await put(PATH, request(values));
          close(true);
        },
      });
      tell(start);
      return element;
    },
    { wide: true },
  );
  if (done) toast("The mail server is set. Try it with a channel's test, under Alerts.");
  await again();
}
