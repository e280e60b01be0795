/** Buffers for copies, used again once written: new ones for every read would leave their memory to a late collection. */
const spareBytes = 65_536;
const mostSpare = 32;
const spare: Buffer[] = [];

export const takeSpare = (bytes: number): Buffer =>
  bytes > spareBytes ? Buffer.allocUnsafeSlow(bytes) : (spare.pop() ?? Buffer.allocUnsafeSlow(spareBytes));

export const giveBackSpare = (buffer: Buffer): void => {
  if (buffer.length === spareBytes && spare.length < mostSpare) spare.push(buffer);
};
