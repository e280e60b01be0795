import { describe, expect, it, onTestFinished } from 'vitest';
import { createDockerEngine, detectDocker } from '../../../src/engine/docker/index.ts';
import { imageRef } from '../../../src/model/index.ts';
import { openStage } from '../stage.ts';
import { cuttableSocket } from './cuttable-socket.ts';

const owner = 'connection-test';

/** An engine whose way to Docker can be cut. */
const cuttableStage = async () => {
  const socket = await cuttableSocket();
  onTestFinished(() => socket.cut());
  const stage = await openStage({
    image: imageRef('local/busybox:1'),
    open: (scope) => createDockerEngine({ scope, owner, docker: { socketPath: socket.path } }),
    leftOvers: async () => [],
  });
  // Runs before the stage's own cleaning up, which needs Docker.
  onTestFinished(() => socket.mend());
  return { ...stage, socket };
};

describe('docker engine: its connection', () => {
  it('subscribes to events again after the connection was lost, and says what happened', async () => {
    const { socket, engine, start, signal } = await cuttableStage();
    const events = engine.events(signal)[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ kind: 'resync' });
    await socket.cut();
    expect((await events.next()).value).toMatchObject({ kind: 'unreachable' });
    await socket.mend();
    expect((await events.next()).value).toMatchObject({ kind: 'resync', reason: 'Docker answers again' });
    await start({ command: { form: 'exec', argv: ['sleep', '60'] } });
    expect((await events.next()).value).toMatchObject({ kind: 'replica', what: 'started' });
  });

  it('reports an engine that does not answer, with what to do', async () => {
    const { socket, engine, signal } = await cuttableStage();
    await socket.cut();
    const expected = {
      code: 'ENGINE_UNREACHABLE',
      exitCode: 3,
      fix: expect.stringMatching(/Start Docker|docker version/),
    };
    await expect(engine.observe(undefined, signal)).rejects.toMatchObject(expected);
    await socket.mend();
    expect(await engine.observe(undefined, signal)).toEqual([]);
  });

  it('ends a followed log with an error when the connection is lost', async () => {
    const { socket, engine, start, signal } = await cuttableStage();
    const { id } = await start({ command: { form: 'shell', line: 'echo begun; exec sleep 60' } });
    const following = (async () => {
      for await (const { text } of engine.logs(id, { follow: true, tail: undefined }, signal)) {
        if (text === 'begun') await socket.cut();
      }
    })();
    await expect(following).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    await socket.mend();
  });

  it('tells whether Docker answers, and why not', async () => {
    expect(await detectDocker()).toEqual({ answers: true, version: expect.stringMatching(/^\d+\./) });
    const socket = await cuttableSocket();
    await socket.cut();
    expect(await detectDocker({ socketPath: socket.path })).toEqual({
      answers: false,
      reason: expect.stringContaining('ENOENT'),
    });
  });
});
