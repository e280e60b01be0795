// Loaded into the proxy by NODE_OPTIONS (`tls-sessions.test.ts`): what it does every few hours it also does when it gets a
// SIGWINCH, as if those hours had passed.
const hour = 3_600_000;
const seldom: (() => void)[] = [];
const { setInterval: repeat } = globalThis;

globalThis.setInterval = (callback: () => void, milliseconds?: number) => {
  if ((milliseconds ?? 0) >= hour) seldom.push(callback);
  return repeat(callback, milliseconds);
};

process.on('SIGWINCH', () => {
  for (const callback of seldom) callback();
});
