// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals, assertRejects } from "@std/assert";
// @ts-types="#types/std_path.d.ts"
import { join } from "@std/path";
import vector from "../../tests/fixtures/signed_transfer.json" with { type: "json" };
import { loadSigningKey, SigningKeyError } from "./signing_key.ts";

const SEED = Uint8Array.from(atob(vector.seed_base64), (char) => char.charCodeAt(0));
const SEED_HEX = Array.from(SEED, (byte) => byte.toString(16).padStart(2, "0")).join("");
const PKCS8 = btoa(
  String.fromCharCode(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20, ...SEED),
);
const PEM = `-----BEGIN ED25519 PRIVATE KEY-----\n${vector.seed_base64}\n-----END ED25519 PRIVATE KEY-----\n`;

async function inFile(
  text: string | Uint8Array,
  mode: number,
  test: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "a.pem");
  try {
    if (typeof text === "string") await Deno.writeTextFile(path, text);
    else await Deno.writeFile(path, text);
    await Deno.chmod(path, mode);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadSigningKey() reads the node's own file, PKCS #8 and hexadecimal, and finds the address", async () => {
  const spellings = [
    PEM,
    `-----BEGIN PRIVATE KEY-----\n${PKCS8.slice(0, 40)}\n${PKCS8.slice(40)}\n-----END PRIVATE KEY-----`,
    SEED_HEX,
    `  ${SEED_HEX.toUpperCase()}\r\n`,
  ];
  for (const text of spellings) {
    await inFile(text, 0o600, async (path) => {
      const { signer, secrets } = await loadSigningKey(path);
      assertEquals(signer.address, vector.address);
      assertEquals((await signer.sign(new Uint8Array([1, 2, 3]))).length, 64);
      assert(secrets.includes(SEED_HEX) && secrets.includes(vector.seed_base64) && secrets.includes(PKCS8));
    });
  }
});

Deno.test("loadSigningKey() refuses a file that anybody else can reach", async () => {
  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666]) {
    await inFile(PEM, mode, async (path) => {
      const error = await assertRejects(() => loadSigningKey(path), SigningKeyError, "chmod 600");
      assert(!error.message.includes(vector.seed_base64));
    });
  }
  for (const mode of [0o600, 0o400]) await inFile(PEM, mode, async (path) => void await loadSigningKey(path));
});

Deno.test("loadSigningKey() refuses what is no key, and tells nothing of what stands in the file", async () => {
  const wrong = [
    "",
    "secret words",
    SEED_HEX.slice(2),
    `${SEED_HEX}00`,
    PEM.replace("jow+", "jow"),
    PEM.replace("ED25519", "RSA"),
    PEM.replace(vector.seed_base64, "!!!"),
    `-----BEGIN PRIVATE KEY-----\n${PKCS8.replace("MC4C", "MC4D")}\n-----END PRIVATE KEY-----`,
    "a".repeat(5_000),
    new Uint8Array(64).fill(255),
  ];
  for (const text of wrong) {
    await inFile(text, 0o600, async (path) => {
      const error = await assertRejects(() => loadSigningKey(path), SigningKeyError);
      assertEquals(error.message.includes("secret words") || error.message.includes("jow"), false);
      assertEquals(error.cause, undefined);
    });
  }
});

Deno.test("loadSigningKey() says when there is no file, or something else", async () => {
  const folder = await Deno.makeTempDir({});
  try {
    await Deno.chmod(folder, 0o700);
    await assertRejects(() => loadSigningKey(join(folder, "none")), SigningKeyError, "no such file");
    await assertRejects(() => loadSigningKey(folder), SigningKeyError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
