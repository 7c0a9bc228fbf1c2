// The live state of a group by server-sent events. Read with fetch instead of EventSource: heartbeats are seen, so a line
// that is dead without being closed is noticed, and a session that is over is told from a server that is. A page that
// nobody sees (in the background, or kept for the way back) holds no stream: a browser opens six connections to a server
// without TLS, and then shows nothing any more.
import { address, below } from "./api.js";

/** No byte for that long, and what is shown is called stale: two heartbeats of 15 s and a little. */
const SILENCE = 35_000;
const LONGEST_WAIT = 10_000;

/** @typedef {{state: "connecting" | "live" | "stale", heardAt: number | null}} Liveness */

const hidden = () => document.visibilityState === "hidden";

export class Live {
  #group;
  #status = new Set();
  #watchers = new Set();
  #stop = new AbortController();
  #current = null;
  #liveness = { state: "connecting", heardAt: null };

  constructor(group) {
    this.#group = group;
    this.#run();
  }

  /** The newest OverviewView, or null before there is one. */
  get current() {
    return this.#current;
  }

  get liveness() {
    return this.#liveness;
  }

  /** Calls with each new state, and at once with the one that is there. */
  onStatus(handler, signal) {
    this.#status.add(handler);
    signal?.addEventListener("abort", () => this.#status.delete(handler));
    if (this.#current) handler(this.#current);
  }

  onLiveness(handler) {
    this.#watchers.add(handler);
    handler(this.#liveness);
  }

  close() {
    this.#stop.abort();
  }

  async #run() {
    for (let wait = 500; !this.#stop.signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      await this.#seen();
      const began = Date.now();
      const ended = await this.#read().catch(() => "cut");
      if (ended === "refused" || this.#stop.signal.aborted) return;
      if (hidden()) continue;
      this.#tell("stale");
      if (Date.now() - began > 5000) wait = 500;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Until the page is in front of somebody, or closed. */
  async #seen() {
    while (hidden() && !this.#stop.signal.aborted) {
      await new Promise((resolve) => {
        const once = { once: true, signal: this.#stop.signal };
        document.addEventListener("visibilitychange", resolve, once);
        addEventListener("pageshow", resolve, once);
        this.#stop.signal.addEventListener("abort", resolve, { once: true });
      });
    }
  }

  async #read() {
    const silence = new AbortController();
    const leave = new AbortController();
    const gone = { signal: leave.signal };
    document.addEventListener("visibilitychange", () => hidden() && leave.abort(), gone);
    addEventListener("pagehide", () => leave.abort(), gone);
    let timer;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
    };
    heard();
    try {
      const response = await fetch(address(`${below(this.#group, "events")}`), {
        headers: { Accept: "text/event-stream", "X-Backup-Request": "1" },
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.any([silence.signal, leave.signal, this.#stop.signal]),
      });
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        this.#tell("stale");
        return "refused";
      }
      if (!response.ok) return "cut";
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return "cut";
        heard();
        this.#tell("live");
        rest = this.#take(rest + value);
      }
    } finally {
      clearTimeout(timer);
      leave.abort();
    }
  }

  /** Hands on every whole event, and gives back what is not whole yet. */
  #take(text) {
    const parts = text.replaceAll("\r\n", "\n").split("\n\n");
    for (const part of parts.slice(0, -1)) {
      let event = "message";
      const data = [];
      for (const line of part.split("\n")) {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
      }
      if (event === "status" && data.length > 0) this.#show(JSON.parse(data.join("\n")));
    }
    return parts.at(-1);
  }

  #show(overview) {
    this.#current = overview;
    for (const handler of this.#status) handler(overview);
  }

  #tell(state) {
    const heardAt = state === "live" ? Date.now() : this.#liveness.heardAt;
    const changed = state !== this.#liveness.state;
    this.#liveness = { state, heardAt };
    if (changed) for (const handler of this.#watchers) handler(this.#liveness);
  }
}
