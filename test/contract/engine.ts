import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { ReplicaStart, StartCommand } from '../../src/engine/index.ts';
import { imageRef, serviceName } from '../../src/model/index.ts';
import type { EngineUnderTest } from '../engine/stage.ts';
import { addressOf, eventsUntil, linesOf, openStage } from '../engine/stage.ts';
import { freePort } from '../free-port.ts';
import { askUdp, holdUdp, udpEcho } from '../udp.ts';

const app = (file: string): StartCommand => ({ form: 'exec', argv: ['node', file] });
const shell = (line: string): StartCommand => ({ form: 'shell', line });

/** What every engine promises. `subject` is asked once its `beforeAll` has run. */
export const describeEngine = (name: string, subject: () => EngineUnderTest): void => {
  const stage = () => openStage(subject());

  describe(`${name}: starting and finding again`, () => {
    it('starts a replica that serves at its address with its variables', async () => {
      const { start, said } = await stage();
      const replica = await start({ variables: { PORT: '3000', RELEASE: '7' } });
      await said(replica.id, 'listening');
      const answer = await fetch(addressOf(replica));
      expect(await answer.json()).toMatchObject({ release: '7' });
    });

    it('finds its twin when a start is repeated', async () => {
      const { start, engine, signal } = await stage();
      const first = await start();
      const second = await start();
      expect(second).toEqual(first);
      expect(await engine.observe(undefined, signal)).toHaveLength(1);
    });

    it('does not run the same attempt again after it ended', async () => {
      const { start, exited } = await stage();
      const { id } = await start({ command: shell('exit 5') });
      await exited(id);
      const again = await start({ command: shell('exit 5') });
      expect(again.state).toMatchObject({ kind: 'exited', exit: { code: 5 } });
    });

    it('observes replicas with their identity, all or one service', async () => {
      const { start, engine, signal } = await stage();
      await start({ revision: 3, slot: 1, attempt: 2 });
      await start({ service: serviceName('worker'), command: app('worker.mjs') });
      const all = await engine.observe(undefined, signal);
      expect(all.map(({ service }) => service).toSorted()).toEqual(['web', 'worker']);
      const [web, ...others] = await engine.observe(serviceName('web'), signal);
      expect(others).toEqual([]);
      expect(web).toMatchObject({ service: 'web', revision: 3, slot: 1, attempt: 2, state: { kind: 'running' } });
    });

    it('lets a second engine object take over what the first one started', async () => {
      const { engine, start, reopen, signal } = await stage();
      const started = await start();
      const second = reopen();
      await engine.close();
      expect(await second.observe(undefined, signal)).toEqual([started]);
      await second.remove(started.id, signal);
      await second.dispose({ volumes: true }, signal);
      expect(await second.observe(undefined, signal)).toEqual([]);
    });

    it('keeps two scopes apart', async () => {
      const one = await stage();
      const other = await stage();
      const { id } = await one.start();
      expect(await other.engine.observe(undefined, other.signal)).toEqual([]);
      expect((await one.engine.observe(undefined, one.signal)).map((replica) => replica.id)).toEqual([id]);
    });

    it.each([
      ['a program that is not there', { command: { form: 'exec', argv: ['cd', 'somewhere'] } }, '`cd`'],
      ['an image that is not there', { image: imageRef('snapshot:none') }, 'snapshot:none'],
    ] satisfies [string, Partial<ReplicaStart>, string][])(
      'refuses %s and leaves nothing',
      async (_what, change, words) => {
        const { start, engine, signal } = await stage();
        await expect(start(change)).rejects.toMatchObject({
          code: 'REPLICA_START_FAILED',
          message: expect.stringContaining(words),
          fix: expect.any(String),
        });
        expect(await engine.observe(undefined, signal)).toEqual([]);
      },
    );

    it('takes a shell form line to a shell', async () => {
      const { start, said } = await stage();
      const { id } = await start({
        command: shell('GREETING=hello; echo "$GREETING $NAME"'),
        variables: { NAME: 'you' },
      });
      expect((await said(id, 'hello')).text).toBe('hello you');
    });
  });

  describe(`${name}: ending`, () => {
    it('tells the exit code of a replica that ended gracefully on SIGTERM', async () => {
      const { start, said, engine, exited, signal } = await stage();
      const { id } = await start();
      await said(id, 'listening');
      await engine.signal(id, 'SIGTERM', signal);
      const exit = await exited(id);
      expect(exit).toMatchObject({ code: 0, signal: null, outOfMemory: false });
      expect(Math.abs(exit.at - Date.now())).toBeLessThan(60_000);
      expect((await linesOf(engine.logs(id, { follow: false, tail: 1 }, signal)))[0]?.text).toContain('SIGTERM');
    });

    it('tells the exit code of a crash and keeps its last words', async () => {
      const { start, engine, exited, signal } = await stage();
      const { id } = await start({ command: app('crash-loop.mjs') });
      expect(await exited(id)).toMatchObject({ code: 3, signal: null });
      const lines = await linesOf(engine.logs(id, { follow: false, tail: undefined }, signal));
      expect(lines.map(({ stream }) => stream)).toEqual(['stdout', 'stderr']);
      expect(lines[1]?.text).toContain('left-behind');
    });

    it('ends with SIGKILL what ignores SIGTERM', async () => {
      const { start, said, engine, exited, signal } = await stage();
      const { id } = await start({ command: app('ignores-sigterm.mjs') });
      await said(id, 'listening');
      await engine.signal(id, 'SIGTERM', signal);
      await said(id, 'SIGTERM: ignored');
      await engine.signal(id, 'SIGKILL', signal);
      expect(await exited(id)).toMatchObject({ code: 137, signal: 'SIGKILL' });
    });

    it('ends what a replica left in the background with it', async () => {
      const { start, engine, exited, signal } = await stage();
      const { id } = await start({ command: shell('(while :; do echo alive; sleep 0.05; done) & sleep 0.2; exit 4') });
      expect(await exited(id)).toMatchObject({ code: 4 });
      const log = () => linesOf(engine.logs(id, { follow: true, tail: undefined }, signal));
      expect(await log()).toEqual(await log());
    });

    it('removes what runs, and signals and removes what is gone without complaint', async () => {
      const { start, engine, signal } = await stage();
      const { id } = await start({ command: app('ignores-sigterm.mjs') });
      await engine.remove(id, signal);
      expect(await engine.observe(undefined, signal)).toEqual([]);
      await engine.signal(id, 'SIGTERM', signal);
      await engine.remove(id, signal);
      await expect(linesOf(engine.logs(id, { follow: true, tail: undefined }, signal))).rejects.toThrow('gone');
    });

    it('leaves nothing after dispose', async () => {
      const { start, engine, scope, signal } = await stage();
      const { id } = await start({ volumes: [{ name: 'data', mountPath: '/data' }] });
      await engine.remove(id, signal);
      await engine.dispose({ volumes: true }, signal);
      expect(await subject().leftOvers(scope)).toEqual([]);
    });
  });

  describe(`${name}: logs`, () => {
    it('keeps both streams with times, and the last lines when asked', async () => {
      const { start, engine, exited, signal } = await stage();
      const { id } = await start({ command: shell('echo one; sleep 0.4; echo two >&2; sleep 0.4; printf three') });
      await exited(id);
      const lines = await linesOf(engine.logs(id, { follow: false, tail: undefined }, signal));
      expect(lines.map(({ stream, text }) => [stream, text])).toEqual([
        ['stdout', 'one'],
        ['stderr', 'two'],
        ['stdout', 'three'],
      ]);
      expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted((a, b) => a - b));
      expect(lines.every(({ replica }) => replica === id)).toBe(true);
      const last = await linesOf(engine.logs(id, { follow: false, tail: 2 }, signal));
      expect(last.map(({ text }) => text)).toEqual(['two', 'three']);
    });

    it('goes on from an instant, for whoever has read as far as that', async () => {
      const { start, engine, exited, signal } = await stage();
      const { id } = await start({ command: shell('echo one; sleep 0.4; echo two; sleep 0.4; echo three') });
      await exited(id);
      const since = (await linesOf(engine.logs(id, { follow: false, tail: undefined }, signal)))[1]?.at ?? 0;
      for (const follow of [true, false]) {
        const lines = await linesOf(engine.logs(id, { follow, tail: undefined, since }, signal));
        expect(lines.map(({ text }) => text)).toEqual(['two', 'three']);
      }
    });

    it('follows from the wanted line on and ends with the replica', async () => {
      const { start, engine, said, signal } = await stage();
      const { id } = await start({ command: app('worker.mjs'), variables: { WORK_MS: '100' } });
      await said(id, 'piece 2 started');
      const texts: string[] = [];
      for await (const { text } of engine.logs(id, { follow: true, tail: 1 }, signal)) {
        texts.push(text);
        if (texts.length === 3) await engine.signal(id, 'SIGTERM', signal);
      }
      expect(texts.length).toBeGreaterThan(3);
      expect(texts.join()).not.toContain('piece 1 started');
      expect(texts.join()).toContain('SIGTERM: finishing');
      expect(texts.at(-1)).toMatch(/^piece \d+ done$/);
    });

    it('stops following at the abort', async () => {
      const { start, engine, said } = await stage();
      const { id } = await start();
      await said(id, 'listening');
      const abort = new AbortController();
      const reading = linesOf(engine.logs(id, { follow: true, tail: undefined }, abort.signal));
      abort.abort();
      await reading;
    });

    it('keeps the log of a flooding replica bounded, and its newest lines', async () => {
      const { start, engine, exited, signal } = await stage();
      const flood = `const line = 'x'.repeat(999) + '\\n';
        for (let megabyte = 0; megabyte < 48; megabyte += 1) require('fs').writeSync(1, line.repeat(1000));
        console.log('the end')`;
      const { id } = await start({ command: { form: 'exec', argv: ['node', '-e', flood] } });
      await exited(id);
      const lines = await linesOf(engine.logs(id, { follow: false, tail: undefined }, signal));
      expect(lines.length).toBeLessThan(40_000);
      expect(lines.length).toBeGreaterThan(1_000);
      expect(lines.at(-1)?.text).toBe('the end');
    });
  });

  describe(`${name}: commands`, () => {
    it('runs a command in a replica and tells its code and output', async () => {
      const { start, engine, signal } = await stage();
      const { id } = await start({ variables: { PORT: '3000', NAME: 'inside' } });
      const line = 'echo "$NAME"; echo problem >&2; exit 3';
      const result = await engine.exec(id, ['sh', '-c', line], signal);
      expect(result.exitCode).toBe(3);
      // The two streams are two pipes: which of them an engine reads first is its own affair.
      expect(result.output.split('\n').sort()).toEqual(['', 'inside', 'problem']);
      const missing = await engine.exec(id, ['no-such-program'], signal);
      expect(missing.exitCode).not.toBe(0);
      expect(missing.output).toContain('no-such-program');
    });

    it('keeps only the end of a long output', async () => {
      const { start, engine, signal } = await stage();
      const { id } = await start();
      const { output } = await engine.exec(
        id,
        ['node', '-e', 'console.log("x".repeat(999_999)); console.log("end")'],
        signal,
      );
      expect(output).toHaveLength(64 * 1024);
      expect(output.endsWith('x\nend\n')).toBe(true);
    });

    it('gives up a command at the abort', async () => {
      const { start, engine, said } = await stage();
      const { id } = await start();
      await said(id, 'listening');
      const abort = new AbortController();
      const running = engine.exec(id, ['sleep', '60'], abort.signal);
      abort.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
    });

    it('says that nothing can be run in a replica that has ended', async () => {
      const { start, engine, exited, signal } = await stage();
      const { id } = await start({ command: shell('exit 0') });
      await exited(id);
      await expect(engine.exec(id, ['true'], signal)).rejects.toMatchObject({ code: 'EXEC_FAILED' });
    });

    it('runs once, with the lines as they come and the exit code, and removes it', async () => {
      const { replica, engine, signal } = await stage();
      const texts: string[] = [];
      const run = { ...replica({ command: shell('echo migrating; echo trouble >&2; exit 4') }), timeoutSeconds: 60 };
      const exit = await engine.runOnce(
        run,
        (line) => texts.push(`${line.replica} ${line.stream} ${line.text}`),
        signal,
      );
      expect(exit).toMatchObject({ code: 4, signal: null });
      expect(texts.toSorted()).toEqual([`${run.id} stderr trouble`, `${run.id} stdout migrating`]);
      expect(await engine.observe(undefined, signal)).toEqual([]);
      const good = { ...replica({ command: shell('exit 0') }), timeoutSeconds: 60 };
      expect(await engine.runOnce(good, () => undefined, signal)).toMatchObject({ code: 0 });
    });

    it('kills a run that takes too long or is no longer wanted', async () => {
      const { replica, engine, signal } = await stage();
      const endless = { ...replica({ command: shell('echo begun; sleep 60') }), timeoutSeconds: 0.5 };
      await expect(engine.runOnce(endless, () => undefined, signal)).rejects.toMatchObject({ code: 'EXEC_FAILED' });
      const abort = new AbortController();
      const unwanted = { ...endless, timeoutSeconds: 60 };
      const running = engine.runOnce(unwanted, () => abort.abort(new Error('not wanted')), abort.signal);
      await expect(running).rejects.toThrow('not wanted');
    });
  });

  describe(`${name}: what happens and what it costs`, () => {
    it('tells of starts, ends and removals, after saying that it listens', async () => {
      const { start, engine, scope, signal } = await stage();
      const events = engine.events(signal);
      const collected = eventsUntil(events, (event) => event.kind === 'replica' && event.what === 'removed');
      const listening = engine.events(signal)[Symbol.asyncIterator]();
      await listening.next();
      const { id } = await start({ command: app('worker.mjs') });
      await engine.remove(id, signal);
      const seen = await collected;
      expect(seen[0]).toMatchObject({ kind: 'resync' });
      expect(seen.slice(1)).toEqual(
        ['started', 'exited', 'removed'].map((what) => ({ kind: 'replica', service: 'web', replica: id, what })),
      );
      expect(id).toContain(scope.project);
    });

    it('ends the stream of events at the abort', async () => {
      const { engine } = await stage();
      const abort = new AbortController();
      const listening = engine.events(abort.signal)[Symbol.asyncIterator]();
      await listening.next();
      const next = listening.next();
      abort.abort();
      expect(await next).toMatchObject({ done: true });
    });

    it('measures memory and processor time', async () => {
      const { start, engine, said, signal } = await stage();
      const { id } = await start();
      await said(id, 'listening');
      const stats = await engine.stats(id, signal);
      expect(stats.memoryBytes).toBeGreaterThan(5_000_000);
      expect(stats.cpuSeconds).toBeGreaterThan(0);
    });

    it('keeps what a volume holds over the replica', async (context) => {
      const { start, engine, exited, signal } = await stage();
      context.skip(!engine.capabilities.volumes, 'capability volumes');
      const volumes = [{ name: 'data', mountPath: '/data' }];
      const variables = { DATA_FILE: '/data/value' };
      const writer = await start({ volumes, variables, command: shell('echo kept > "$DATA_FILE"') });
      expect(await exited(writer.id)).toMatchObject({ code: 0 });
      await engine.remove(writer.id, signal);
      const reader = await start({ volumes, variables, attempt: 2, command: shell('cat "$DATA_FILE"') });
      await exited(reader.id);
      const lines = await linesOf(engine.logs(reader.id, { follow: false, tail: undefined }, signal));
      expect(lines.map(({ text }) => text)).toEqual(['kept']);
    });

    it('leads a port of the machine to the replica, and to the next one when that has ended', async () => {
      const { start, said, engine, signal } = await stage();
      const port = await freePort();
      const listen = { host: '127.0.0.1', port };
      const holder = (attempt: number) =>
        start({
          attempt,
          command: { form: 'exec', argv: ['node', '-e', udpEcho] },
          variables: { PORT: '3000', UDP_PORT: String(port), RELEASE: `r${attempt}` },
          hostPorts: [{ listen, port, protocol: 'udp' }],
        });
      const first = await holder(1);
      await said(first.id, 'listening');
      expect(await askUdp(port, 'hello')).toBe('hello r1');
      expect(await (await fetch(addressOf(first))).text()).toBe('r1');
      await engine.remove(first.id, signal);
      const second = await holder(2);
      expect(await askUdp(port, 'again')).toBe('again r2');
      await engine.remove(second.id, signal);
    });

    it('reaches the replica at its own address where a port of the machine leads to the same port of the app', async () => {
      const { start, said, engine, signal } = await stage();
      const listen = { host: '127.0.0.1', port: await freePort() };
      const { id } = await start({ hostPorts: [{ listen, port: 3000, protocol: 'tcp' }] });
      await said(id, 'listening');
      const [observed] = await engine.observe(undefined, signal);
      if (observed === undefined) throw new Error('it is gone');
      const own = engine.capabilities.ports === 'fixed' ? ':3000' : `:${listen.port}`;
      expect(addressOf(observed)).toMatch(new RegExp(`${own}$`));
      for (const url of [addressOf(observed), `http://127.0.0.1:${listen.port}`])
        expect((await fetch(url)).ok).toBe(true);
    });

    it('says so when somebody else holds a port of the machine, and leaves nothing', async () => {
      const { start, engine, signal } = await stage();
      const port = await freePort();
      const letGo = await holdUdp(port);
      const hostPorts = [{ listen: { host: '127.0.0.1', port }, port, protocol: 'udp' as const }];
      await expect(start({ hostPorts })).rejects.toMatchObject({
        code: 'REPLICA_START_FAILED',
        message: expect.stringMatching(new RegExp(`something else on this machine holds port .*${port}`)),
        fix: expect.stringContaining('hostPorts'),
      });
      expect(await engine.observe(undefined, signal)).toEqual([]);
      await letGo();
      expect(await start({ hostPorts })).toMatchObject({ state: { kind: 'running' } });
    });

    it('limits memory', async (context) => {
      const { start, engine, signal } = await stage();
      context.skip(!engine.capabilities.limits.memory, 'capability limits.memory');
      const { id } = await start({ limits: { memoryBytes: 128 * 1024 * 1024 } });
      const asked = await engine.exec(id, ['node', '-p', 'process.constrainedMemory()'], signal);
      expect(asked.output.trim()).toBe(String(128 * 1024 * 1024));
    });

    it('limits the number of processes', async (context) => {
      const { start, engine, signal } = await stage();
      context.skip(!engine.capabilities.limits.pids, 'capability limits.pids');
      const { id } = await start({ command: shell('exec sleep 60'), limits: { pids: 6 } });
      const greedy = 'for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; echo all started';
      expect((await engine.exec(id, ['sh', '-c', greedy], signal)).output).not.toContain('all started');
    });

    it('refuses to work after it was closed', async () => {
      const { reopen, replica, signal } = await stage();
      const engine = reopen();
      const listening = engine.events(signal)[Symbol.asyncIterator]();
      await listening.next();
      const ended = once(signal, 'abort').then(() => 'too late');
      await engine.close();
      await engine.close();
      expect(await Promise.race([listening.next(), ended])).toMatchObject({ done: true });
      await expect(engine.start(replica(), signal)).rejects.toThrow('closed');
    });
  });
};
