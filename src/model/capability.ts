/** What an engine can't give is said here and read by planner and manifest merge; never a silent no-op. */
export interface Capabilities {
  readonly engine: EngineKind;
  /** dns: `<service>.railway.internal` resolves inside replicas; loopback: private calls go to a port of ours on 127.0.0.1. */
  readonly privateNames: 'dns' | 'loopback';
  /** fixed: the app listens on the port the spec says; assigned: the engine hands out a free port per replica. */
  readonly ports: 'fixed' | 'assigned';
  /** image: builds container images; snapshot: copies the source folder. */
  readonly builds: 'image' | 'snapshot';
  readonly limits: { readonly memory: boolean; readonly cpus: boolean; readonly pids: boolean };
  readonly volumes: boolean;
  /** Replicas see a file system of their own. */
  readonly isolatesFiles: boolean;
}
export type EngineKind = 'docker' | 'process';
