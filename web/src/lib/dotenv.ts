/**
 * `.env` text, read as `sluice env set --from-file` reads it:
 * - lines of NAME=VALUE; blank lines and # comments are skipped; a leading "export " is dropped
 * - in "double quotes" \n \t \" \\ \$ are read, 'single quotes' are taken as they are; both may run over several lines
 * - without quotes the value ends at " #" and loses the blanks around it
 * - nothing is expanded; CRLF ends a line as LF does
 * A name that stands twice is an error here: in an edit it is a slip.
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
const escapes: Record<string, string> = { n: "\n", t: "\t", '"': '"', "\\": "\\", $: "$" };

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
      at += 7;
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
    at++;
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
      const raw = text.slice(at, end < 0 ? undefined : end);
      value = raw.replace(/(^|[ \t])#[^]*$/, "").trimEnd();
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

/** A value as `.env` text: bare where nothing in it needs quotes, else in double quotes with \\ \" \$ escaped. */
export const printValue = (value: string): string =>
  /^[\w./:@%+,=?&~^-]*$/.test(value) ? value : `"${value.replace(/[\\"$]/g, "\\$&")}"`;

/** Can the text hold it as it is? A carriage return would not come back out of a text field. */
export const printable = (value: string): boolean => !value.includes("\r");

/** `.env` text of these, in their order; those without a value (secrets) as comments that change nothing. */
export const printDotenv = (variables: { name: string; value?: string }[]): string =>
  variables
    .map(({ name, value }) => (value === undefined ? `# ${name} is kept as it is\n` : `${name}=${printValue(value)}\n`))
    .join("");
