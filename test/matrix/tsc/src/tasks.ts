export const twice = (n: number): number => n * 2;
export const image = { size: (bytes: Uint8Array): number => bytes.length };
