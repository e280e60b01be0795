import { createProcessEngine } from '../../../src/engine/process/index.ts';
import type { ReplicaStart, Scope } from '../../../src/engine/index.ts';

/** Starts one replica, says so, and waits to be killed. */
const [, , stateFolder, order] = process.argv;
if (stateFolder === undefined || order === undefined) throw new Error('usage: doomed-supervisor STATE ORDER');
const { scope, replica }: { readonly scope: Scope; readonly replica: ReplicaStart } = JSON.parse(order);
const engine = createProcessEngine({ scope, stateFolder });
const signal = AbortSignal.timeout(60_000);
await engine.start(replica, signal);
process.stdout.write('started\n');
for await (const event of engine.events(signal)) void event;
