import type { NamedService } from '../platform/index.ts';
import type { Effective } from './effective.ts';
import type { FoundSource } from './image-source.ts';
import type { LoadedService } from './model.ts';

/** A service with its layers merged, before references to other services are filled in. */
export interface Draft {
  readonly service: LoadedService;
  readonly effective: Effective;
  readonly found: FoundSource;
  readonly platform: string;
  readonly identity: NamedService;
  readonly port: number;
}
