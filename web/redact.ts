/** Takes out of a value what must not leave the machine. Pure. */

/** Members whose values are never kept. */
const SECRET_NAMES = /key|token|secret|password|passwd|authorization|credential|cookie|seed_phrase|private/i;

/** Longer hexadecimal texts are addresses, digests or keys; only enough stays to tell them apart. */
const HEX = /\b(?:0x)?[0-9a-f]{32,}\b/gi;

/** Credentials and queries of addresses. */
const USERINFO = /(\w+:\/\/)[^\s/@]+@/g;
const QUERY = /(\w+:\/\/[^\s?"']+)\?[^\s"']*/g;

const GONE = "[redacted]";
const DEPTH_MAX = 12;

/**
 * A copy without secrets.
 *
 * @param secrets Texts that are taken out wherever they stand
 */
export function redact(value: unknown, secrets: readonly string[], depth = 0): unknown {
  if (typeof value === "string") return redactText(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return GONE;
  if (Array.isArray(value)) return value.map((member) => redact(member, secrets, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      redactText(name, secrets),
      // Counts and flags under such a name are no secret.
      SECRET_NAMES.test(name) && typeof member === "string" ? GONE : redact(member, secrets, depth + 1),
    ]),
  );
}

function redactText(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) if (secret !== "") safe = safe.replaceAll(secret, GONE);
  return safe.replace(USERINFO, `$1${GONE}@`).replace(QUERY, `$1?${GONE}`)
    .replace(HEX, (hex) => `${hex.slice(0, 6)}…`);
}
