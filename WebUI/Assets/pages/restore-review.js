// Step 4: all of it in one place, how much and how long, the same as a command and a request, and the button that does it.
import { below, post } from "../lib/api.js";
import { fill, h, name } from "../lib/dom.js";
import { bytes, duration, local, many, optimeText, quoted, relative, shortDuration, utc } from "../lib/format.js";
import { button, fault, note, pairs, time, waitingFor } from "../lib/parts.js";
import { command, same } from "../lib/same.js";
import { session } from "../lib/session.js";
import { momentOf } from "../lib/status.js";
import { request } from "./restore.js";
import { chosenSize } from "./restore-what.js";
import { servedCard } from "./served.js";
import { dryRunReport, linkCard } from "./transfer.js";

/** The estimate's rate, B/s: what a disk or network of a small server sustains. It is told with the estimate. */
const RATE = 60e6;

const FORMS = { archive: "mongodump archive", directory: "mongodump directory, as a tar", ndjson: "NDJSON" };

export function review(context) {
  const { plan, deployment, go } = context;
  const kind = plan.how.kind;
  const group = session.group.id;
  const trouble = h("div.stack", { role: "alert" });
  const outcome = h("div.stack");
  const shownSame = same();
  // Of these two the answer is all there is; the others go on by themselves.
  const card = { link: linkCard, serve: servedCard }[kind];
  const target = below(group, { link: "links", serve: "served" }[kind] ?? "restores");
  const body = bodyOf(plan, deployment);
  shownSame.show(commandOf(plan, deployment), "POST", target, shownBody(body));
  shownSame.element.open = true;

  const begin = button({
    text: { link: "Make the link", serve: "Serve it" }[kind] ?? "Begin the restore",
    icon: { link: "link", serve: "terminal" }[kind] ?? "restore",
    primary: true,
    onclick: () => act(body, async (made) => (card ? shown(made) : go(`/restores/${encodeURIComponent(made.id)}`))),
  });
  const dry = kind === "into" ? button({ text: "Dry run first", onclick: () => act({ into: { ...body.into, dryRun: true } }, (made) => watch(made)) }) : null;

  const act = async (what, then) => {
    begin.disabled = true;
    trouble.replaceChildren();
    try {
      await then(await post(target, what));
    } catch (problem) {
      if (problem.name !== "AbortError") fill(trouble, fault(problem));
    } finally {
      begin.disabled = false;
    }
  };

  const shown = (made) => {
    fill(outcome, card(made, { signal: context.signal }));
    begin.remove();
    outcome.querySelector("h2")?.focus();
  };

  const watch = async (made) => {
    fill(outcome, waitingFor("Asking the target …"));
    const { waitFor } = await import("./transfer.js");
    const ended = await waitFor(below(group, "restores", made.id), context.signal);
    if (ended) fill(outcome, ended.error ? fault({ message: ended.error.message, hint: ended.error.hint, code: ended.error.code }) : dryRunReport(ended.into));
  };

  return { element: h("div.stack", summary(context), warnings(plan), shownSame.element, trouble, outcome), actions: [dry, begin] };
}

function summary({ plan, deployment, snapshots }) {
  const { what, when, how } = plan;
  const base = baseOf(plan, snapshots);
  const size = !what.all ? chosenSize(what) : base ? { bytes: base.rawBytes, documents: base.documents } : null;
  return pairs([
    ["Of", name(deployment.name)],
    ["What", what.all ? "Everything" : h("ul", what.namespaces.map((one) => h("li", name(one))))],
    what.renames.length ? ["Other names", h("ul.mono", what.renames.map((one) => h("li", name(one))))] : null,
    ["Moment", momentText(when, snapshots)],
    ["Where to", placeText(how)],
    ["How much", size === null ? "Less than everything; told when it begins" : `About ${bytes(size.bytes)} in ${many(size.documents, "document")}, not compressed`],
    how.kind === "serve" ? null : ["How long", size === null ? "Told as it goes on" : `About ${duration(Math.max(1, size.bytes / RATE))} at ${bytes(RATE)}/s; a slower network or disk takes longer`],
  ]);
}

