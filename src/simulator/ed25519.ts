import { createPublicKey, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Verifier } from "./submissions.ts";

/** Verifies with the platform's own Ed25519. */
export const verifyEd25519: Verifier = (address, message, signature) => {
  const x = Buffer.from(address, "hex").toString("base64url");
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
  return verify(null, message, key, signature);
};
