/** Signs with a key that nobody else sees. */
export interface Signer {
  /** The public key: 64 lower-case hexadecimal digits, which is also the address of the account. */
  readonly address: string;
  /** @returns Ed25519 signature, 64 bytes */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}
