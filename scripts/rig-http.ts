// `npm run rig:http`: the same octets through this proxy, nginx and HAProxy, to an origin that records what reaches it.
// Prints every case in which they differ, as Markdown. The cases are those of test/proxy/corpus.
//   -- --all   also where they agree   --json FILE   everything as JSON
// Ends with 1 when ours lets something through that another one refuses, without a reason in rig-http/compare.ts.
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { holdFolder } from '../bench/proxy/at-exit.ts';
import { contenders } from '../bench/proxy/contenders.ts';
import type { Running } from '../bench/proxy/contenders.ts';
import { RecordingOrigin } from '../test/proxy/corpus/recording-origin.ts';
import * as requests from '../test/proxy/corpus/request-cases.ts';
import { brokenBodies, doubtfulHeads, unusualResponses } from '../test/proxy/corpus/response-cases.ts';
import { host } from '../test/proxy/rig.ts';
import { ask } from './rig-http/ask.ts';
import type { Seen } from './rig-http/ask.ts';
import { describeRequest, describeResponse, reasons, requestStanding, responseStanding } from './rig-http/compare.ts';
import type { Standing } from './rig-http/compare.ts';

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false }, json: { type: 'string' } } });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Result {
  readonly name: string;
  readonly seen: Readonly<Record<string, Seen>>;
  readonly standing: Readonly<Record<string, Standing>>;
}

interface Case {
  readonly name: string;
  readonly sent: string;
  /** undefined: the origin serves what it gets. */
  readonly said?: string;
}

const { unusual, ...refused } = requests;
const last = `GET /last HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
const requestCases: readonly Case[] = [...Object.values(refused), unusual]
  .flatMap((group) => Object.entries(group))
  .map(([name, [bytes]]) => ({ name, sent: bytes + last }));
const responseCases: readonly Case[] = [
  ...Object.entries(doubtfulHeads),
  ...Object.entries(brokenBodies),
  ...Object.entries(unusualResponses).map(([name, [said]]) => [name, said] as const),
].map(([name, said]) => ({ name, sent: last, said }));

const ways = new Map<
  string,
  { readonly running: Running; readonly origin: RecordingOrigin; say: string | undefined }
>();
try {
  for (const name of ['Pointsman', 'nginx', 'HAProxy']) await start(name);
  const all = {
    requests: await compare(requestCases, requestStanding),
    responses: await compare(responseCases, responseStanding),
  };
  report('Requests', all.requests, describeRequest);
  report('Responses', all.responses, describeResponse);
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(all, undefined, 2));
  const isLaxer = ({ name, standing }: Result): boolean =>
    Object.values(standing).includes('laxer') && reasons[name] === undefined;
  process.exitCode = [...all.requests, ...all.responses].some(isLaxer) ? 1 : 0;
} finally {
  for (const { running, origin } of ways.values()) {
    await running.stop();
    origin.close();
  }
}

async function start(name: string): Promise<void> {
  const origin = await RecordingOrigin.start((request, socket) => {
    const said = ways.get(name)?.say;
    const body = request.line.startsWith('HEAD ') ? '' : 'served';
    if (said === undefined) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${body}`);
    else socket.end(said, 'latin1');
  });
  try {
    const running = await contenders[name]?.(await folderOf(name), origin.port);
    if (running !== undefined) ways.set(name, { running, origin, say: undefined });
  } catch (error) {
    origin.close();
    say(`absent: ${name} (${(error as Error).message})`);
  }
}

async function folderOf(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `rig-http-${name}-`));
  holdFolder(folder);
  await chmod(folder, 0o755); // workers of nginx that give up root read and write here
  return folder;
}

/** Case after case, the proxies side by side. */
async function compare(
  cases: readonly Case[],
  standingOf: (ours: Seen, theirs: Seen) => Standing,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const { name, sent, said } of cases) {
    const entries = await Promise.all(
      [...ways].map(async ([proxy, way]) => {
        way.say = said;
        return [proxy, await ask(way.running.port, sent, way.origin)] as const;
      }),
    );
    const seen = Object.fromEntries(entries);
    const [[, ours] = [], ...others] = entries;
    if (ours === undefined) continue;
    const standing = Object.fromEntries(others.map(([proxy, theirs]) => [proxy, standingOf(ours, theirs)]));
    results.push({ name, seen, standing });
  }
  return results;
}

function report(title: string, results: readonly Result[], describe: (seen: Seen) => string): void {
  const others = [...ways.keys()].slice(1);
  say(`\n## ${title}\n`);
  for (const other of others) {
    const counts = new Map<Standing, number>();
    for (const { standing } of results) {
      const kind = standing[other] ?? 'same';
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    say(`Beside ${other}, of ${results.length}: ${[...counts].map(([kind, count]) => `${count} ${kind}`).join(', ')}.`);
  }
  say(`\n| case | ${[...ways.keys()].join(' | ')} | we are |\n|---|${'---|'.repeat(ways.size + 1)}`);
  for (const { name, seen, standing } of results) {
    const kinds = new Set(Object.values(standing));
    if (!values.all && [...kinds].every((kind) => kind === 'same')) continue;
    const cells = [...ways.keys()].map((proxy) => (seen[proxy] === undefined ? '' : shown(describe(seen[proxy]))));
    const words = Object.entries(standing).map(([other, kind]) => `${kind} (${other})`);
    const reason = kinds.has('laxer') ? `: ${reasons[name] ?? 'UNEXPLAINED'}` : '';
    say(`| ${name} | ${cells.join(' | ')} | ${words.join(', ')}${reason} |`);
  }
}

function shown(text: string): string {
  const safe = text.replaceAll('|', '\\|');
  return safe.length > 160 ? `${safe.slice(0, 160)}…` : safe;
}
