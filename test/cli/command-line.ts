import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';

const program = resolve('src/bin/pointsman.ts');
const options = {
  reject: false,
  all: true,
  timeout: 170_000,
  env: { CI: 'true', NO_COLOR: '1', USER: 'ann' },
} as const;

/** The real program in a folder of its own, as a user starts it. */
export class CommandLine {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(manifest?: string): Promise<CommandLine> {
    const line = new CommandLine(await mkdtemp(join(tmpdir(), 'pm-cli-')));
    if (manifest !== undefined) await line.write('pointsman.yaml', manifest);
    return line;
  }

  write(name: string, content: string): Promise<void> {
    return writeFile(join(this.folder, name), content);
  }

  /** Ends by itself; a failing exit code is a result too. */
  start(...words: string[]) {
    return execa(process.execPath, [program, ...words], { ...options, cwd: this.folder });
  }

  async run(...words: string[]): Promise<Outcome> {
    const { exitCode, stdout, stderr } = await this.start(...words);
    return { exitCode: exitCode ?? -1, stdout, stderr };
  }

  /** For verbs that have to succeed. */
  async do(...words: string[]): Promise<string> {
    const outcome = await this.run(...words);
    if (outcome.exitCode === 0) return outcome.stdout;
    throw new Error(
      `pointsman ${words.join(' ')} ended with ${outcome.exitCode}:\n${outcome.stdout}\n${outcome.stderr}`,
    );
  }

  async json<Value>(...words: string[]): Promise<Value> {
    return JSON.parse(await this.do(...words, '--json')) as Value;
  }

  /** Every process whose command line names this folder: supervisor, proxy, runner. */
  async processes(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (words.includes(this.folder)) found.push(words.replaceAll('\0', ' '));
    }
    return found;
  }

  async remove(): Promise<void> {
    if (existsSync(join(this.folder, '.pointsman'))) await this.do('down', '--volumes', '--engine', 'process');
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The well-behaved app of `fixtures/hostile`, once per name. */
export const politeProject = (names: readonly string[], more = ''): string => `
apiVersion: pointsman/v1
kind: Project
metadata: { name: polite }
spec: { platform: pointsman }
${names
  .map(
    (name) => `---
apiVersion: pointsman/v1
kind: Service
metadata: { name: ${name} }
spec:
  source: ${resolve('fixtures/hostile')}
  domains: [${name}.polite.localhost]
  variables: { RELEASE: "1" }
  deploy: { startCommand: node polite.mjs, healthcheckPath: /health }
`,
  )
  .join('')}${more}`;

/** Any free port: no test waits for another. */
export const onProcesses = ['--engine', 'process', '--http', '127.0.0.1:0'] as const;

/** Waits until what a program writes matches. */
export const seen = async (stream: NodeJS.ReadableStream, sign: RegExp): Promise<void> => {
  let text = '';
  const read = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  stream.on('data', read);
  while (!sign.test(text)) await once(stream, 'data', { signal: AbortSignal.timeout(60_000) });
  stream.off('data', read);
};
