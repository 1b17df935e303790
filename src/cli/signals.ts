/** Waits for the operator to end the program. A second signal ends it at once. */
const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/** Exit code after a second signal: 128 + SIGINT. */
const IMPATIENT = 130;

/** Begins to listen for signals. */
export function untilSignal(): { readonly received: Promise<string>; ignore(): void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let count = 0;
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      if (++count > 1) Deno.exit(IMPATIENT);
      resolve(signal);
    };
    Deno.addSignalListener(signal, handler);
    return { signal, handler };
  });
  return {
    received: promise,
    ignore: () => {
      for (const { signal, handler } of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}
