import { hash } from 'node:crypto';
import type Docker from 'dockerode';
import type { ImageRef } from '../../model/index.ts';
import { imageRef } from '../../model/index.ts';
import type { StoredImage } from '../port.ts';
import { dockerError, isConflict, isNotFound } from '../docker-connection.ts';

/** On every image that is built: the hash of what it was made from. */
export const inputLabel = 'pointsman.input';

/**
 * The images of one project in one state folder, told from others' by the first part of their names. Another supervisor may
 * use the same image under a name of its own; it disappears with its last name.
 */
export class BuiltImages {
  readonly #docker: Docker;
  readonly #shelf: string;

  constructor(docker: Docker, scope: { readonly project: string; readonly stateFolder: string }) {
    this.#docker = docker;
    this.#shelf = `${shelfPrefix}${hash('sha256', `${scope.project}\0${scope.stateFolder}`).slice(0, 8)}`;
  }

  nameFor(label: string, inputHash: string): string {
    return `${this.#repository(label)}:${tagOf(inputHash)}`;
  }

  /** Whoever built it. By name, for labels are inherited by images built on it. */
  async find(inputHash: string, signal: AbortSignal): Promise<ImageRef | undefined> {
    const found = await this.#list(
      {
        reference: [`${shelfPrefix}*/*:${tagOf(inputHash)}`],
        label: [`${inputLabel}=${inputHash}`],
      },
      signal,
    );
    return found[0] === undefined ? undefined : imageRef(found[0].Id);
  }

  async name(image: ImageRef, label: string, inputHash: string): Promise<void> {
    try {
      await this.#docker.getImage(image).tag({ repo: this.#repository(label), tag: tagOf(inputHash) });
    } catch (error) {
      throw dockerError(`naming the image of ${label}`, error);
    }
  }

  async collect(keep: (image: ImageRef, tag: string) => boolean, signal: AbortSignal): Promise<readonly ImageRef[]> {
    const removed: ImageRef[] = [];
    for (const image of await this.#list({ reference: [`${this.#shelf}/*`], label: [inputLabel] }, signal)) {
      const ref = imageRef(image.Id);
      const names = (image.RepoTags ?? []).filter((name) => name.startsWith(`${this.#shelf}/`));
      if (names.some((name) => keep(ref, name.split(':').at(-1) ?? ''))) continue;
      if (await this.#remove(names)) removed.push(ref);
    }
    return removed;
  }

  /** What an image shares with others is counted with none of them: it would stay. */
  async stored(signal: AbortSignal): Promise<readonly StoredImage[]> {
    const ours = await this.#list({ reference: [`${this.#shelf}/*`], label: [inputLabel] }, signal);
    if (ours.length === 0) return [];
    const shared = await this.#sharedSizes();
    return ours.map(({ Id: id, Size: size }) => ({
      image: imageRef(id),
      bytes: size - Math.max(0, shared.get(id) ?? 0),
    }));
  }

  async #sharedSizes(): Promise<ReadonlyMap<string, number>> {
    try {
      const { Images: images } = (await this.#docker.df()) as { Images?: { Id: string; SharedSize: number }[] };
      return new Map((images ?? []).map(({ Id: id, SharedSize: size }) => [id, size]));
    } catch (error) {
      throw dockerError('measuring images', error);
    }
  }

  #repository(label: string): string {
    return `${this.#shelf}/${asPathComponent(label)}`;
  }

  /** False when a container uses it: it goes next time. */
  async #remove(names: readonly string[]): Promise<boolean> {
    for (const name of names) {
      try {
        await this.#docker.getImage(name).remove();
      } catch (error) {
        if (isConflict(error)) return false;
        if (!isNotFound(error)) throw dockerError(`removing the image ${name}`, error);
      }
    }
    return names.length > 0;
  }

  async #list(filters: Record<string, string[]>, signal: AbortSignal): Promise<readonly Docker.ImageInfo[]> {
    try {
      return await this.#docker.listImages({ filters, abortSignal: signal });
    } catch (error) {
      throw dockerError('listing images', error);
    }
  }
}

const shelfPrefix = 'pointsman-';

/** Short enough for people, long enough never to meet another. */
export const tagOf = (inputHash: string): string => inputHash.slice(0, 24);

const asPathComponent = (label: string): string =>
  label
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'image';
