// The gateway's line: CLIENT "METHOD PATH HTTP/x" STATUS bytes=N first=MS total=MS to=BACKEND/INSTANCE end=XX id=UUID
const shape =
  /^(\S+) "(\S+) (.*?)(?: (HTTP\/[\d.]+))?" (\d{3}|-1|0) bytes=(\d+) first=(-?\d+) total=(-?\d+) to=(\S*?)\/(\S+) end=(\S+)(?: id=(\S+))?$/;

export interface Access {
  client: string;
  method: string;
  path: string;
  status: number;
  bytes: number;
  /** Milliseconds until the last byte. */
  total: number;
  /** "2.0": the change's attempt and the instance; empty where the gateway answered by itself. */
  instance: string;
  id: string;
}

export function readAccess(line: string): Access | null {
  const found = shape.exec(line);
  if (!found) return null;
  const [, client = "", method = "", path = "", , status = "0", bytes = "0", , total = "0", , server = "", , id = ""] = found;
  const instance = server.startsWith("<") ? "" : server.replace(/-\d+$/, "");
  return { client, method, path, status: Number(status), bytes: Number(bytes), total: Number(total), instance, id };
}

const color = (status: number): string => (status >= 500 ? "31" : status >= 400 ? "33" : status >= 300 ? "36" : "32");

const time = (ms: number): string => (ms < 0 ? "-" : ms < 10_000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) (value /= 1000), ++unit;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const columns = (status: string, took: string, sent: string, instance: string, client: string, rest: string): string =>
  `${status.padEnd(6)}  ${took.padStart(8)}  ${sent.padStart(7)}  ${instance.padEnd(9)}  ${client.padEnd(15)}  ${rest}`;

/** What stands above the columns of presentAccess and presentAccessBriefly. */
export const accessHead = columns("Status", "Took", "Sent", "Instance", "Client", "Request");
export const accessBriefHead = `Status ${"Took".padStart(8)}  Request`;

/** A line of the access log in columns, the status coloured; one of another shape as it is. */
export function presentAccess(line: string): string {
  const one = readAccess(line);
  if (!one) return line;
  return colored(one, (status) =>
    columns(status, time(one.total), size(one.bytes), one.instance || "-", one.client, `${one.method} ${one.path}`),
  );
}

/** The same with what matters most, for a narrow screen. */
export function presentAccessBriefly(line: string): string {
  const one = readAccess(line);
  if (!one) return line;
  return colored(one, (status) => `${status.padEnd(6)} ${time(one.total).padStart(8)}  ${one.method} ${one.path}`);
}

function colored(one: Access, row: (status: string) => string): string {
  const status = String(one.status);
  return `\x1b[${color(one.status)}m${status}\x1b[39m${row(status).slice(status.length)}`;
}
