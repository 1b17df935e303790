/**
 * Lint rule `house/pure`: code that has to give the same result for the same input, on every machine and at any
 * time, sees no clock, no randomness, no input and no output. It gets time and random keys as values.
 */

/** Files of the simulator that hold sockets and timers; all the others are a pure chain. */
export const SIMULATOR_SOCKETS =
  /src\/simulator\/(?:rpc_server|stream_hub|state_stream|ed25519|tcp_front|miner|rate_limit|faults|fault_table)\.ts$/;

/** Rooms that have to be pure; tests and benchmarks in them need not be. */
const PURE = /\/src\/(?:engine|simulator)\//;
const EXEMPT = /_(?:test|bench)\.ts$/;

/** Globals that reach outside. `Date` is judged by how it is used. */
const BANNED: ReadonlySet<string> = new Set([
  "Deno",
  "Worker",
  "WebSocket",
  "XMLHttpRequest",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "localStorage",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

/** Whether a file has to be pure. */
export function isPure(path: string): boolean {
  const unix = path.replaceAll("\\", "/");
  return PURE.test(unix) && !EXEMPT.test(unix) && !SIMULATOR_SOCKETS.test(unix);
}

/** What an identifier reaches that pure code may not have, or null. */
function reachOf(node: Deno.lint.Identifier): string | null {
  const { name, parent } = node;
  if (isOnlyAName(node)) return null;
  if (BANNED.has(name)) return name;
  if (name === "Date") {
    if (parent.type === "NewExpression" && parent.callee === node && parent.arguments.length > 0) return null;
    if (isMember(parent, node) && propertyOf(parent) === "UTC") return null;
    return isMember(parent, node) ? `Date.${propertyOf(parent) ?? "[…]"}` : "Date";
  }
  if (name === "Math" && isMember(parent, node)) {
    const property = propertyOf(parent);
    return property === "random" || property === null ? "Math.random" : null;
  }
  if (name === "Math") return "Math as a value";
  return null;
}

/** Whether an identifier names a property, a type or something declared here, and so reaches nothing. */
function isOnlyAName(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && !parent.computed;
    case "Property":
      return parent.key === node && !parent.computed;
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.key === node && !parent.computed;
    case "ImportSpecifier":
    case "ExportSpecifier":
      return true;
    default:
      return parent.type.startsWith("TS") && parent.type !== "TSAsExpression" &&
        parent.type !== "TSNonNullExpression" && parent.type !== "TSSatisfiesExpression";
  }
}

function isMember(parent: Deno.lint.Node, node: Deno.lint.Identifier): parent is Deno.lint.MemberExpression {
  return parent.type === "MemberExpression" && parent.object === node;
}

function propertyOf(member: Deno.lint.MemberExpression): string | null {
  const { property, computed } = member;
  if (!computed && property.type === "Identifier") return property.name;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : null;
}

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    pure: {
      create(context) {
        if (!isPure(context.filename)) return {};
        return {
          Identifier(node) {
            const reach = reachOf(node);
            if (reach === null) return;
            context.report({
              node,
              message: `${reach} does not belong into pure code`,
              hint: "take the value as a parameter, or move this behind a port of src/runtime",
            });
          },
        };
      },
    },
  },
};

export default plugin;
