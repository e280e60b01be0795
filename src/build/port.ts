import type { ImageRef, ImageSource } from '../model/index.ts';

export interface BuildRequest {
  readonly source: ImageSource;
  /** For names and labels of what is made: `<project>-<service>`. */
  readonly label: string;
}

export type BuildProgress =
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'line'; readonly text: string };

export interface BuildResult {
  readonly image: ImageRef;
  /** cached: the content hash was known, the builder was not asked. */
  readonly how: 'built' | 'cached' | 'shared';
  readonly durationMs: number;
}

export interface StoredImage {
  readonly image: ImageRef;
  readonly bytes: number;
}

/**
 * Source → image. Identical requests at the same time are built once. Throws BUILD_FAILED (with the build's own last
 * lines), BUILD_CANCELLED, SOURCE_NOT_FOUND, DOCKERFILE_NOT_FOUND, ENGINE_UNREACHABLE.
 */
export interface Builder {
  /** Content hash of everything that goes in; same hash, same image. */
  inputHash(request: BuildRequest, signal: AbortSignal): Promise<string>;
  build(
    request: BuildRequest,
    onProgress: (progress: BuildProgress) => void,
    signal: AbortSignal,
  ): Promise<BuildResult>;
  has(image: ImageRef, signal: AbortSignal): Promise<boolean>;
  /** The images made for this supervisor, and the disk that each of them alone uses. */
  stored(signal: AbortSignal): Promise<readonly StoredImage[]>;
  /** Removes images made by this builder for this supervisor that are not in `keep`. Returns what it removed. */
  collect(keep: ReadonlySet<ImageRef>, signal: AbortSignal): Promise<readonly ImageRef[]>;
  close(): Promise<void>;
}