/** The snapshot that it starts from: the newest up to the moment. */
function baseOf({ when }, snapshots) {
  if (when.kind === "snapshot") return snapshots.find((one) => one.id === when.snapshot);
  const at = when.kind === "second" ? when.second : Number(when.optime.t) * 1000;
  return snapshots.find((one) => momentOf(one).getTime() <= at) ?? snapshots.at(-1);
}

function momentText(when, snapshots) {
  if (when.kind === "second") {
    const date = new Date(when.second);
    return [`Just before ${utc(date)}`, h("br"), h("span.soft", `${local(date)}, ${relative(date.getTime())}`)];
  }
  if (when.kind === "optime") return `Up to and including the oplog entry ${when.optime.t},${when.optime.i}`;
  const one = snapshots.find((each) => each.id === when.snapshot);
  return ["The snapshot of ", time(momentOf(one), { exact: true }), h("br"), h("span.soft", `${one.id}, up to the entry ${optimeText(one.optime)}`)];
}

function placeText({ kind, link, push, into, serve }) {
  if (kind === "serve") return `A read-only MongoDB on ${serve.address}${serve.port ? `, port ${serve.port}` : ""}, for ${duration(serve.seconds)}`;
  if (kind === "link") return `Download link: ${FORMS[link.format]}${link.gzip ? ", compressed" : ""}; good for ${duration(link.seconds)} and ${link.uses} ${link.uses === 1 ? "download" : "downloads"}`;
  if (kind === "push") return ["SSH target ", name(push.target), push.subfolder ? ["/", name(push.subfolder)] : null, push.files ? ", single files" : ", one archive", push.gzip ? ", compressed" : ""];
  return ["MongoDB at ", name(hidden(into.uri))];
}

function warnings({ what, how }) {
  if (how.kind !== "into" || !how.into.drop) return null;
  return note("warning", "Collections of the target that have the same names are removed first.", { hint: what.users ? "Users and roles are merged into those of the target." : "A dry run says which." });
}

/** A password in a URI is never shown. */
export const hidden = (uri) => uri.replace(/^(mongodb(?:\+srv)?:\/\/[^:@/]*):[^@/]*@/, "$1:…@");

function bodyOf(plan, deployment) {
  const { how, what } = plan;
  const common = request(plan, deployment);
  if (how.kind === "link") return { ...common, ...how.link };
  if (how.kind === "serve") return { ...common, ...how.serve };
  if (how.kind === "push") return { push: { ...common, ...how.push } };
  return { into: { ...common, ...how.into, renames: what.renames, users: what.users, dryRun: false } };
}

function shownBody(body) {
  return body.into ? { into: { ...body.into, uri: hidden(body.into.uri) } } : body;
}

function commandOf(plan, deployment) {
  const { what, when, how } = plan;
  const moment =
    when.kind === "snapshot" ? ["--snapshot", when.snapshot] : when.kind === "second" ? ["--time", new Date(when.second).toISOString().replace(/\.\d+Z$/, "Z")] : ["--optime", `${when.optime.t},${when.optime.i}`];
  const part = what.all ? [] : what.namespaces.flatMap((one) => ["--namespace", one]);
  if (how.kind === "link") {
    const { format, gzip, seconds, uses, checksum } = how.link;
    return command("links", "create", deployment.name, moment, part, ["--format", format], gzip && "--gzip", ["--expires", shortDuration(seconds)], ["--uses", String(uses)], !checksum && "--no-checksum");
  }
  if (how.kind === "serve") {
    const { address, port, seconds } = how.serve;
    return command("serve", deployment.name, moment, part, ["--address", address], port && ["--port", String(port)], ["--for", shortDuration(seconds)]);
  }
  if (how.kind === "push") {
    const { target, subfolder, files, gzip } = how.push;
    return command("restore", deployment.name, moment, part, ["--push", subfolder ? `${target}/${subfolder}` : target], files && "--files", gzip && "--gzip");
  }
  const { uri, drop, parallelism } = how.into;
  const rest = command("restore", deployment.name, moment, part, what.renames.flatMap((one) => ["--rename", one]), what.users && "--users", drop && "--drop", ["--parallel", String(parallelism)]);
  return `${rest} --to ${quoted(hidden(uri))}`;
}
