/** One event of a text/event-stream. */
export interface Sent {
  event: string;
  data: string;
  id: string;
}

/** Takes an event stream in pieces of any size; gives the events that are whole (WHATWG HTML, 9.2.6). */
export class SseParser {
  private rest = "";
  private event = "";
  private data: string[] = [];
  private id = "";

  feed(text: string): Sent[] {
    const out: Sent[] = [];
    this.rest += text;
    for (let end = this.rest.search(/\r\n|\n|\r(?=.)/s); end >= 0; end = this.rest.search(/\r\n|\n|\r(?=.)/s)) {
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith("\r\n", end) ? 2 : 1));
      const sent = this.line(line);
      if (sent) out.push(sent);
    }
    return out;
  }

  private line(line: string): Sent | undefined {
    if (line === "") {
      const sent =
        this.data.length > 0 ? { event: this.event || "message", data: this.data.join("\n"), id: this.id } : undefined;
      this.event = "";
      this.data = [];
      return sent;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.event = value;
    else if (name === "data") this.data.push(value);
    else if (name === "id") this.id = value;
    return undefined;
  }
}
