/**
 * `.env` text as docs/env-files.md says, read as `sluice env set --from-file` reads it: both are held against
 * src/cli/dotenv_cases.json. All that is wrong is told, each with its line.
 */
export interface Entry {
  name: string;
  value: string;
  line: number;
}
export interface Wrong {
  line: number;
  message: string;
}

const blank = /[ \t]/;
const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$" };

export function parseDotenv(source: string): { entries: Entry[]; errors: Wrong[] } {
  const text = source.replace(/\r\n/g, "\n").replace(/^\uFEFF/, "");
  const entries: Entry[] = [];
  const errors: Wrong[] = [];
  const seen = new Map<string, number>();
  let at = 0;
  let line = 1;
  const skipLine = () => {
    const end = text.indexOf("\n", at);
    at = end < 0 ? text.length : end + 1;
    line++;
  };
  const skipBlanks = () => {
    while (blank.test(text.charAt(at))) at++;
  };

  while (at < text.length) {
    skipBlanks();
    if (at >= text.length) break;
    if (text[at] === "\n" || text[at] === "#") {
      skipLine();
      continue;
    }
    const begun = line;
    if (/^export[ \t]/.test(text.slice(at, at + 7))) {
      at += 6;
      skipBlanks();
    }
    const name = /^[A-Za-z_]\w*/.exec(text.slice(at, at + 300))?.[0] ?? "";
    at += name.length;
    skipBlanks();
    if (!name || text[at] !== "=") {
      errors.push({ line: begun, message: "is not NAME=VALUE" });
      skipLine();
      continue;
    }
    const equals = at++;
    skipBlanks();

    let value = "";
    const quote = text[at];
    if (quote === '"' || quote === "'") {
      at++;
      let closed = false;
      while (at < text.length) {
        const c = text.charAt(at++);
        if (c === quote) {
          closed = true;
          break;
        }
        if (c === "\n") line++;
        if (quote === '"' && c === "\\" && at < text.length) {
          const next = text.charAt(at++);
          if (next === "\n") line++;
          value += escapes[next] ?? c + next;
        } else {
          value += c;
        }
      }
      if (!closed) {
        errors.push({ line: begun, message: "opens a quote that is not closed" });
        break;
      }
      skipBlanks();
      if (at < text.length && text[at] !== "\n" && text[at] !== "#") {
        errors.push({ line: begun, message: "has something after its closing quote" });
        skipLine();
        continue;
      }
      skipLine();
    } else {
      const end = text.indexOf("\n", at);
      const raw = text.slice(equals + 1, end < 0 ? undefined : end);
      value = raw.replace(/[ \t]#[^]*$/, "").replace(/^[ \t]+|[ \t\r]+$/g, "");
      skipLine();
    }

    const first = seen.get(name);
    if (first !== undefined) {
      errors.push({ line: begun, message: `says ${name} again, which stands in line ${first} already` });
      continue;
    }
    seen.set(name, begun);
    entries.push({ name, value, line: begun });
  }
  return { entries, errors };
}

/** A value as `.env` text: bare where nothing in it needs quotes, else in double quotes with \\ \" \$ \r escaped. */
export const printValue = (value: string): string =>
  /^[\w./:@%+,=?&~^-]*$/.test(value) ? value : `"${value.replace(/[\\"$]/g, "\\$&").replace(/\r/g, "\\r")}"`;

/** `.env` text of these, in their order; those without a value (secrets) as comments that change nothing. */
export const printDotenv = (variables: { name: string; value?: string }[]): string =>
  variables
    .map(({ name, value }) => (value === undefined ? `# ${name} is kept as it is\n` : `${name}=${printValue(value)}\n`))
    .join("");
