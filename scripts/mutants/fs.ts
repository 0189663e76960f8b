import type { Mutant } from './mutant.ts'

const at = (module: string) => `provider-fs/src/${module}.ts`

export const fsMutants: readonly Mutant[] = [
  {
    name: 'ignores the end of a range',
    file: at('reader'),
    find: 'const range = resolveRange(options.range, info.size)',
    replace:
      'const asked = resolveRange(options.range, info.size)\n    const range = { ...asked, length: info.size - asked.offset }',
  },
  {
    name: 'ignores conditions on reads',
    file: at('reader'),
    find: 'const info = fileInfo(location, stats, stored)\n    checkReadConditions(info, options.conditions)\n    const range',
    replace: 'const info = fileInfo(location, stats, stored)\n    const range',
  },
  {
    name: 'ignores conditions on getFile',
    file: at('reader'),
    find: 'checkReadConditions(info, options.conditions)\n    return info',
    replace: 'return info',
  },
  {
    name: 'returns the attributes of another version',
    file: at('reader'),
    find: 'const stored = await workspace.attributes.find(location, stats)',
    replace:
      'const now = await workspace.directories.direct.lstatIfExists(path)\n  const stored = await workspace.attributes.find(location, now ?? stats)',
  },
  {
    name: 'overwrites the existing file in place',
    file: at('files/commit'),
    find: 'await direct.rename(path, to)',
    replace: 'const { copyFile } = await import("node:fs/promises")\n  await copyFile(path, to)',
  },
  {
    name: 'replaces a file that did not exist a moment ago',
    file: at('files/commit'),
    find: 'await direct.link(content.path, directory.at(location.entry))',
    replace: 'await direct.rename(content.path, directory.at(location.entry))',
  },
  {
    name: 'ignores conditions on writes at the commit',
    file: at('files/commit'),
    find: 'checkWriteConditions(present && { etag: etagOf(present) }, conditions)\n    await prepare',
    replace: 'await prepare',
  },
  {
    name: 'frees chunks before they are copied',
    file: at('writer'),
    find: 'const writing = writer.add(chunk)',
    replace: 'freeChunk(chunk)\n      const writing = writer.add(chunk)',
    case: 'D.29',
  },
  {
    name: 'acquires no lock',
    file: at('files/commit'),
    find: '    [lockOf(location)],\n    signal,\n    (lease) => commitLocked',
    replace: '    [],\n    signal,\n    (lease) => commitLocked',
  },
  {
    name: 'loses attributes',
    file: at('files/commit'),
    find: 'if (plain || (await attributes.save(location, stats, stored, lease))) return stats',
    replace: 'return stats',
  },
  {
    name: 'lists unsorted',
    file: at('files/sorted-names'),
    find: 'run.sort() : run.sort(compareNames)',
    replace: 'run.reverse() : run.sort(compareNames).reverse()',
  },
  {
    name: 'lists the last entry of a page twice',
    file: at('lister'),
    find: '} else if (compareNames(name, this.#position.after) > 0) {',
    replace: '} else if (compareNames(name, this.#position.after) >= 0) {',
  },
  {
    name: 'lists a folder again on the next page',
    file: at('lister'),
    find: 'done: compareNames(folderName, this.#position.after) <= 0 }',
    replace: 'done: compareNames(folderName, this.#position.after) < 0 }',
  },
  {
    name: 'returns a cursor after the last page',
    file: at('lister'),
    find: 'if (further.length > 0) return { entries, next: encodeNext(options, after, position.began) }\n  }\n  return { entries }',
    replace:
      'if (further.length > 0) break\n  }\n  return entries.length === 0 ? { entries } : { entries, next: encodeNext(options, after, position.began) }',
  },
  {
    name: 'accepts any text as a cursor',
    file: at('files/list-position'),
    find: 'const position = decodePosition(next, isPosition)',
    replace:
      "let position: Position | undefined\n  try {\n    position = decodePosition(next, isPosition)\n  } catch {\n    return { after: next ?? '', began: Date.now(), continues: false }\n  }",
  },
  {
    name: "compares only the prefix's directory",
    file: at('lister'),
    find: 'if (!relative.startsWith(prefix)) {',
    replace: 'if (false) {',
  },
  {
    name: 'loses attributes on copy',
    file: at('copier'),
    find: 'attributes: attributes ?? stored.attributes,',
    replace: 'attributes: attributes ?? { ...stored.attributes, metadata: {} },',
  },
  {
    name: 'loses checksums on copy',
    file: at('copier'),
    find: 'checksums: stored.checksums,',
    replace: 'checksums: {},',
  },
  {
    name: 'ignores the condition on the source of a copy',
    file: at('copier'),
    find: "if (ifSourceMatch === undefined || ifSourceMatch === '*' || ifSourceMatch === etag) return",
    replace: 'if (etag !== undefined) return',
  },
  {
    name: 'ignores conditions on the target of a move',
    file: at('copier'),
    find: 'checkWriteConditions(replaced && { etag: etagOf(replaced) }, options.conditions)',
    replace: 'void checkWriteConditions',
  },
  {
    name: 'ignores conditions on deletions',
    file: at('remover'),
    find: 'checkWriteConditions({ etag: etagOf(present) }, options.conditions)',
    replace: 'void checkWriteConditions',
  },
  {
    name: 'returns an error for a missing file in a batch',
    file: at('remover'),
    find: "if (isStorageError(error, 'FILE_NOT_FOUND')) return { file }",
    replace: '',
  },
  {
    name: 'loses the last part',
    file: at('uploads'),
    find: 'const size = await checkParts(directory, upload, parts)',
    replace: 'const size = await checkParts(directory, upload, parts.slice(0, Math.max(1, parts.length - 1)))',
  },
  {
    name: 'writes every part at the beginning',
    file: at('uploads'),
    find: 'const position = (partNumber - 1) * upload.partSize',
    replace: 'const position = 0',
  },
  {
    name: 'does not check the tags of parts',
    file: at('uploads/part-data'),
    find: 'if (present.tag !== tag)',
    replace: "if (present.tag === '')",
  },
  {
    name: 'keeps the content of parts after the last one',
    file: at('uploads'),
    find: 'await ftruncate(content.fd, size)',
    replace: 'void size',
  },
  {
    name: 'keeps an upload after it was aborted',
    file: at('uploads/upload-state'),
    find: 'const tree = await discardTree(workspace.directories, [...uploadsPath, upload.container, upload.id])',
    replace:
      "const tree = upload.id === '' ? await discardTree(workspace.directories, [...uploadsPath, upload.container]) : undefined",
  },
  {
    name: 'lists uploads of every name and ignores the prefix',
    file: at('uploads'),
    find: 'if (stored === undefined || !stored.file.startsWith(prefix)) continue',
    replace: 'if (stored === undefined) continue',
  },
  {
    name: 'returns the same ETag for versions of the same second',
    file: at('files/versions'),
    find: '`"${versionOf(stats)}"`',
    replace: '`"${(stats.mtimeNs / 1_000_000_000n).toString(16)}-${stats.size.toString(16)}"`',
  },
  {
    name: 'leaves the temporary file of a failed write',
    file: at('disk/temporary'),
    find: 'await this.#directories.direct.unlink(this.path).catch((error: unknown) => {',
    replace: 'await Promise.resolve().catch((error: unknown) => {',
  },
  {
    name: 'excludes only calls of the same process with its locks',
    file: at('disk/locks'),
    find: "hash('sha256', parts.join('\\0'))",
    replace: "hash('sha256', [process.pid, ...parts].join('\\0'))",
    case: 'J.17',
    inProcesses: true,
  },
  {
    name: 'leaves the temporary file of a large write that failed',
    file: at('disk/temporary'),
    find: 'if (!this.moved) {',
    replace: "if (!this.moved && (await import('node:fs')).statSync(this.path).size < 20_000_000) {",
    case: 'D.30',
  },
  {
    name: 'leaves the temporary file of a large write that was aborted',
    file: at('disk/temporary'),
    find: 'if (!this.moved) {',
    replace: "if (!this.moved && (await import('node:fs')).statSync(this.path).size < 20_000_000) {",
    case: 'D.31',
  },
  {
    name: 'leaves the temporary file of a part that is sent again',
    file: at('uploads'),
    find: 'await using temporary = await',
    replace: 'const temporary = await',
    case: 'G.28',
  },
  {
    name: 'reads a file ahead of its reader without limit',
    file: at('reader'),
    find: 'super({ highWaterMark: 1 })',
    replace: 'super({ highWaterMark: 1_000_000_000 })',
    case: 'E.15',
  },
  {
    name: 'keeps the descriptor of a destroyed download open',
    file: at('reader'),
    find: 'this.#workspace.directories.discard(this.#fd)',
    replace: 'void this.#workspace',
    case: 'E.16',
  },
  {
    name: 'reports a missing root as a permanent error',
    file: at('errors'),
    find: "new StorageError('UNAVAILABLE', 'the root directory does",
    replace: "new StorageError('INTERNAL', 'the root directory does",
    case: 'Q.25',
  },
  {
    name: 'reports a full disk as an internal error',
    file: at('errors'),
    find: "ENOSPC: ['NO_SPACE',",
    replace: "ENOSPC: ['INTERNAL',",
    case: 'Q.26',
  },
]
