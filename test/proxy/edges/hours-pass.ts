// Loaded into the proxy by NODE_OPTIONS (`tls-sessions.test.ts`): what it would do hours later it also does when it gets a
// SIGWINCH, as if those hours had passed.
const hour = 3_600_000;
const later: (() => void)[] = [];
const { setInterval: repeat, setTimeout: delay } = globalThis;

globalThis.setInterval = (callback: () => void, milliseconds?: number) => {
  if ((milliseconds ?? 0) >= hour) later.push(callback);
  return repeat(callback, milliseconds);
};

globalThis.setTimeout = Object.assign((callback: () => void, milliseconds?: number) => {
  if ((milliseconds ?? 0) >= hour) later.push(callback);
  return delay(callback, milliseconds);
}, delay);

process.on('SIGWINCH', () => {
  for (const callback of later.splice(0)) callback();
});
