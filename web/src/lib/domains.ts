import type { Schemas } from "@/api/client";
import type { Look } from "./states";

type Certificate = Schemas["Certificate"];

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const kMost = 20;

/** Why this cannot be another of a stage's own domains, or undefined when it can; as the server checks it. */
export function domainProblem(name: string, taken: string[]): string | undefined {
  if (name === "") return "Give its name.";
  if (name.includes("://") || name.includes("/")) return "The name alone: no “https://” before it, no path behind it.";
  if (name.includes(":")) return "Without a port.";
  if (/[A-Z]/.test(name)) return "Only lower-case letters.";
  if (/[^\x20-\x7e]/.test(name)) return "A name with other letters is written as “xn--…” here.";
  if (name.startsWith("*.")) return "Every name by itself; “*” stands for none.";
  const parts = name.split(".");
  if (parts.length < 2 || name.length > 253 || !parts.every((part) => label.test(part))) return "A name like shop.example.org.";
  if (name.endsWith(".localhost")) return "Stages have addresses below localhost by themselves.";
  if (taken.includes(name)) return "It is there already.";
  return taken.length >= kMost ? `A stage has at most ${kMost}.` : undefined;
}

export interface Standing {
  word: string;
  color: Look["color"];
  /** What comes next, or what went wrong; a time is said by who shows it. */
  note?: { text: string; at?: string };
}

const kSoon = 14 * 86_400_000; // ms

/** How a domain's certificate stands, in a word and a sentence. */
export function standing(certificate: Certificate, now: number): Standing {
  const { ends_at, obtaining, error, next_try_at } = certificate;
  const note = obtaining
    ? { text: "Another one is being got." }
    : error
      ? { text: `${error.charAt(0).toUpperCase()}${error.slice(1)}.`, at: next_try_at }
      : next_try_at && ends_at
        ? { text: "Renewed by itself", at: next_try_at }
        : undefined;
  if (!ends_at) {
    if (obtaining) return { word: "Being got", color: "blue" };
    if (error) return { word: "Failed", color: "red", note };
    return { word: "No certificate", color: "gray", note };
  }
  const left = Date.parse(ends_at) - now;
  if (left <= 0) return { word: "Ended", color: "red", note };
  return { word: error ? "Not renewed" : "Secure", color: error || (left < kSoon && !obtaining) ? "yellow" : "green", note };
}

/** What is wrong with the two texts, before the server looks at them. */
export function pemProblem({ certificate, key }: { certificate: string; key: string }): { certificate?: string; key?: string } {
  const out: { certificate?: string; key?: string } = {};
  if (certificate.trim() === "") out.certificate = "Paste it here, or choose its file.";
  else if (!certificate.includes("-----BEGIN CERTIFICATE-----")) out.certificate = "It begins with -----BEGIN CERTIFICATE-----.";
  if (key.trim() === "") out.key = "Paste it here, or choose its file.";
  else if (key.includes("ENCRYPTED")) out.key = "It has a password; give it without one.";
  else if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) out.key = "It begins with -----BEGIN PRIVATE KEY-----.";
  return out;
}
