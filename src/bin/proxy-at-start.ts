import type { ProxyLink } from '../traffic/index.ts';

const proxyEndsWithinMs = 5000;

/** A proxy that leads to nobody, be it that its last table is of an earlier life, would be ended by nobody. */
export const startWith = async <Started>(proxy: ProxyLink, start: () => Promise<Started>): Promise<Started> => {
  try {
    return await start();
  } catch (error) {
    if (!leadsSomewhere(proxy)) await endProxy(proxy);
    throw error;
  }
};

const leadsSomewhere = ({ hello }: ProxyLink): boolean =>
  hello.table?.pools.some(({ upstreams }) => upstreams.length > 0) ?? false;

/** One that doesn't answer in time must not hide why the start failed. */
const endProxy = async (proxy: ProxyLink): Promise<void> => {
  try {
    await proxy.shutdown(AbortSignal.timeout(proxyEndsWithinMs));
  } catch {
    killIfThere(proxy.hello.pid);
  }
};

const killIfThere = (pid: number): void => {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // it has ended meanwhile
  }
};
