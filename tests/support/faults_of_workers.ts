/** Seeds by which a job tells the faulty worker how to fail. */
export const FAULT = { loop: 9_001, memory: 9_002, exit: 9_003 } as const;
