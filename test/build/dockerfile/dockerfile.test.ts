import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { baseImages, readDockerfile, withoutSyntaxLine } from '../../../src/build/dockerfile/dockerfile.ts';
import { makeFolder, removeFolder } from '../source-folder.ts';

const names = (text: string, args: Record<string, string> = {}): string[] =>
  baseImages(text, args).map((base) => base.name);

describe('the base images of a Dockerfile', () => {
  it('are what FROM names, stages and scratch left out', () => {
    const text =
      'FROM node:24 AS build\nRUN x\nfrom --platform=$BUILDPLATFORM python:3.11 as run\nFROM BUILD\nFROM scratch\n';
    expect(names(text)).toEqual(['node:24', 'python:3.11']);
  });

  it('have the arguments put in: given before default, and defaults of the name itself', () => {
    const text =
      'ARG VERSION=24\nARG IMAGE=node:${VERSION}\nARG KIND="-slim"\nFROM $IMAGE$KIND\nFROM ${OTHER:-debian}:12\n';
    expect(names(text)).toEqual(['node:24-slim', 'debian:12']);
    expect(names(text, { VERSION: '22', OTHER: 'ubuntu' })).toEqual(['node:22-slim', 'debian:12']);
    expect(names('ARG DEBUG\nFROM node:24${DEBUG:+-debug}', { DEBUG: '1' })).toEqual(['node:24-debug']);
  });

  it('include images that COPY and RUN --mount take files from', () => {
    const text =
      'FROM a:1 AS one\nCOPY --from=one /x /x\nCOPY --from=0 /x /x\nCOPY --from=b:2 /x /x\nRUN --mount=type=bind,from=c:3,target=/m ls\n';
    expect(names(text)).toEqual(['a:1', 'b:2', 'c:3']);
  });

  it('are not looked for in comments, continued lines or here-documents', () => {
    const text = '# FROM a\nRUN x \\\n  # FROM b\n  FROM c\nRUN <<EOF\nFROM d\nEOF\nFROM e:1\n';
    expect(names(text)).toEqual(['e:1']);
  });

  it('follow the escape sign that the file chose', () => {
    expect(names('# escape=`\nFROM `\n  windows:1\n')).toEqual(['windows:1']);
  });

  it('come with their line and arguments', () => {
    expect(baseImages('ARG BASE=x:1\n\nFROM ${BASE}\n', {})).toEqual([{ name: 'x:1', line: 3, args: ['BASE'] }]);
  });
});

describe('the Dockerfile that is sent', () => {
  it('has no syntax line, and the same line numbers', () => {
    expect(withoutSyntaxLine('# syntax=docker/dockerfile:1\nFROM a\n')).toBe('#\nFROM a\n');
    expect(withoutSyntaxLine('#syntax = x\n# escape=`\nFROM a\n')).toBe('# escape=`\n#\nFROM a\n');
  });

  it('keeps what only looks like one', () => {
    const text = 'FROM a\n# syntax=docker/dockerfile:1\n';
    expect(withoutSyntaxLine(text)).toBe(text);
  });
});

describe('a Dockerfile that is not there', () => {
  const folders: string[] = [];
  afterEach(() => Promise.all(folders.splice(0).map(removeFolder)));

  it('is a coded error that names what may have been meant', async () => {
    const root = await makeFolder({
      dockerfile: '',
      'Dockerfile.prod': '',
      'Dockerfile.dockerignore': '',
      'a.txt': '',
    });
    folders.push(root);
    await expect(readDockerfile(join(root, 'Dockerfile'), 'shop-web')).rejects.toMatchObject({
      code: 'DOCKERFILE_NOT_FOUND',
      message: `shop-web is built by ${join(root, 'Dockerfile')}, which does not exist`,
      fix: expect.stringMatching(/Dockerfile\.prod or .*\/dockerfile\?|dockerfile or .*Dockerfile\.prod\?/),
    });
  });
});
