// The first step of every npm script, written for old Nodes too: installs the dependencies if they are missing or
// stale, then runs the given TypeScript file under a Node that is new enough (the npm package `node` brings one).
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const binaries = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.installed-from');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

const isInstalled = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;

const isNewEnough = (version) => {
  const [major, minor] = version.replace('v', '').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 22);
};

const versionOf = (node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';

if (!isInstalled()) {
  process.stderr.write('pointsman: installing dependencies (npm install) …\n');
  // Not `npm ci`: it refuses a lockfile made where a registry lacks other systems' optional packages.
  const npm = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (npm.status !== 0) {
    process.stderr.write('pointsman: npm install failed; its own words are above. Is the npm registry within reach?\n');
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}

const bundled = join(binaries, 'node');
const node = existsSync(bundled) && isNewEnough(versionOf(bundled)) ? bundled : process.execPath;
if (!isNewEnough(versionOf(node))) {
  process.stderr.write(
    `pointsman: Node 22.22 or newer is needed and this is ${process.version}; the npm package "node" brought none for this system.\n`,
  );
  process.exit(3);
}

const child = spawn(
  node,
  process.argv.slice(2).map((argument, index) => (index === 0 ? join(root, argument) : argument)),
  {
    stdio: 'inherit',
    // npm goes to the package's folder first; whoever types `pointsman` means the folder they stand in.
    cwd: process.env.npm_lifecycle_event === 'pointsman' ? process.env.INIT_CWD : undefined,
    env: {
      ...process.env,
      PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}`,
      // Stripped and compiled once: halves the start-up of every process that runs from source.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'node'),
    },
  },
);
// A terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 15)));
